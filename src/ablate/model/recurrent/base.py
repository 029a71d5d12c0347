"""Base classes of networks over sequences: one output a sequence, or one a step."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from jaxtyping import Float, Int
from torch import Tensor, nn


class SequenceModel(nn.Module, ABC):
    """Many to one: logits, or numbers to regress, of a whole sequence."""

    @abstractmethod
    def forward(
        self, xs: Int[Tensor, "b t"] | Float[Tensor, "b t d"], lengths: Int[Tensor, " b"] | None = None
    ) -> Float[Tensor, "b k"]:
        """One vector for each sequence."""


class LanguageModel(nn.Module, ABC):
    """Many to many, aligned: logits of each step, and the states to continue from.

    Where the classes are the tokens, it is a language model.

    Attributes:
        bidirectional: whether it reads sequences from their ends, too.
    """

    bidirectional: bool

    @abstractmethod
    def forward(
        self,
        xs: Int[Tensor, "b t"] | Float[Tensor, "b t d"],
        lengths: Int[Tensor, " b"] | None = None,
        states: Sequence[tuple] | None = None,
    ) -> tuple[Float[Tensor, "b t k"], tuple[tuple, ...]]:
        """Logits of each step from given states (None: zero), and the states at the ends."""
