"""Max pooling over windows that do not overlap, with one byte for each maximum's position, and its inverse."""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, UInt8
from torch import Tensor, nn
from torch.autograd import Function

Side = int | torch.SymInt  # of a map; a symbol while a network is exported


def max_pool(x: Float[Tensor, "n c h w"], k: int = 2) -> tuple[Float[Tensor, "n c h_out w_out"], UInt8[Tensor, "n c h_out w_out"]]:
    """The maximum of each k×k window, and its position in the window.

    pooled[y, x] = max over 0 ≤ i, j < k of x[k·y + i, k·x + j], offset[y, x] = k·i + j of the first maximum, row by row

    Equals `F.max_pool2d(x, k, ceil_mode=True)`, its gradient too: sizes are rounded up, the last windows end at the border.
    Deterministic on every device; keeps one byte a window for its gradient, where torch keeps eight. A NaN makes its window
    NaN; the position is then any of the window.

    Args:
        k: window and stride, 1 to 16.

    Raises:
        ValueError: if k is out of range.
    """
    if not 1 <= k <= 16:
        raise ValueError(f"a position in a {k}×{k} window does not fit into one byte: 1 to 16")
    if torch.compiler.is_exporting():
        return F.max_pool2d(x, k, ceil_mode=True), _first_max(list(_window_places(x, k)), range(k * k))[1]
    return _MaxPool.apply(x, k)


def max_unpool(
    x: Float[Tensor, "n c h w"], offset: UInt8[Tensor, "n c h w"], k: int, size: tuple[Side, Side]
) -> Float[Tensor, "n c h_out w_out"]:
    """Put each value at its position in a k×k window of zeros.

    The switches of Zeiler et al. 2011 (Adaptive deconvolutional networks, section 2.2), as in Noh et al. 2015 and SegNet.

    out[k·y + i, k·x + j] = x[y, x] if offset[y, x] = k·i + j, else 0

    It is the adjoint of taking values at these positions, and equals `F.max_unpool2d` bit for bit, its gradient too.

    Args:
        size: height and width of the result, k·h - k < height ≤ k·h, as the map had that was pooled.
    """
    return _MaxUnpool.apply(x, offset, k, size)


class MaxPool(nn.Module):
    """The maximum of each 2×2 window and its offset in the window, (n, c, h, w) -> twice (n, c, ⌈h/2⌉, ⌈w/2⌉)."""

    def forward(self, x: Float[Tensor, "n c h w"]) -> tuple[Float[Tensor, "n c h2 w2"], UInt8[Tensor, "n c h2 w2"]]:
        return max_pool(x, 2)


class _MaxPool(Function):
    @staticmethod
    def forward(x: Tensor, k: int) -> tuple[Tensor, Tensor]:
        x = pad_to_multiple(x, k, -torch.inf)
        best, column = _first_max(x.unflatten(3, (-1, k)).unbind(4), range(k))
        columns = column.unflatten(2, (-1, k)).unbind(3)
        return _first_max(best.unflatten(2, (-1, k)).unbind(3), [i * k + column for i, column in enumerate(columns)])

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, int], output: tuple[Tensor, Tensor]) -> None:
        x, ctx.k = inputs
        ctx.size = tuple(x.shape[2:])
        ctx.save_for_backward(output[1])
        ctx.mark_non_differentiable(output[1])

    @staticmethod
    def backward(ctx: Any, grad: Tensor, _: Tensor) -> tuple[Tensor, None]:
        (offset,) = ctx.saved_tensors
        return _MaxUnpool.apply(grad, offset, ctx.k, ctx.size), None


class _MaxUnpool(Function):
    @staticmethod
    def forward(x: Tensor, offset: Tensor, k: int, size: tuple[Side, Side]) -> Tensor:
        n, c, h, w = x.shape
        layout = torch.channels_last if x.stride(1) < x.stride(3) else torch.contiguous_format
        out = torch.empty((n, c, k * h, k * w), dtype=x.dtype, device=x.device, memory_format=layout)
        offset = offset.to(x.dtype)
        for position in range(k * k):
            out[..., position // k :: k, position % k :: k] = _keep(x, offset, position)
        return out[..., : size[0], : size[1]]

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor, int, tuple[Side, Side]], output: Tensor) -> None:
        _, offset, ctx.k, _ = inputs
        ctx.save_for_backward(offset)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None]:
        (offset,) = ctx.saved_tensors
        return _take(pad_to_multiple(grad, ctx.k, 0.0), offset, ctx.k), None, None, None


def pad_to_multiple(x: Float[Tensor, "n c h w"], k: int, value: float) -> Float[Tensor, "n c h_out w_out"]:
    """Fill up at the bottom and the right until k divides height and width."""
    h, w = x.shape[2:]
    return F.pad(x, (0, -w % k, 0, -h % k), value=value) if h % k or w % k else x


def crop(x: Float[Tensor, "n c h w"], size: Sequence[Side]) -> Float[Tensor, "n c h_out w_out"]:
    """The upper left corner of x. An export with free sizes cannot know whether it is all of x, and takes it by indices."""
    h, w = size
    return _by_index(x, h, w) if torch.compiler.is_exporting() else x[..., :h, :w]


def _by_index(x: Tensor, h: Any, w: Any, i: int = 0, j: int = 0, k: int = 1) -> Tensor:
    """x[..., i : i + k h : k, j : j + k w : k]."""
    rows, columns = (start + k * torch.arange(n, device=x.device) for start, n in ((i, h), (j, w)))
    return x.index_select(2, rows).index_select(3, columns)


def _window_places(x: Tensor, k: int) -> Iterator[Tensor]:
    """For each place in a k×k window, row by row, the map of what stands there: of equal sizes, whatever that of x."""
    h, w = ((n + k - 1) // k for n in x.shape[2:])
    x = F.pad(x, (0, k - 1, 0, k - 1), value=-torch.inf)
    for place in range(k * k):
        yield _by_index(x, h, w, place // k, place % k, k)


def _first_max(maps: Sequence[Tensor], positions: Sequence[Any]) -> tuple[Tensor, Tensor]:
    """Elementwise maximum of `maps`, and of `positions`, which rise from map to map, that of the first to attain it."""
    best, position = maps[0], torch.zeros_like(maps[0], dtype=torch.uint8) + positions[0]
    for x, position_of_x in zip(maps[1:], positions[1:]):
        # On the CPU, arithmetic on bytes is vectorised and `where` is not.
        position = torch.maximum(position, (x > best).to(torch.uint8) * position_of_x)
        best = torch.maximum(best, x)
    return best, position


def _take(x: Tensor, offset: Tensor, k: int) -> Tensor:
    """The value at `offset` in each window; a sum, as subtracting +0 is what leaves every float as it is, -0 too."""
    offset = offset.to(x.dtype)
    taken = -_keep(-x[..., ::k, ::k], offset, 0)
    for position in range(1, k * k):
        taken = taken - _keep(-x[..., position // k :: k, position % k :: k], offset, position)
    return taken


def _keep(x: Tensor, offset: Tensor, position: int) -> Tensor:
    """`where(offset == position, x, 0)` as the gradient of clip(t, -½, ½) at t = offset - position: vectorised, unlike `where`."""
    return torch.ops.aten.hardtanh_backward(x, offset - position, -0.5, 0.5)
