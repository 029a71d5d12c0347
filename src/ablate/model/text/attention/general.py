"""Attention by a bilinear form."""

from jaxtyping import Float
from torch import Tensor, nn

from ablate.model.text.attention.base import Attention


class General(Attention):
    """score(q, k) = qᵀ W k (Luong et al. 2015, section 3.1)."""

    def __init__(self, query_size: int, key_size: int) -> None:
        super().__init__(query_size, key_size)
        self.key = nn.Linear(key_size, query_size, bias=False)

    def project(self, keys: Float[Tensor, "b s n"]) -> Float[Tensor, "b s q"]:
        return self.key(keys)

    def score(self, query: Float[Tensor, "b t q"], projected: Float[Tensor, "b s q"]) -> Float[Tensor, "b t s"]:
        return query @ projected.mT
