"""Bed of nails: values at every second pixel of every second row, zeros between."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ablate.model.segmenter.decoder.base import LevelDecoder, level_block
from ablate.model.segmenter.max_pool import max_unpool


class BedOfNails(nn.Module):
    """out[2y, 2x] = in[y, x], else 0: (n, c, h, w) -> (n, c, 2h, 2w)."""

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h2 w2"]:
        h, w = x.shape[2:]
        return max_unpool(x, torch.zeros_like(x, dtype=torch.uint8), 2, (2 * h, 2 * w))


def bed_of_nails(channels: Sequence[int], *, skip: str = "none", norm: str = "batch", conv_kernel: int = 3) -> LevelDecoder:
    """Zeros between the values at each level: a transposed convolution without the convolution."""
    return LevelDecoder(channels, lambda c: BedOfNails(), level_block(conv_kernel, norm), skip)
