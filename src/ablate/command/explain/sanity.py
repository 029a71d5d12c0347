"""The figure sanity: what explanations keep of a network as its layers become random, and of labels that were random."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import cast

from jaxtyping import Float
from matplotlib.figure import Figure
from torch import Tensor, nn

from ablate.analysis.explanation import choose_objects
from ablate.analysis.sanity import Explained, check_sanity
from ablate.command.explain.opened import Opened, open_checkpoint
from ablate.command.explain.targets import token_numbers
from ablate.command.predict.texts import generate
from ablate.data.batch import SegmentationBatch
from ablate.data.single import caption_batch
from ablate.errors import BadInput
from ablate.explanation.integrated_gradients import integrated_gradients
from ablate.explanation.methods import METHODS, Method
from ablate.explanation.score import Score
from ablate.explanation.smooth_gradient import smooth_gradient
from ablate.explanation.target import class_over, word
from ablate.figure.sanity import plot_sanity
from ablate.model.segmenter.fcn import FCN
from ablate.model.text.encoder_decoder import EncoderDecoder
from ablate.run.checkpoint import read_checkpoint
from ablate.run.load import build_task, load_task
from ablate.task.base import Task
from ablate.task.captioning import Captioning

PIXELS, FEWEST, MOST = 2**16, 2, 16  # of all pictures together, of which there are so many
MOST_CAPTIONS = 8  # pictures of a captioner, of which each has a score of its own
SAMPLES, STEPS = 8, 8  # of smooth_gradient and integrated_gradients
NO_GRADIENT = "occlusion"


def sanity_page(path: str, other: str | None = None, trust: Sequence[str] = ()) -> Figure:
    """Likeness of all gradient methods' maps to those of the trained network, by layers that are random, from above.

    Of a segmenter the rarest class of each test picture over its true pixels is explained; of a captioner the longest word of
    each caption.

    Args:
        other: a checkpoint of the same network that was trained otherwise, as with data=scenes_random_masks.

    Raises:
        BadInput: the checkpoint's network is neither, the other's is another, or the data are not there.
    """
    opened = open_checkpoint(path, "sanity", trust)
    fresh = build_task(opened.content, path, trust=trust).eval().model
    second = None if other is None else _same_network(opened.task, fresh, other, trust)
    explained = list(_explained(opened))
    methods = _methods(explained[0].score_of(opened.task.model), explained[0].x)
    found = check_sanity(opened.task.model, fresh, explained, methods, second)
    return plot_sanity(found, f"{type(opened.task.model).__name__}: {path}")


def _methods(score: Score, x: Tensor) -> dict[str, Method]:
    """Those that the network can have."""
    own: Mapping[str, Method] = {
        "smooth_gradient": partial(smooth_gradient, samples=SAMPLES),
        "integrated_gradients": partial(integrated_gradients, steps=STEPS),
    }
    found = {name: own.get(name, method) for name, method in METHODS.items() if name != NO_GRADIENT}
    for name, method in list(found.items()):
        try:
            method(score, x)
        except BadInput:
            del found[name]
    return found


def _same_network(task: Task, fresh: nn.Module, path: str, trust: Sequence[str]) -> nn.Module:
    """The network of another checkpoint, which has the same weights' names and shapes."""
    other = load_task(read_checkpoint(path), path, trust=trust)
    shapes = [{name: value.shape for name, value in each.state_dict().items()} for each in (fresh, other.model)]
    if type(other) is not type(task) or shapes[0] != shapes[1]:
        raise BadInput(f"--other={path} holds another network than --checkpoint: train the same one with other labels")
    return other.model


def _explained(opened: Opened) -> Iterator[Explained]:
    """What is explained of the first pictures that there is something to explain of."""
    task = opened.task
    height, width = opened.pictures(1).image.shape[2:]
    batch = opened.pictures(min(MOST, max(FEWEST, PIXELS // (height * width))))
    if isinstance(task, Captioning):
        yield from (_word(task, image[None]) for image in batch.image[:MOST_CAPTIONS])
        return
    x, number, mask = choose_objects(cast(SegmentationBatch, batch), task.model.num_classes)
    if not len(x):
        raise BadInput("the figure sanity: no test picture has two classes")
    yield Explained(x, lambda network: class_over(cast(FCN, network), number, mask))


def _word(task: Captioning, x: Float[Tensor, "1 3 h w"]) -> Explained:
    """The longest word of the caption, and of these the first."""
    written = generate(task, caption_batch(x))
    tokens, place = token_numbers(task, written), max(range(len(written.tokens)), key=lambda i: len(written.tokens[i]))
    return Explained(x, lambda network: word(cast(EncoderDecoder, network), tokens, place + 1))
