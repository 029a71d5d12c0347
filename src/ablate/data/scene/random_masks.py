"""Scenes whose training pictures have the masks of other scenes."""

from dataclasses import dataclass
from typing import NamedTuple

from ablate.data.batch import SegmentationBatch
from ablate.data.scene.numbers import SceneNumbers
from ablate.data.scene.scenes import SceneBatch, Scenes

UNRELATED = 1  # the `use` of the random numbers of scenes that are masks only


class Mismatched(NamedTuple):
    """Scenes of which the pictures are shown, and others of which the masks are."""

    pictures: SceneBatch
    masks: SceneBatch


@dataclass(kw_only=True, eq=False)
class ScenesWithRandomMasks(Scenes):
    """Generated scenes, but that in training the mask of a picture is that of a scene which has nothing to do with it.

    It is the same one each time, by (seed, split, index), so that it can be learned by heart, and not otherwise. Validation and
    test have their true masks. What an explanation shows of a network that was trained on these it does not have from the labels.

    Source: Adebayo et al. 2018, "Sanity checks for saliency maps", "The data randomization test".
    """

    def collate(self, samples: list[SceneNumbers]) -> SceneBatch | Mismatched:  # type: ignore[override]
        if self.split != "train":
            return super().collate(samples)
        return Mismatched(self.to_batch(samples), self.to_batch([self.numbers(each.index, UNRELATED) for each in samples]))

    def finish(self, batch: SceneBatch | Mismatched) -> SegmentationBatch:
        if isinstance(batch, SceneBatch):
            return super().finish(batch)
        return self.render(batch.pictures)._replace(label=self.render(batch.masks).label)
