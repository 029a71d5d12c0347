"""Encoders: networks that turn a text, or a picture, into the memory that a decoder attends to."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from ablate.model.recurrent.cell.base import Cell
from ablate.model.recurrent.layers import Recurrent, SequenceInput
from ablate.model.recurrent.unroll import Fused, check_lengths, length_mask, reverse_padded
from ablate.model.text.memory import Memory, flatten_states
from ablate.schema.options import Layers, Positive, ProperFraction, Width, checked

FeatureLevel = Literal["bottom", "last_map"]


class Encoder(nn.Module, ABC):
    """Turns a text or a picture into a memory.

    Attributes:
        key_size: numbers in a key of the memory.
        summary_size: numbers in its summary.
    """

    key_size: int
    summary_size: int

    @abstractmethod
    def forward(self, source: Int[Tensor, "b s"] | Float[Tensor, "b c h w"], lengths: Int[Tensor, " b"] | None = None) -> Memory:
        """The memory of a source; `lengths` are those of texts (None: all are s), pictures have none."""


class TextEncoder(Encoder):
    """keys_t = h_t of the last layer; summary: the states of all cells at their ends, side by side.

    Args:
        vocabulary_size, embedding_size: see `SequenceInput`.
        cell, layers, bidirectional, fused: see `Recurrent`.
        reverse: read from the end to the beginning, within the true length (Sutskever et al. 2014, section 3.3); each key stays
            at the position of its token.
        dropout: of the inputs and between layers.
    """

    @checked
    def __init__(
        self,
        vocabulary_size: Positive,
        embedding_size: Width,
        cell: Callable[[int], Cell],
        layers: Layers = 1,
        bidirectional: bool = False,
        reverse: bool = False,
        dropout: ProperFraction = 0.0,
        fused: Fused = "auto",
    ) -> None:
        super().__init__()
        self.reverse = reverse
        self.input = SequenceInput(vocabulary_size, None, embedding_size, dropout)
        self.recurrent = Recurrent(cell, embedding_size, layers, bidirectional, dropout, fused)
        self.key_size = self.recurrent.output_size
        starts = tuple(each.initial_state(1) for cells in self.recurrent.layers for each in cells)
        self.summary_size = flatten_states(starts).shape[1]

    def forward(self, tokens: Int[Tensor, "b s"], lengths: Int[Tensor, " b"] | None = None) -> Memory:
        check_lengths(lengths, tokens.shape[0], tokens.shape[1], tokens.device)
        xs = self.input(tokens)
        keys, ends = self.recurrent(reverse_padded(xs, lengths) if self.reverse else xs, lengths)
        mask = torch.ones_like(tokens, dtype=torch.bool) if lengths is None else length_mask(lengths, tokens.shape[1])
        return Memory(reverse_padded(keys, lengths) if self.reverse else keys, mask, flatten_states(ends))


class PictureEncoder(Encoder):
    """keys: the encoder's map, row by row; summary: their mean (Xu et al. 2015, section 3.1.2).

    Args:
        backbone: `image -> Features`, with `channels`.
        frozen: it is not trained, and stays in evaluation mode.
        feature_level: bottom, what the last downsampling left; last_map, what it was given, with four times the positions.
    """

    @checked
    def __init__(self, backbone: nn.Module, frozen: bool = False, feature_level: FeatureLevel = "bottom") -> None:
        super().__init__()
        self.backbone, self.frozen = backbone, frozen
        self.feature_level = feature_level
        self.key_size = self.summary_size = backbone.channels[-1]
        if frozen:
            backbone.requires_grad_(False).eval()

    def train(self, mode: bool = True) -> "PictureEncoder":
        super().train(mode)
        if self.frozen:
            self.backbone.eval()
        return self

    def forward(self, image: Float[Tensor, "b c h w"], lengths: None = None) -> Memory:
        keys = self.feature_map(image).flatten(2).mT
        return Memory(keys, keys.new_ones(keys.shape[:2]).bool(), keys.mean(1))

    def feature_map(self, image: Float[Tensor, "b c h w"]) -> Float[Tensor, "b n r k"]:
        """The encoder's feature map; its positions, row by row, become the keys."""
        features = self.backbone(image)
        return features.bottom if self.feature_level == "bottom" else features.maps[-1]
