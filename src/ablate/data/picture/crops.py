"""Crops around single objects of pictures with masks: the first stage of DeconvNet's training, on files."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import torch
from jaxtyping import UInt8
from PIL import Image

from ablate.data.picture.box import Enlarge, enlarged
from ablate.data.picture.masks import MaskFolder, Sample
from ablate.data.split import Split
from ablate.errors import BadInput, check_choice
from ablate.schema.options import SOME, Byte, Size, checked


class BoxedObject(NamedTuple):
    """An object of a picture and the box around it, in pixels of the file: top, left, bottom, right, the last two exclusive."""

    name: str
    box: tuple[float, float, float, float]


class CroppedMasks(MaskFolder):
    """A `MaskFolder` whose training samples are crops around one object each; those of validation and test are whole pictures.

    Every object that has a box is a sample: the box, `enlarge` times as large, as far as it lies in the picture, resized to
    `image_size`, whatever its proportions. Boxes do not tell an object from another one of its class that reaches into its box:
    both keep their class.

    Source: Noh et al. 2015, sections 4.2 and 6.1.

    Args:
        boxes: picture -> its objects, named as in `class_names`.
        crops: False: training samples are whole pictures, too, as in the second stage.
        enlarge: by what the sides of a box are multiplied; the paper's is 1.2.
        only_object: what is not of the object's class or lies outside its box counts as the first class, the background, as in the
            paper, but for what is ignored; False: all classes are kept.

    Raises:
        BadInput: what a `MaskFolder` refuses; crops without `image_size`; an object of no known class, or outside its picture.
    """

    @checked
    def __init__(
        self,
        split: Split,
        *,
        read: Callable[[Split], Sequence[tuple]],
        boxes: Callable[[Path], Sequence[BoxedObject]],
        image_size: Size | None,
        class_names: Annotated[Sequence[str], SOME],
        ignore_index: Byte | None,
        cache: bool,
        crops: bool = True,
        enlarge: Enlarge = 1.2,
        only_object: bool = True,
    ) -> None:
        super().__init__(split, read=read, image_size=image_size, class_names=class_names, ignore_index=ignore_index, cache=cache)
        self.class_names, self.enlarge, self.only_object = list(class_names), float(enlarge), only_object
        self.objects: list[BoxedObject] | None = None
        if crops and split == "train":
            if self.size is None:
                raise BadInput("`image_size`=None: crops around objects differ in size, and a batch needs one: give [256,256]")
            self._one_sample_an_object(boxes)

    def _one_sample_an_object(self, boxes: Callable[[Path], Sequence[BoxedObject]]) -> None:
        found = [(i, each) for i, (picture, _) in enumerate(self.pairs) for each in boxes(picture)]
        if not found:
            raise BadInput(f"no picture beside {self.pairs[0][0]} has an object with a box")
        for i, each in found:
            self._check_object(self.pairs[i][0], each, self.stored_sizes[i])
        self.objects = [each for _, each in found]
        self.pairs, self.stored_sizes = ([of[i] for i, _ in found] for of in (self.pairs, self.stored_sizes))
        if self._cache is not None:
            self._cache = [None] * len(found)

    def _check_object(self, picture: Path, found: BoxedObject, size: tuple[int, int]) -> None:
        check_choice(f"{picture}: the class of an object", found.name, self.class_names)
        top, left, bottom, right = found.box
        if not (0 <= top < bottom <= size[0] and 0 <= left < right <= size[1]):
            raise BadInput(f"{picture} is {size[0]}×{size[1]}, and the box of an object ({found.name}) is {list(found.box)}")

    def _decode(self, index: int) -> Sample:
        if self.objects is None or self.size is None:
            return super()._decode(index)
        (image_path, mask_path), found = self.pairs[index], self.objects[index]
        label = self._of_object(self.read_label(mask_path), found)
        top, left, bottom, right = enlarged(torch.tensor([found.box]), self.enlarge, self.stored_sizes[index])[0].tolist()
        part, size = (left, top, right, bottom), self.size[::-1]
        image = self.read_image(image_path).resize(size, Image.Resampling.BILINEAR, box=part)
        label = np.asarray(Image.fromarray(label).resize(size, Image.Resampling.NEAREST, box=part))
        return Sample(np.ascontiguousarray(np.asarray(image).transpose(2, 0, 1)), label, index)

    def _of_object(self, label: UInt8[np.ndarray, "h w"], found: BoxedObject) -> UInt8[np.ndarray, "h w"]:
        if not self.only_object:
            return label
        top, left, bottom, right = (round(end) for end in found.box)
        inside = np.zeros(label.shape, bool)
        inside[top:bottom, left:right] = True
        kept = inside & (label == self.class_names.index(found.name))
        if self.ignore_index is not None:
            kept |= label == self.ignore_index
        return np.where(kept, label, 0).astype(np.uint8)
