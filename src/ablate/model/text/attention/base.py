"""What an attention is: how well each key answers a query, and the mean of the keys by these weights."""

from abc import ABC, abstractmethod

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from ablate.errors import check_positive


class Attention(nn.Module, ABC):
    """w_i = softmax_i(score(q, k_i)) over the keys that are no padding,   context = Σ_i w_i k_i; nothing is kept between calls.

    What depends on the keys alone is `project`, once for all queries: `forward(q, k, mask) = attend(q, project(k), k, mask)`.
    Queries are of `query_size` numbers, keys of `key_size`.
    """

    def __init__(self, query_size: int, key_size: int) -> None:
        super().__init__()
        self.query_size = check_positive("query_size", query_size)
        self.key_size = check_positive("key_size", key_size)

    def project(self, keys: Float[Tensor, "b s n"]) -> Float[Tensor, "b s a"]:
        """The keys as the scores need them."""
        return keys

    @abstractmethod
    def score(self, query: Float[Tensor, "b t q"], projected: Float[Tensor, "b s a"]) -> Float[Tensor, "b t s"]:
        """How well each key answers each query."""

    def attend(
        self,
        query: Float[Tensor, "b t q"],
        projected: Float[Tensor, "b s a"],
        keys: Float[Tensor, "b s n"],
        mask: Bool[Tensor, "b s"],
    ) -> tuple[Float[Tensor, "b t n"], Float[Tensor, "b t s"]]:
        """Context and weights of each query; the mask is true where there is a key, at least once a row."""
        weights = self.score(query, projected).masked_fill(~mask[:, None], -torch.inf).softmax(-1)
        return weights @ keys, weights

    def forward(
        self, query: Float[Tensor, "b t q"], keys: Float[Tensor, "b s n"], mask: Bool[Tensor, "b s"]
    ) -> tuple[Float[Tensor, "b t n"], Float[Tensor, "b t s"]]:
        return self.attend(query, self.project(keys), keys, mask)
