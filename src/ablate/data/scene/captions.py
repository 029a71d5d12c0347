"""Generated scenes with several true captions each."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Literal, NamedTuple

import torch
from jaxtyping import Int
from torch import Tensor

from ablate.data.batch import CaptionBatch, Judgement, Truth
from ablate.data.dataset import CaptionDataset
from ablate.data.scene.caption_sampler import sample_captions
from ablate.data.scene.held_out import parse_pairs, with_pair, without_pairs
from ablate.data.scene.language import all_words
from ablate.data.scene.numbers import SceneNumbers
from ablate.data.scene.scenes import SceneBatch, SceneDataset, check_shapes
from ablate.data.scene.semantics import judge
from ablate.data.scene.visibility import VisibleObject
from ablate.data.split import for_split
from ablate.data.text.dataset import teacher_forcing
from ablate.data.text.tokeniser import SPECIAL, Tokeniser, Vocabulary
from ablate.errors import BadInput
from ablate.schema.options import PerSplit, Range


class Sample(NamedTuple):
    """A scene that is not yet rendered, with one caption."""

    scene: SceneNumbers
    tokens: Int[Tensor, " t"]


class CaptionedScenes(NamedTuple):
    """A batch of samples."""

    scenes: SceneBatch
    input: Int[Tensor, "b t"]
    target: Int[Tensor, "b t"]


@dataclass(kw_only=True, eq=False)
class SceneCaptions(SceneDataset, CaptionDataset):
    """Generated scenes with captions that are true of them (`ablate.data.scene.semantics`).

    In training every caption is a sample: sample i has picture i div `captions` and its caption i mod `captions`. In other
    splits every picture is a sample, with its first caption. `references` gives all captions of a picture. Caption c depends on
    (seed, split, picture, c). The vocabulary is that of the language. Colours do not depend on shapes, unless pairs are held out.

    Args:
        captions: number of captions of a picture.
        held_out: pairs of colour and shape, as [red ring, blue square], to test whether a network combines words that it
            never saw together.
        show_held_out: never (an object with such a pair gets the next colour that is not held out), any (pairs occur
            as they come) or always (the topmost object has such a pair, and every caption names it where it is clear).

    Raises:
        BadInput: what `SceneDataset` refuses, an unknown pair, a shape of which every colour is held out.
    """

    captions: Annotated[int, Range(1, 1000)]
    held_out: Sequence[str]
    show_held_out: PerSplit[Literal["never", "any", "always"]]

    def __post_init__(self) -> None:
        super().__post_init__()
        check_shapes("shapes", self.shapes)
        self.pairs = parse_pairs(self.held_out, self.shapes)
        self.shown: str = for_split("show_held_out", self.show_held_out, self.split)
        if self.shown == "always" and not self.pairs:
            raise BadInput("`show_held_out`=always needs pairs in `held_out`, which is empty")
        self.tokenisers = {"target": Tokeniser(vocabulary=Vocabulary([*SPECIAL, *all_words()]))}
        self._references: dict[int, list[str]] = {}

    def __len__(self) -> int:
        return self.items * (self.captions if self.split == "train" else 1)

    def make(self, index: int) -> Sample:
        picture, caption = divmod(index, self.captions) if self.split == "train" else (index, 0)
        tokens = self.tokenisers["target"].encode(self.references(picture)[caption])
        return Sample(self.scene(picture), torch.tensor(tokens))

    @property
    def items(self) -> int:
        """Number of pictures."""
        return self.sizes[self.split]

    def truth(self, index: Sequence[int]) -> Truth:
        return super().truth(index)._replace(judges=[partial(self.judge, i) for i in index])

    def scene(self, index: int) -> SceneNumbers:
        """The numbers of picture `index`, with its held-out pairs replaced or put in."""
        numbers = self.numbers(index)
        if self.shown == "never":
            return without_pairs(numbers, self.pairs, self.shapes)
        return with_pair(numbers, self.pairs, self.shapes, self.objects) if self.shown == "always" else numbers

    def visible(self, index: int) -> list[VisibleObject]:
        """The objects that can be seen in picture `index`."""
        return self.visible_in(self.scene(index))

    def references(self, index: int) -> list[str]:
        """All captions of picture `index`."""
        if index not in self._references:
            required = self.pairs if self.shown == "always" else ()
            randoms = (self.generator(index, c + 1) for c in range(self.captions))
            self._references[index] = sample_captions(self.visible(index), randoms, required)
        return self._references[index]

    def judge(self, index: int, caption: str) -> Judgement | None:
        """What can be true in a caption of picture `index`; None if it is not of the language."""
        return judge(caption, self.visible(index))

    def collate(self, samples: list[Sample]) -> CaptionedScenes:
        """Parameters on the CPU, without pixels."""
        scenes = self.to_batch([sample.scene for sample in samples])
        return CaptionedScenes(scenes, *teacher_forcing([sample.tokens for sample in samples]))

    def finish(self, batch: CaptionedScenes) -> CaptionBatch:
        """Render on the device of the batch."""
        rendered = self.render(batch.scenes)
        return CaptionBatch(rendered.image, batch.input, batch.target, rendered.index)
