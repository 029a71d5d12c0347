"""Attention by a small network with one hidden layer."""

from jaxtyping import Float
from torch import Tensor, nn

from ablate.errors import check_positive
from ablate.model.text.attention.base import Attention


class Additive(Attention):
    """score(q, k) = vᵀ tanh(W q + U k + b) (Bahdanau et al. 2015, section A.1.2).

    Args:
        size: rows of W and U.
    """

    def __init__(self, query_size: int, key_size: int, size: int = 128) -> None:
        super().__init__(query_size, key_size)
        check_positive("size", size)
        self.query = nn.Linear(query_size, size, bias=False)
        self.key = nn.Linear(key_size, size)
        self.value = nn.Linear(size, 1, bias=False)

    def project(self, keys: Float[Tensor, "b s n"]) -> Float[Tensor, "b s a"]:
        return self.key(keys)

    def score(self, query: Float[Tensor, "b t q"], projected: Float[Tensor, "b s a"]) -> Float[Tensor, "b t s"]:
        return self.value((self.query(query)[:, :, None] + projected[:, None]).tanh())[..., 0]
