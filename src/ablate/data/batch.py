"""Every batch type, with every shape.

Letters: b batch, h height, w width, k objects of a scene, t steps, d numbers a step, s steps of a source or a story.

Each batch has a `kind`, what its samples are, and a `description`, with a sample's size, which the console shows before training.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

IGNORE = -100  # the target of a step that has none; torch's own default


def is_void(label: Int[Tensor, "*_"], ignore_index: int | None) -> Bool[Tensor, "*_"]:
    """Where the label of a pixel is `ignore_index`; nowhere, where that is None."""
    return torch.zeros_like(label, dtype=torch.bool) if ignore_index is None else label == ignore_index


class BatchKind(StrEnum):
    """What the samples of a batch are, and what the target of each is."""

    CLASS_PER_PIXEL = "pictures with a class for each pixel"
    CLASS_PER_SEQUENCE = "sequences with one class each"
    NUMBER_PER_SEQUENCE = "sequences with one number each"
    CLASS_PER_STEP = "sequences with a class for each step"
    TEXT_PAIRS = "pairs of texts"
    CAPTIONED_PICTURES = "pictures with captions"
    QUESTIONS = "questions with answers"
    CLASS_PER_NODE = "trees with classes at their nodes"
    CLASS_PER_PICTURE = "pictures with one class each"
    CLASSES_PER_PICTURE = "pictures with a sequence of classes each"
    BINARY_PICTURES = "black and white pictures"


class Scene(NamedTuple):
    """What is in a generated picture, back to front: object k lies over object k-1.

    Positions and radii are in pixels; (0, 0) is the outer corner of the top-left pixel, whose
    centre is (0.5, 0.5). Slots beyond `count` hold shape -1.
    """

    shape: Int[Tensor, "b k"]  # index into scenes.SHAPES, -1 for no object
    colour: Int[Tensor, "b k"]  # index into scenes.COLOURS
    radius: Float[Tensor, "b k"]
    centre: Float[Tensor, "b k 2"]  # y, x
    angle: Float[Tensor, "b k"]  # radians, counter-clockwise as seen on screen
    count: Int[Tensor, " b"]


class SegmentationBatch(NamedTuple):
    """Pictures with a class for each pixel."""

    image: Float[Tensor, "b 3 h w"]  # in [0, 1]
    label: Int[Tensor, "b h w"]  # class index, or the data set's ignore_index
    index: Int[Tensor, " b"]  # which sample of its split
    scene: Scene | None = None

    @property
    def kind(self) -> BatchKind:
        return BatchKind.CLASS_PER_PIXEL

    @property
    def description(self) -> str:
        return "pictures of {}×{}".format(*self.image.shape[2:])


class SequenceBatch(NamedTuple):
    """Sequences of tokens or of numbers, padded behind their ends, with one target each or one a step."""

    input: Int[Tensor, "b t"] | Float[Tensor, "b t d"]
    lengths: Int[Tensor, " b"] | None  # None: all are t
    target: Int[Tensor, " b"] | Float[Tensor, " b"] | Int[Tensor, "b t"]  # a class, a number, or a class a step or IGNORE
    index: Int[Tensor, " b"]  # which sample of its split
    stream: bool = False  # True: sample i + 1 goes on where sample i ends

    @property
    def description(self) -> str:
        return f"sequences, for example one of {self.input.shape[1]} steps"

    @property
    def kind(self) -> BatchKind:
        if self.target.ndim == 2:
            return BatchKind.CLASS_PER_STEP
        return BatchKind.NUMBER_PER_SEQUENCE if self.target.is_floating_point() else BatchKind.CLASS_PER_SEQUENCE

    def split(self, steps: int) -> list["SequenceBatch"]:
        """Chunks of `steps` steps, the last one as long as is left; targets must be one a step."""
        chunks = []
        for start in range(0, self.input.shape[1], steps):
            part = slice(start, start + steps)
            lengths = self.lengths if self.lengths is None else (self.lengths - start).clamp(0, self.input[:, part].shape[1])
            chunks.append(self._replace(input=self.input[:, part], target=self.target[:, part], lengths=lengths))
        return chunks


class Judgement(NamedTuple):
    """What is true in a caption of a generated picture.

    Attributes:
        statements: which of its statements hold.
        facts: how many facts it asserts, each once.
        true_facts: how many of them are true.
        pairs: the colours on shapes that it names and that the picture has, such as "red ring".
    """

    statements: list[bool]
    facts: int = 0
    true_facts: int = 0
    pairs: frozenset[str] = frozenset()


class Truth(NamedTuple):
    """What the written texts of a batch are compared with, an entry a row.

    `judges` say what is true in a text, or None for a text that they cannot read; only generated pictures have them.
    """

    references: list[list[str]]
    judges: list[Callable[[str], Judgement | None]] | None = None


class PairBatch(NamedTuple):
    """A sequence that is to become another one, as in translation; both padded behind their ends."""

    source: Int[Tensor, "b s"]
    source_lengths: Int[Tensor, " b"]
    input: Int[Tensor, "b t"]  # BEGIN and the right tokens: step i is told what was right at step i - 1
    target: Int[Tensor, "b t"]  # the right tokens and END, or IGNORE
    index: Int[Tensor, " b"]  # which sample of its split
    truth: Truth | None = None  # of evaluations

    @property
    def kind(self) -> BatchKind:
        return BatchKind.TEXT_PAIRS

    @property
    def description(self) -> str:
        return f"pairs, for example one of {self.source.shape[1]} and {self.target.shape[1]} steps"


class CaptionBatch(NamedTuple):
    """Pictures, each with one of its captions."""

    image: Float[Tensor, "b 3 h w"]  # in [0, 1]
    input: Int[Tensor, "b t"]  # BEGIN and the caption's tokens
    target: Int[Tensor, "b t"]  # the caption's tokens and END, or IGNORE
    index: Int[Tensor, " b"]  # which picture of its split: several samples may have the same
    truth: Truth | None = None  # of evaluations
    control: Truth | None = None  # of other pictures, of evaluations

    @property
    def kind(self) -> BatchKind:
        return BatchKind.CAPTIONED_PICTURES

    @property
    def description(self) -> str:
        return "pictures of {}×{} with captions".format(*self.image.shape[2:])


class QuestionBatch(NamedTuple):
    """Questions on pictures or on stories, each with one answer out of a list."""

    question: Int[Tensor, "b t"]
    question_lengths: Int[Tensor, " b"]
    target: Int[Tensor, " b"]  # which answer
    index: Int[Tensor, " b"]  # which sample of its split
    image: Float[Tensor, "b 3 h w"] | None = None  # in [0, 1]
    story: Int[Tensor, "b s"] | None = None
    story_lengths: Int[Tensor, " b"] | None = None
    support: list[list[str]] | None = None  # sentences of the story from which the answer follows; of evaluations

    @property
    def kind(self) -> BatchKind:
        return BatchKind.QUESTIONS

    @property
    def description(self) -> str:
        of = "stories" if self.image is None else "pictures of {}×{}".format(*self.image.shape[2:])
        return f"questions on {of}"


class TreeBatch(NamedTuple):
    """Trees, or graphs whose nodes several parents share; the nodes of all of them by height, leaves first.

    Letters: n nodes, e edges.
    """

    token: Int[Tensor, " n"]  # the number of a node's word; PAD where it has none
    target: Int[Tensor, " n"]  # a class, or IGNORE
    parent: Int[Tensor, " e"]  # node numbers; edges in the order of their parents
    child: Int[Tensor, " e"]
    place: Int[Tensor, " e"]  # which child of its parent, from 0
    root: Int[Tensor, " b"]  # node numbers
    index: Int[Tensor, " b"]  # which sample of its split
    nodes_at: tuple[int, ...]  # how many nodes have each height, from 0
    edges_at: tuple[int, ...]  # how many edges lead to them
    arity: int  # the most children that a node of the data has

    @property
    def kind(self) -> BatchKind:
        return BatchKind.CLASS_PER_NODE

    @property
    def description(self) -> str:
        return f"trees, for example one of {len(self.token)} nodes"


class PictureBatch(NamedTuple):
    """Grey pictures with one class each, or a sequence of them, and where in them lies what these depend on."""

    image: Float[Tensor, "b 1 h w"]  # in [0, 1]
    target: Int[Tensor, " b"] | Int[Tensor, "b s"]  # a sequence ends with the last class; behind it is IGNORE
    place: Float[Tensor, "b k 2"]  # y, x of the middle of each of k digits, from -1 to 1 over the picture
    index: Int[Tensor, " b"]  # which sample of its split

    @property
    def kind(self) -> BatchKind:
        return BatchKind.CLASS_PER_PICTURE if self.target.ndim == 1 else BatchKind.CLASSES_PER_PICTURE

    @property
    def description(self) -> str:
        return "pictures of {}×{}".format(*self.image.shape[2:])


class BinaryPictureBatch(NamedTuple):
    """Pictures whose pixels are 0 or 1, and nothing between."""

    image: Float[Tensor, "b 1 h w"]
    index: Int[Tensor, " b"]  # which sample of its split

    @property
    def kind(self) -> BatchKind:
        return BatchKind.BINARY_PICTURES

    @property
    def description(self) -> str:
        return "black and white pictures of {}×{}".format(*self.image.shape[2:])


Batch = SegmentationBatch | SequenceBatch | PairBatch | CaptionBatch | QuestionBatch | TreeBatch | PictureBatch | BinaryPictureBatch
