"""A trained network in Python: `ablate.load("best.ckpt").predict(x)`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from PIL import Image, ImageOps
from torch import Tensor

from ablate.command.predict.glimpses import look, transcribe
from ablate.command.predict.texts import generate, tokenise, translate
from ablate.command.predict.trees import tree_batch
from ablate.data.batch import SequenceBatch
from ablate.data.picture.captions import resized
from ablate.data.picture.file import read_picture
from ablate.data.single import caption_batch, question_batch, sequence_batch
from ablate.errors import BadInput
from ablate.model.segmenter.windows import Windows
from ablate.run.checkpoint import read_checkpoint
from ablate.run.load import load_task, to_device
from ablate.schema.options import height_width
from ablate.task.base import Task
from ablate.task.captioning import Captioning
from ablate.task.glimpse_classification import GlimpseClassification
from ablate.task.glimpse_sequence import GlimpseSequence
from ablate.task.question_answering import QuestionAnswering
from ablate.task.recurrent import SequenceTagging
from ablate.task.segmentation import Segmentation
from ablate.task.sequence import SequenceClassification, SequenceRegression
from ablate.task.text_generation import Translation
from ablate.task.tree_classification import TreeClassification

FAR = 1.5  # a picture is resized where its size differs from that of the training by more than this factor


class Segmented(NamedTuple):
    """The classes of a picture's pixels."""

    label: np.ndarray  # (h, w): numbers of classes
    probability: np.ndarray  # (classes, h, w)
    class_names: Sequence[str]
    resized: tuple[int, int] | None  # the size at which the network saw the picture, where that is not its own


class Classified(NamedTuple):
    """The class of a text, or the answer to a question."""

    label: str
    probability: float
    probabilities: dict[str, float]  # of every class, the likeliest first


class Tagged(NamedTuple):
    """The class of each token of a text."""

    tokens: list[str]
    labels: list[str]
    probability: list[float]


class Predictor:
    """A network from a checkpoint.

    Attributes:
        task: the Lightning module, in evaluation mode.
    """

    def __init__(self, task: Task) -> None:
        self.task = task

    @torch.inference_mode()
    def predict(self, given: Any, question: str | None = None, resize: bool | None = None, windows: Windows | None = None) -> Any:
        """What the network says of `given`; of a list, a list.

        A picture is a numpy array, (h, w) or (h, w, 3), of uint8 or of floats in [0, 1], a Pillow picture, or the path of a file.

        Args:
            given: pictures for Segmentation, Captioning, GlimpseClassification and GlimpseSequence; texts for Translation,
                SequenceClassification, SequenceRegression and SequenceTagging, or (t, d) arrays where those read numbers; a
                picture or a story for QuestionAnswering; for TreeClassification see `tree_of`.
            question: of QuestionAnswering.
            resize: a segmenter sees the picture at the size that it was trained at, and its scores are enlarged or reduced again;
                None: where the sizes differ by a factor of more than FAR.
            windows: a segmenter's scores are put together from windows of the picture; None: it sees the whole picture alone.

        Returns:
            Segmented, GeneratedText, Classified, Tagged, Transcribed, or a number.

        Raises:
            BadInput: something else was given.
        """
        if isinstance(given, list | tuple):
            return [self.predict(each, question, resize, windows) for each in given]
        match task := self.task:
            case Segmentation():
                return segment(task, as_picture(given), resize, windows)
            case Captioning():
                return generate(task, caption_batch(self.pixels(given)))
            case Translation():
                return translate(task, _text(given), "")[1]
            case SequenceClassification():
                return self._classified(task.model(*task.inputs(self._sequence(given)))[0])
            case SequenceRegression():
                return float(task.model(*task.inputs(self._sequence(given)))[0, 0])
            case SequenceTagging():
                return self._tagged(given)
            case GlimpseSequence():
                return transcribe(task, look(task, as_picture(given))[1].logits[0])
            case GlimpseClassification():
                return self._classified(look(task, as_picture(given))[1].logits[0, -1])
            case TreeClassification():
                batch = self._moved(tree_batch(task, _text(given)))
                return self._classified(task.model(batch)[batch.root[0]])
            case QuestionAnswering():
                return self._answered(given, question)
        raise BadInput(
            f"nothing is predicted of an input by a {type(task).__name__}: scripts/evaluate.py tests it, generate.py samples"
        )

    def pixels(self, given: Any) -> Tensor:
        """(1, 3, h, w): a picture at the size of those that the network was trained on, in [0, 1]."""
        return resized(as_picture(given), height_width(self.task.trained_on("image_size")))[None].float() / 255

    def _sequence(self, given: Any) -> SequenceBatch:
        if (tokeniser := self.task.tokenisers.get("source")) is None:
            if not isinstance(given, np.ndarray) or given.ndim != 2:
                raise BadInput(f"the network reads numbers: give it an array (steps, numbers), not {_kind(given)}")
            return self._moved(sequence_batch(torch.as_tensor(given, dtype=torch.float32)))
        longest = self.task.trained_on("dataset").get("max_length")
        return self._moved(sequence_batch(tokenise(tokeniser, _text(given), "", longest).numbers))

    def _classified(self, logits: Tensor) -> Classified:
        names = self.task.trained_on("class_names")
        if len(names) != len(logits):
            raise BadInput(f"the checkpoint names {len(names)} classes, its network has {len(logits)}")
        best = logits.float().softmax(0).sort(descending=True)
        found = {names[i]: p for p, i in zip(best.values.tolist(), best.indices.tolist(), strict=True)}
        return Classified(next(iter(found)), next(iter(found.values())), found)

    def _tagged(self, given: Any) -> Tagged:
        batch = self._sequence(given)
        best = self.task.model(*self.task.inputs(batch))[0][0].float().softmax(-1).max(-1)
        names, tokeniser = self.task.trained_on("class_names"), self.task.tokenisers["source"]
        tokens = tokeniser.split(given)[: len(best.indices)]
        return Tagged(tokens, [names[i] for i in best.indices.tolist()], best.values.tolist())

    def _answered(self, given: Any, question: str | None) -> Classified:
        if question is None:
            raise BadInput('question=TEXT is missing: the network answers questions, such as question="is there a red ring ?"')
        tokeniser = self.task.tokenisers["source"]
        asked = tokenise(tokeniser, question, "question=").numbers
        if self.task.model.reads_stories:
            longest = self.task.trained_on("dataset").get("max_length")
            batch = question_batch(asked, story=tokenise(tokeniser, _text(given), "input=", longest, last=True).numbers)
        else:
            batch = question_batch(asked, self.pixels(given))
        return self._classified(self.task.model(*self.task.inputs(self._moved(batch))).logits[0])

    def _moved(self, batch: Any) -> Any:
        return self.task.transfer_batch_to_device(batch, self.task.device, 0)


def load(
    path: str | Path, device: str | None = "cpu", trust: Sequence[str] = (), search: dict[str, Any] | None = None
) -> Predictor:
    """The network of a checkpoint.

    Args:
        trust: packages of yours from which the checkpoint may name parts of its network; their code runs.
        search: how texts are searched for, as a node of conf/model/search; None: as in the checkpoint's run.

    Raises:
        BadInput: no such file, no checkpoint of this project, or a device that is not there.
    """
    return Predictor(to_device(load_task(read_checkpoint(path), str(path), search, trust), device))


def segment(task: Segmentation, picture: Image.Image, resize: bool | None = None, windows: Windows | None = None) -> Segmented:
    """Classes of the pixels of one picture; see `Predictor.predict`."""
    pixels, seen = seen_pixels(task, picture, resize)
    logits = (task.model(pixels) if windows is None else windows(task.logits, pixels)).float()
    if seen is not None:
        logits = F.interpolate(logits, (picture.height, picture.width), mode="bilinear", antialias=True)
    probability = logits[0].softmax(0).cpu()
    return Segmented(probability.argmax(0).numpy(), probability.numpy(), task.trained_on("class_names"), seen)


def seen_pixels(
    task: Segmentation, picture: Image.Image, resize: bool | None = None
) -> tuple[Float[Tensor, "1 3 h w"], tuple[int, int] | None]:
    """A picture as a segmenter sees it, in [0, 1], and the size of that where it is not the picture's own."""
    own, seen = (picture.height, picture.width), None
    trained = task.trained_on("image_size") if resize else task.config["data"].get("image_size")
    if resize is not False and trained is not None:
        size = height_width(trained)
        factors = [max(a / b, b / a) for a, b in zip(own, size, strict=True)]
        seen = size if own != size and (resize or max(factors) > FAR) else None
    pixels = torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None] if seen is None else resized(picture, seen)[None]
    return pixels.to(task.device).float() / 255, seen


def as_picture(given: Any) -> Image.Image:
    """A picture as RGB, upright."""
    if isinstance(given, str | Path):
        return read_picture(Path(given)).convert("RGB")
    if isinstance(given, Image.Image):
        return ImageOps.exif_transpose(given).convert("RGB")
    if not isinstance(given, np.ndarray):
        raise BadInput(f"a picture is an array, a Pillow picture or the path of a file, not {_kind(given)}")
    if given.ndim not in (2, 3) or given.ndim == 3 and given.shape[2] not in (1, 3) or 0 in given.shape:
        raise BadInput(f"an array of shape {given.shape} is no picture: (h, w) or (h, w, 3)")
    if np.issubdtype(given.dtype, np.floating):
        if not (given.min() >= 0 and given.max() <= 1):
            raise BadInput(f"floats of a picture lie in [0, 1], these in [{given.min():g}, {given.max():g}]: divide by 255?")
        given = (given * 255).round().astype(np.uint8)
    if given.dtype != np.uint8:
        raise BadInput(f"a picture has uint8, or floats in [0, 1], not {given.dtype}")
    return Image.fromarray(given[..., 0] if given.ndim == 3 and given.shape[2] == 1 else given).convert("RGB")


def _text(given: Any) -> str:
    if not isinstance(given, str):
        raise BadInput(f"the network reads text, not {_kind(given)}")
    return given


def _kind(given: Any) -> str:
    return f"an array of shape {given.shape}" if isinstance(given, np.ndarray) else f"a {type(given).__name__}"
