"""The phases of a map: its positions modulo a stride."""

from jaxtyping import Float
from torch import Tensor


def by_phase(x: Float[Tensor, "*lead h w"], stride: int, margin: int = 0) -> Float[Tensor, "*lead {stride} {stride} cells"]:
    """All values of each phase: out[…, p, q, :] holds x[…, y, x] with y ≡ p and x ≡ q (mod stride).

    Args:
        margin: how many pixels are left out at each border, a multiple of the stride; so are rows and columns beyond the
            last whole cell, so that every phase has as many values.
    """
    height, width = ((size - 2 * margin) // stride * stride for size in x.shape[-2:])
    inner = x[..., margin : margin + max(height, 0), margin : margin + max(width, 0)]
    cells = inner.unflatten(-1, (-1, stride)).unflatten(-3, (-1, stride))  # …, row, p, column, q
    return cells.movedim((-4, -2), (-2, -1)).flatten(-2)
