"""Generated scenes with several true captions each."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

import torch
from jaxtyping import Int
from torch import Tensor

from ablate.data.batch import CaptionBatch, Truth
from ablate.data.dataset import CaptionDataset
from ablate.data.random import Draw, stream
from ablate.data.scene.combinations import avoid, insist, read_pairs
from ablate.data.scene.language import words
from ablate.data.scene.scenes import SPLITS, SceneBatch, Scenes
from ablate.data.scene.speaker import captions
from ablate.data.scene.truth import judge
from ablate.data.scene.view import Seen, look
from ablate.data.synthetic.generated import by_split
from ablate.data.text.teacher_forcing import shifted
from ablate.data.text.tokeniser import Tokeniser
from ablate.data.text.vocabulary import SPECIAL, Vocabulary
from ablate.errors import check_choice, check_positive

SHOWN = ("never", "any", "always")


class Sample(NamedTuple):
    """A picture, not yet rendered, with one caption."""

    draw: Draw
    tokens: Int[Tensor, " t"]


class CaptionedScenes(NamedTuple):
    """A batch of them."""

    scenes: SceneBatch
    input: Int[Tensor, "b t"]
    target: Int[Tensor, "b t"]


class SceneCaptions(CaptionDataset):
    """`Scenes` with true captions (`scene.language`, `scene.truth`), sampled by (seed, split, i, number of the caption).

    In training every caption is a sample of its own, sample i having caption i mod `captions` of picture i div
    `captions`; else every picture is one, with its first caption, and `references` gives all. The vocabulary is the
    language's, whatever the data. Colours say nothing about shapes, but for what is held out.

    Args: those of `Scenes`, and
        captions: how many a picture has.
        held_out: pairs of colour and shape, as [red ring, blue square], to test whether words combine that never met.
        show_held_out: split -> never (such an object gets the next colour that is not held out), any (they come as they
            come) or always (the topmost object is one; every caption names one, where it is clear).

    Raises:
        BadInput: what `Scenes` refuses, an unknown pair, a shape of which every colour is held out.
    """

    def __init__(
        self,
        split: str,
        *,
        sizes: dict[str, int],
        image_size: int | Sequence[int],
        objects: Sequence[int],
        shapes: Sequence[str],
        noise: float,
        seed: int,
        captions: int,
        held_out: Sequence[str],
        show_held_out: str | Mapping[str, str],
    ) -> None:
        names = ["background", *shapes]
        self.scenes = Scenes(split, sizes=sizes, image_size=image_size, objects=objects, class_names=names, noise=noise, seed=seed)
        self.split, self.captions = split, check_positive("captions", captions)
        self.held_out = read_pairs("held_out", held_out, shapes)
        shown = by_split("show_held_out", show_held_out, split)
        self.shown = check_choice("show_held_out", shown, SHOWN)
        self.tokenisers = {"target": Tokeniser(vocabulary=Vocabulary([*SPECIAL, *words()]))}
        self.said: dict[int, list[str]] = {}

    def __len__(self) -> int:
        return len(self.scenes) * (self.captions if self.split == "train" else 1)

    def __getitem__(self, index: int) -> Sample:
        if not 0 <= index < len(self):
            raise IndexError(f"sample {index} of {len(self)}")
        picture, caption = divmod(index, self.captions) if self.split == "train" else (index, 0)
        tokens = self.tokenisers["target"].encode(self.references(picture)[caption])
        return Sample(self.picture(picture), torch.tensor(tokens))

    @property
    def items(self) -> int:
        """Number of pictures."""
        return len(self.scenes)

    def truth(self, index: Sequence[int]) -> Truth:
        return super().truth(index)._replace(judges=[partial(self.judge, i) for i in index])

    def picture(self, index: int) -> Draw:
        """What picture `index` is made of."""
        sample = self.scenes[index]
        if self.shown == "never":
            return avoid(sample, self.held_out, self.scenes)
        return insist(sample, self.held_out, self.scenes) if self.shown == "always" else sample

    def view(self, index: int) -> list[Seen]:
        """What is to be seen in picture `index`."""
        return look(self.scenes.collate([self.picture(index)]).scene, self.scenes.size)[0]

    def references(self, index: int) -> list[str]:
        """All captions of picture `index`."""
        if index not in self.said:
            wanted = self.held_out if self.shown == "always" else ()
            place = (self.scenes.seed, SPLITS.index(self.split), index)
            self.said[index] = captions(self.view(index), self.captions, lambda c: stream(*place, c + 1), wanted)
        return self.said[index]

    def judge(self, index: int, caption: str) -> list[bool] | None:
        """Which statements of a caption are true of picture `index`; None: it is not of the language."""
        return judge(caption, self.view(index))

    def collate(self, samples: list[Sample]) -> CaptionedScenes:
        """Parameters on the CPU, no pixels."""
        scenes = self.scenes.collate([sample.draw for sample in samples])
        return CaptionedScenes(scenes, *shifted([sample.tokens for sample in samples]))

    def finish(self, batch: CaptionedScenes) -> CaptionBatch:
        """Render, on the device of the batch."""
        rendered = self.scenes.finish(batch.scenes)
        return CaptionBatch(rendered.image, batch.input, batch.target, rendered.index)
