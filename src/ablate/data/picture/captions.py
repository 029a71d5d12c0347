"""Pictures with captions, from any reader."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Int, UInt8
from PIL import Image
from torch import Tensor

from ablate.data.batch import CaptionBatch
from ablate.data.dataset import CaptionDataset
from ablate.data.split import Split
from ablate.data.text.dataset import clip_lengths, teacher_forcing
from ablate.data.text.tokeniser import UNKNOWN, Tokeniser
from ablate.errors import BadInput
from ablate.schema.options import Size, Steps, checked, height_width


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
        tokeniser: how captions become tokens, references too; its vocabulary is counted on the training split.
        max_length: tokens that are kept of a caption; null: all.
        keep: pictures stay in memory once they are read and resized, three bytes a pixel.

    Attributes:
        cut: how many captions were longer than allowed.

    Raises:
        BadInput: a picture without captions, a caption that is empty or, in training, has unknown words only, an empty split, a
            wrong option; from loading, a corrupt picture; or what the reader finds.
    """

    @checked
    def __init__(
        self,
        split: Split,
        *,
        read: Callable[[Split], Sequence[Captioned]],
        image_size: Size,
        tokeniser: Tokeniser,
        max_length: Steps | None,
        keep: bool,
    ) -> None:
        self.pictures, self.size = self.taken(read, split), height_width(image_size)
        self.split, self.max_length, self.keep = split, max_length, keep
        self.kept: dict = {}
        self.tokenisers = {"target": tokeniser}
        self.captions = [_split_captions(picture, tokeniser) for picture in self.pictures]
        _, self.cut = clip_lengths([len(caption) for captions in self.captions for caption in captions], max_length)

    def fit_tokenisers(self) -> Mapping[str, Tokeniser]:
        texts = (caption for captions in self.captions for caption in captions)
        return {"target": self.tokenisers["target"].fitted(texts)}

    def set_tokenisers(self, tokenisers: Mapping[str, Tokeniser]) -> None:
        super().set_tokenisers(tokenisers)
        taught = [captions if self.split == "train" else captions[:1] for captions in self.captions]
        self.tokens = [
            (i, self._encode(i, caption[: self.max_length])) for i, captions in enumerate(taught) for caption in captions
        ]

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

    @property
    def items(self) -> int:
        """Number of pictures."""
        return len(self.pictures)

    def references(self, index: int) -> list[str]:
        """All captions of picture `index`."""
        return [self.tokenisers["target"].join(caption) for caption in self.captions[index]]

    def collate(self, samples: list[CaptionSample]) -> StoredCaptionBatch:
        image, index = torch.stack([sample.image for sample in samples]), torch.tensor([sample.index for sample in samples])
        return StoredCaptionBatch(image, *teacher_forcing([sample.tokens for sample in samples]), index)

    def finish(self, batch: StoredCaptionBatch) -> CaptionBatch:
        """Numbers in [0, 1], on the device of the batch."""
        return CaptionBatch(batch.image.float() / 255, batch.input, batch.target, batch.index)

    def _encode(self, picture: int, caption: Sequence[str]) -> Int[Tensor, " t"]:
        numbers = self.tokenisers["target"].vocabulary.encode(caption)
        if self.split == "train" and set(numbers) == {UNKNOWN}:
            name, text = self.pictures[picture].name, self.tokenisers["target"].join(caption)
            raise BadInput(f"{name}: the caption {text[:60]!r} has unknown words only; lower `min_count`")
        return torch.tensor(numbers)


def _split_captions(picture: Captioned, tokeniser: Tokeniser) -> list[list[str]]:
    if not picture.captions:
        raise BadInput(f"{picture.name}: a picture without captions")
    captions = [tokeniser.split(caption) for caption in picture.captions]
    if [] in captions:
        raise BadInput(f"{picture.name}: an empty caption, number {captions.index([])} of {len(captions)}")
    return captions


def resized(picture: Image.Image, size: tuple[int, int]) -> UInt8[Tensor, "3 h w"]:
    """A picture in RGB at `size` = (height, width), as captioning and question answering read it."""
    picture = picture.convert("RGB")
    if picture.size[::-1] != size:
        picture = picture.resize(size[::-1], Image.Resampling.BILINEAR)
    return torch.from_numpy(np.array(picture).transpose(2, 0, 1).copy())
