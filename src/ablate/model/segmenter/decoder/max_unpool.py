"""Max unpooling: each value goes back to where its maximum was."""

from collections.abc import Sequence

from jaxtyping import Float, UInt8
from torch import Tensor, nn

from ablate.model.segmenter import max_pool
from ablate.model.segmenter.decoder.base import LevelDecoder, level_block


class MaxUnpool(nn.Module):
    """out[2y + i, 2x + j] = in[y, x] if offset[y, x] = 2i + j, else 0: (n, c, h, w) -> (n, c, 2h, 2w)."""

    def forward(self, x: Float[Tensor, "n c h w"], offset: UInt8[Tensor, "n c h w"]) -> Float[Tensor, "n c h2 w2"]:
        h, w = x.shape[2:]
        return max_pool.max_unpool(x, offset, 2, (2 * h, 2 * w))


def max_unpool(channels: Sequence[int], *, skip: str = "none", norm: str = "batch", conv_kernel: int = 3) -> LevelDecoder:
    """Unpooling to the positions of the encoder's maxima at each level: SegNet (Badrinarayanan et al. 2017, section 3)."""
    return LevelDecoder(channels, lambda c: MaxUnpool(), level_block(conv_kernel, norm), skip, needs_offsets=True)
