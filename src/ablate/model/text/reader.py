"""What every network that reads has in common."""

from abc import ABC, abstractmethod

from jaxtyping import Float, Int
from torch import Tensor, nn

from ablate.model.text.memory import Memory


class Reader(nn.Module, ABC):
    """Makes a memory of a text or of a picture.

    Attributes:
        key_size: numbers in a key of the memory.
        summary_size: numbers in its summary.
    """

    key_size: int
    summary_size: int

    @abstractmethod
    def forward(self, source: Int[Tensor, "b s"] | Float[Tensor, "b c h w"], lengths: Int[Tensor, " b"] | None = None) -> Memory:
        """The memory of a source; `lengths` are those of texts (None: all are s), pictures have none."""
