"""What an encoder has read, as a decoder of text gets it.

Axes: b batch, s positions, n features of a position, m of the summary, a of the attention.
"""

from typing import Any, NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor


class Memory(NamedTuple):
    """A source text or a picture that has been read.

    `projected` is what an attention needs of the keys, made once by the decoder (`TextDecoder.prepare`).
    """

    keys: Float[Tensor, "b s n"]  # what attention looks at
    mask: Bool[Tensor, "b s"]  # false at padding
    summary: Float[Tensor, "b m"]  # what the decoder's state starts from
    projected: Float[Tensor, "b s a"] | None = None

    def repeat(self, times: int) -> "Memory":
        """Each row so many times, one after the other."""
        return Memory(*(each if each is None else each.repeat_interleave(times, 0) for each in self))


def reorder(state: Any, rows: Tensor) -> Any:
    """The rows `rows` of every tensor in tuples of tuples; what is None stays None."""
    if state is None:
        return None
    if isinstance(state, Tensor):
        return state.index_select(0, rows)
    parts = [reorder(each, rows) for each in state]
    return type(state)(*parts) if hasattr(state, "_fields") else tuple(parts)


def flatten_states(states: tuple[tuple, ...]) -> Float[Tensor, "b m"]:
    """The states of all cells as one vector a row; step counts, which are whole numbers, are left out."""
    return torch.cat([field for state in states for field in state if field.is_floating_point()], 1)
