"""Occlusion: how far the score falls where a part of the input is covered."""

from collections.abc import Iterator
from itertools import product

import torch
from jaxtyping import Float
from torch import Tensor

from ablate.errors import BadInput
from ablate.explanation.score import Score, precise
from ablate.schema.options import Number, Positive, checked

PARTS = 8  # a window has this share of a picture's shorter side
GREY = 0.5


@checked
def occlusion(
    score: Score,
    x: Float[Tensor, "n *shape"],
    window: Positive | None = None,
    stride: Positive | None = None,
    baseline: Number | None = None,
) -> Float[Tensor, "n *shape"]:
    """a[p] = mean of y(x) - y(x with the window W at `baseline`) over the windows W that cover p.

    Of pictures, (n, c, h, w), a window is a square over all colours; of sequences, (n, t, d), it is some steps with all their
    numbers. The last windows end at the border.

    Source: Zeiler and Fergus 2014, section 4.2 (a grey square).

    Args:
        window: its side; None: an eighth of a picture's shorter side, or one step.
        stride: from window to window, at most `window`; None: half of it.
        baseline: what covers; None: grey, 0.5, over pictures, and 0 over sequences.

    Raises:
        BadInput: a stride beyond the window, which would leave gaps.
    """
    picture = x.ndim == 4
    side = window or (max(1, min(x.shape[2:]) // PARTS) if picture else 1)
    step = stride or max(1, side // 2)
    if step > side:
        raise BadInput(f"`stride`={step} leaves gaps between windows of `window`={side}: at most {side}")
    cover = baseline if baseline is not None else GREY if picture else 0.0
    with torch.no_grad():
        before = score(x)
        total, count = torch.zeros_like(precise(x)), torch.zeros_like(precise(x))
        for place in _windows(x, side, step):
            covered = x.clone()
            covered[place] = cover
            total[place] += (before - score(covered)).view(-1, *[1] * (x.ndim - 1)).to(total)
            count[place] += 1
    return total / count


def _windows(x: Tensor, side: int, step: int) -> Iterator[tuple[slice, ...]]:
    """The index of each window, row by row."""
    everything = slice(None)
    lead, sizes, tail = ((everything,) * 2, x.shape[2:], ()) if x.ndim == 4 else ((everything,), x.shape[1:2], (everything,))
    starts = (range(0, max(1, -(-(size - side) // step) * step + 1), step) for size in sizes)
    for corner in product(*starts):
        yield (*lead, *(slice(start, start + side) for start in corner), *tail)
