"""Pictures with captions, from any reader."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Int, UInt8
from PIL import Image
from torch import Tensor

from ablate.data.batch import CaptionBatch
from ablate.data.dataset import CaptionDataset
from ablate.data.picture.size import height_width
from ablate.data.split import SPLITS
from ablate.data.text.teacher_forcing import shifted
from ablate.data.text.tokeniser import Tokeniser
from ablate.data.text.vocabulary import UNKNOWN
from ablate.errors import BadInput, check_choice, check_positive


class Captioned(NamedTuple):
    """What a reader gives for each picture."""

    name: str  # for messages
    load: Callable[[], Image.Image]
    captions: Sequence[str]


class CaptionSample(NamedTuple):
    """A picture with one of its captions."""

    image: UInt8[Tensor, "3 h w"]
    tokens: Int[Tensor, " t"]
    index: int


class StoredCaptionBatch(NamedTuple):
    """A batch on its way to the device: three bytes a pixel."""

    image: UInt8[Tensor, "b 3 h w"]
    input: Int[Tensor, "b t"]
    target: Int[Tensor, "b t"]
    index: Int[Tensor, " b"]


class PictureCaptions(CaptionDataset):
    """Pictures, resized whatever their proportions, bilinearly with antialiasing.

    In training every caption is a sample of its own, one picture's after another's; else every picture is one, with its first
    caption, and `references` gives all of them, whole. `index` is the picture's.

    Args:
        read: split -> pictures in a fixed order; the one thing that a new data set has to bring.
        image_size: one number for a square, or height and width.
        unit: words, between white space, or characters.
        lower: capitals become small letters.
        punctuation: keep words without any letter or digit; without them, references have none either.
        max_length: tokens that are kept of a caption; null: all.
        min_count: a token that the training split has more rarely is unknown.
        max_vocabulary: at most so many tokens, with the four special ones; null: all.
        keep: pictures stay in memory once they are read and resized, three bytes a pixel.
        tokenisers: those of a trained network; None: the vocabulary is counted on the training split.

    Attributes:
        cut: how many captions were longer than allowed.

    Raises:
        BadInput: a picture without captions, a caption that is empty or, in training, has unknown words only, an empty split, a
            wrong option; from loading, a corrupt picture; or what the reader finds.
    """

    def __init__(
        self,
        split: str,
        *,
        read: Callable[[str], Sequence[Captioned]],
        image_size: int | Sequence[int],
        unit: str,
        lower: bool,
        punctuation: bool,
        max_length: int | None,
        min_count: int,
        max_vocabulary: int | None,
        keep: bool,
        tokenisers: Mapping[str, Tokeniser] | None = None,
    ) -> None:
        self.split, self.size = check_choice("split", split, SPLITS), height_width("image_size", image_size)
        self.tokenisers = {"target": Tokeniser(unit, lower, punctuation)}
        most = None if max_length is None else check_positive("max_length", max_length)
        self.pictures, self.keep, self.kept = read(split), keep, {}
        self.whole = [self._tokens(picture) for picture in self.pictures]
        if not self.pictures:
            raise BadInput(f"the {split} split is empty")

        def of_training() -> Iterator[list[str]]:
            for captions in self.whole if split == "train" else map(self._tokens, read("train")):
                yield from captions

        self.tokenisers = tokenisers or {"target": self.tokenisers["target"].fitted(of_training(), max_vocabulary, min_count)}
        self.cut = sum(most is not None and len(caption) > most for captions in self.whole for caption in captions)
        taught = [captions if split == "train" else captions[:1] for captions in self.whole]
        self.tokens = [(i, self._encode(i, caption[:most])) for i, captions in enumerate(taught) for caption in captions]

    def __len__(self) -> int:
        return len(self.tokens)

    def __getitem__(self, index: int) -> CaptionSample:
        picture, tokens = self.tokens[index]
        return CaptionSample(self.image(picture), tokens, picture)

    def image(self, index: int) -> UInt8[Tensor, "3 h w"]:
        """Picture `index`."""
        if index not in self.kept:
            found = resized(self.pictures[index].load(), self.size)
            if not self.keep:
                return found
            self.kept[index] = found
        return self.kept[index]

    def facts(self) -> dict[str, int]:
        return {"vocabulary_size": len(self.tokenisers["target"])}

    @property
    def items(self) -> int:
        """Number of pictures."""
        return len(self.pictures)

    def references(self, index: int) -> list[str]:
        """All captions of picture `index`."""
        return [self.tokenisers["target"].join(caption) for caption in self.whole[index]]

    def collate(self, samples: list[CaptionSample]) -> StoredCaptionBatch:
        image, index = torch.stack([sample.image for sample in samples]), torch.tensor([sample.index for sample in samples])
        return StoredCaptionBatch(image, *shifted([sample.tokens for sample in samples]), index)

    def finish(self, batch: StoredCaptionBatch) -> CaptionBatch:
        """Numbers in [0, 1], on the device of the batch."""
        return CaptionBatch(batch.image.float() / 255, batch.input, batch.target, batch.index)

    def _tokens(self, picture: Captioned) -> list[list[str]]:
        if not picture.captions:
            raise BadInput(f"{picture.name}: a picture without captions")
        captions = [self.tokenisers["target"].split(caption) for caption in picture.captions]
        if [] in captions:
            raise BadInput(f"{picture.name}: an empty caption, number {captions.index([])} of {len(captions)}")
        return captions

    def _encode(self, picture: int, caption: Sequence[str]) -> Int[Tensor, " t"]:
        numbers = self.tokenisers["target"].vocabulary.encode(caption)
        if self.split == "train" and set(numbers) == {UNKNOWN}:
            name, text = self.pictures[picture].name, self.tokenisers["target"].join(caption)
            raise BadInput(f"{name}: the caption {text[:60]!r} has unknown words only; lower `min_count`")
        return torch.tensor(numbers)


def resized(picture: Image.Image, size: tuple[int, int]) -> UInt8[Tensor, "3 h w"]:
    """A picture as networks of captions and answers get it, of a height and width."""
    picture = picture.convert("RGB")
    if picture.size[::-1] != size:
        picture = picture.resize(size[::-1], Image.Resampling.BILINEAR)
    return torch.from_numpy(np.array(picture).transpose(2, 0, 1).copy())
