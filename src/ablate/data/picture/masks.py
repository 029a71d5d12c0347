"""Pictures with masks in files: checked, decoded and cached."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import torch
from jaxtyping import Int, UInt8
from PIL import Image
from torch import Tensor

from ablate.data.batch import SegmentationBatch
from ablate.data.dataset import Dataset
from ablate.data.picture.file import format_size, read_mask, read_picture, stored_size
from ablate.data.split import Split
from ablate.errors import BadInput
from ablate.schema.options import SOME, Byte, Size, checked, height_width


class Sample(NamedTuple):
    """One picture as it is cached: arrays, which loader processes share or pickle without file handles."""

    image: UInt8[np.ndarray, "3 h w"]
    label: UInt8[np.ndarray, "h w"]
    index: int


class MaskBatch(NamedTuple):
    """A batch on its way to the device: four bytes a pixel."""

    image: UInt8[Tensor, "b 3 h w"]
    label: UInt8[Tensor, "b h w"]
    index: Int[Tensor, " b"]


class MaskFolder(Dataset):
    """One split of pictures with a class for each pixel; both are files.

    With an `image_size` every sample is resized to it, whatever its proportions: the picture bilinearly with
    antialiasing, the mask to the nearest pixel. Without one, samples keep the size of their files.

    Args:
        read: split -> (picture, mask, …) paths in a fixed order; a mask holds a class index a pixel, as grey values or palette
            indices. It is the one thing that a new data set has to bring.
        class_names: their number is the number of classes.
        ignore_index: the one value besides the classes that a mask may hold; None: there is none.
        cache: keep decoded samples in memory, as uint8.

    Raises:
        BadInput: a file is missing, picture and mask differ in size, a mask has several channels; from decoding,
            also a corrupt file and a value that is no class.
    """

    @checked
    def __init__(
        self,
        split: Split,
        *,
        read: Callable[[Split], Sequence[tuple]],
        image_size: Size | None,
        class_names: Annotated[Sequence[str], SOME],
        ignore_index: Byte | None,
        cache: bool,
    ) -> None:
        self.pairs = [pair[:2] for pair in self.taken(read, split)]
        self.size = None if image_size is None else height_width(image_size)
        self.num_classes, self.ignore_index = len(class_names), ignore_index
        self.allowed = np.arange(256) < self.num_classes
        if ignore_index is not None:
            self.allowed[ignore_index] = True
        self.stored_sizes = [self.stored_size(*pair) for pair in self.pairs]
        self._cache: list[Sample | None] | None = [None] * len(self.pairs) if cache else None

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> Sample:
        if self._cache is None:
            return self._decode(index)
        if self._cache[index] is None:
            self._cache[index] = self._decode(index)
        return self._cache[index]

    @property
    def smallest(self) -> int:
        sides = [min(size) for size in self.stored_sizes] if self.size is None else [0]
        return sides.index(min(sides))

    def name(self, index: int) -> str:
        return str(self.pairs[index][0])

    def check(self, batch_size: int = 1) -> None:
        """Decode every file once, so that no bad one turns up in mid-training; this also fills the cache."""
        different = next((i for i, size in enumerate(self.stored_sizes) if size != self.stored_sizes[0]), None)
        if batch_size > 1 and self.size is None and different is not None:
            raise BadInput(self._different_sizes(0, different))
        seen = np.zeros(256, dtype=bool)
        for index in range(len(self)):
            seen[self[index].label] = True
        values = set(np.flatnonzero(seen).tolist())
        if self.ignore_index in values <= {0, self.ignore_index}:
            raise BadInput(self.no_class_but_one(self.pairs[0][1]))

    def collate(self, samples: list[Sample]) -> MaskBatch:
        """Samples of one size as a batch on the CPU."""
        first = samples[0]
        for sample in samples:
            if sample.label.shape != first.label.shape:
                raise BadInput(self._different_sizes(first.index, sample.index))
        image, label = (torch.from_numpy(np.stack(arrays)) for arrays in list(zip(*samples, strict=True))[:2])
        return MaskBatch(image, label, torch.tensor([sample.index for sample in samples]))

    def finish(self, batch: MaskBatch) -> SegmentationBatch:
        """The batch that a task gets, computed on the device that `batch` is on."""
        # a product, not a quotient: CUDA divides by multiplying, so only this has the same bits everywhere
        return SegmentationBatch(batch.image.float() * (1 / 255), batch.label.long(), batch.index)

    def stored_size(self, image_path: Path, mask_path: Path) -> tuple[int, int]:
        """Height and width of a picture and its mask, once both are found to fit."""
        return stored_size(image_path, mask_path)

    def read_image(self, path: Path) -> Image.Image:
        """A picture in RGB."""
        return read_picture(path).convert("RGB")

    def no_class_but_one(self, mask_path: Path) -> str:
        """What is said of masks whose only class is the first, and of which the rest is void."""
        ignored = f"{self.ignore_index}, which is ignored (`ignore_index`): save a second class as 1"
        return f"the masks beside {mask_path} hold no class but 0, and {ignored}"

    def read_label(self, mask_path: Path) -> UInt8[np.ndarray, "h w"]:
        """The class of each pixel of a mask, or `ignore_index`."""
        label = np.asarray(read_mask(mask_path), dtype=np.uint8)
        if not self.allowed[label].all():
            row, column = np.argwhere(~self.allowed[label])[0]
            ignored = "no value" if self.ignore_index is None else self.ignore_index
            raise BadInput(
                f"{mask_path}: value {label[row, column]} at row {row}, column {column} is no class: they go from "
                f"0 to {self.num_classes - 1} (`class_names`), and {ignored} is ignored (`ignore_index`)"
            )
        return label

    def _decode(self, index: int) -> Sample:
        image_path, mask_path = self.pairs[index]
        label, image = self.read_label(mask_path), self.read_image(image_path)
        if self.size is not None:
            image = image.resize(self.size[::-1], Image.Resampling.BILINEAR)
            label = np.asarray(Image.fromarray(label).resize(self.size[::-1], Image.Resampling.NEAREST))
        return Sample(np.ascontiguousarray(np.asarray(image).transpose(2, 0, 1)), label, index)

    def _different_sizes(self, one: int, other: int) -> str:
        (path, size), (other_path, other_size) = ((self.pairs[i][0], self.stored_sizes[i]) for i in (one, other))
        return (
            f"{path} is {format_size(size)} and {other_path} is {format_size(other_size)}: a batch needs one size, so give "
            f"`image_size`=[{size[0]},{size[1]}], or `batch_size`=1 for each in its own"
        )
