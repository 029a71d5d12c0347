"""Crops around single objects of generated scenes: the first stage of DeconvNet's training."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from ablate.data.batch import SegmentationBatch
from ablate.data.picture.box import Enlarge, cropped, enlarged, tight_boxes
from ablate.data.scene.numbers import SceneNumbers
from ablate.data.scene.render import Objects
from ablate.data.scene.scenes import SceneBatch, Scenes

CHOICE = 1  # the use of the random numbers that choose an object
LEAST_SHARE = 1 / 256  # of a picture's pixels, from which on an object can be cropped: 16 of 64×64


class CropBatch(NamedTuple):
    """Scenes that are not yet rendered, and of each the random numbers by which an object is chosen."""

    scenes: SceneBatch
    choice: Float[Tensor, "b k"]


@dataclass(kw_only=True, eq=False)
class ObjectCrops(Scenes):
    """Scenes whose training pictures are crops around one object each; those of validation and test are whole.

    Sample i is a crop of scene i: the box around what is visible of one object, all equally likely that cover a 256th of the
    picture or more, `enlarge` times as large, as far as it lies in the picture, and resized to the picture's size. Which object
    depends on (seed, split, i) alone. A scene without such an object stays whole.

    Source: Noh et al. 2015, section 4.2 (two stages; the first of single objects) and 6.1 (1.2 times the box).

    Args:
        crops: False: training pictures are whole, too, as in the second stage.
        enlarge: by what the sides of a box are multiplied; the paper's is 1.2.
        only_object: every pixel that is not the object's counts as background, as in the paper; False: all classes are kept.
    """

    crops: bool = True
    enlarge: Enlarge = 1.2
    only_object: bool = True

    def collate(self, samples: list[SceneNumbers]) -> CropBatch | SceneBatch:
        scenes = super().collate(samples)
        if self.split != "train" or not self.crops:
            return scenes
        choice = np.stack([self.generator(sample.index, CHOICE).random(self.objects[1], np.float32) for sample in samples])
        return CropBatch(scenes, torch.from_numpy(choice))

    def finish(self, batch: CropBatch | SceneBatch) -> SegmentationBatch:
        if isinstance(batch, SceneBatch):
            return self.render(batch)
        objects = batch.scenes.objects
        numbers = torch.arange(1, len(objects.label) + 1, device=objects.label.device)
        rendered = self.render(batch.scenes._replace(objects=objects._replace(label=numbers)))
        chosen = chosen_objects(rendered.label, objects, batch.choice)
        mine = rendered.label == chosen[:, None, None]  # all of the ground, where none was chosen
        label = torch.cat([objects.label.new_zeros(1), objects.label])[rendered.label]
        if self.only_object:
            label = label * mine
        mine = mine & (chosen > 0)[:, None, None]
        box = enlarged(tight_boxes(mine), self.enlarge, self.size)
        image, label = cropped(rendered.image, label, box, self.size)
        return SegmentationBatch(image, label, rendered.index)


def chosen_objects(owner: Int[Tensor, "b h w"], objects: Objects, choice: Float[Tensor, "b k"]) -> Int[Tensor, " b"]:
    """The number of the object that is chosen in each picture, from 1; 0 where none is large enough.

    Args:
        owner: the number of the object that each pixel shows, 0 for the ground.
        choice: random numbers; the largest one of a large enough object decides, so that all are equally likely.
    """
    count = len(objects.label)
    pixels = torch.zeros(count + 1, dtype=torch.long, device=owner.device)
    pixels.index_add_(0, owner.flatten(), torch.ones_like(owner.flatten()))
    sizes = torch.tensor(objects.layer_sizes, device=owner.device)
    layer = torch.arange(len(sizes), device=owner.device).repeat_interleave(sizes)
    number = torch.zeros(choice.shape, dtype=torch.long, device=owner.device)
    number[objects.picture, layer] = torch.arange(1, count + 1, device=owner.device)
    large = (number > 0) & (pixels[number] >= LEAST_SHARE * owner[0].numel())
    best = torch.where(large, choice, -1.0).max(1)
    return torch.where(best.values >= 0, number.gather(1, best.indices[:, None])[:, 0], 0)
