"""What an attention is: how well each key answers a query, and the mean of the keys by these weights."""

from abc import ABC, abstractmethod

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from ablate.errors import BadInput
from ablate.schema.options import Positive, Width, checked


class Attention(nn.Module, ABC):
    """w_i = softmax_i(score(q, k_i)) over the keys that are no padding,   context = Σ_i w_i k_i; nothing is kept between calls.

    What depends on the keys alone is `project`, once for all queries: `forward(q, k, mask) = attend(q, project(k), k, mask)`.
    Queries are of `query_size` numbers, keys of `key_size`.
    """

    @checked
    def __init__(self, query_size: Positive, key_size: Positive) -> None:
        super().__init__()
        self.query_size = query_size
        self.key_size = key_size

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


class Dot(Attention):
    """score(q, k) = qᵀ k (Luong et al. 2015, section 3.1), or qᵀ k / √n (Vaswani et al. 2017, section 3.2.1).

    Args:
        scaled: divide by √n, n the numbers in a key, so that scores of random vectors keep their size.

    Raises:
        BadInput: queries and keys differ in size.
    """

    @checked
    def __init__(self, query_size: Positive, key_size: Positive, scaled: bool = False) -> None:
        super().__init__(query_size, key_size)
        if query_size != key_size:
            raise BadInput(
                f"model/attention=dot needs a decoder's state of the size of a key, {key_size}, not {query_size}; "
                "model/attention=general takes any"
            )
        self.factor = key_size**-0.5 if scaled else 1.0

    def score(self, query: Float[Tensor, "b t q"], projected: Float[Tensor, "b s a"]) -> Float[Tensor, "b t s"]:
        return self.factor * query @ projected.mT


class General(Attention):
    """score(q, k) = qᵀ W k (Luong et al. 2015, section 3.1)."""

    @checked
    def __init__(self, query_size: Positive, key_size: Positive) -> None:
        super().__init__(query_size, key_size)
        self.key = nn.Linear(key_size, query_size, bias=False)

    def project(self, keys: Float[Tensor, "b s n"]) -> Float[Tensor, "b s q"]:
        return self.key(keys)

    def score(self, query: Float[Tensor, "b t q"], projected: Float[Tensor, "b s q"]) -> Float[Tensor, "b t s"]:
        return query @ projected.mT


class Additive(Attention):
    """score(q, k) = vᵀ tanh(W q + U k + b) (Bahdanau et al. 2015, section A.1.2).

    Args:
        size: rows of W and U.
    """

    @checked
    def __init__(self, query_size: Positive, key_size: Positive, size: Width = 128) -> None:
        super().__init__(query_size, key_size)
        self.query = nn.Linear(query_size, size, bias=False)
        self.key = nn.Linear(key_size, size)
        self.value = nn.Linear(size, 1, bias=False)

    def project(self, keys: Float[Tensor, "b s n"]) -> Float[Tensor, "b s a"]:
        return self.key(keys)

    def score(self, query: Float[Tensor, "b t q"], projected: Float[Tensor, "b s a"]) -> Float[Tensor, "b t s"]:
        return self.value((self.query(query)[:, :, None] + projected[:, None]).tanh())[..., 0]


def none(query_size: int, key_size: int) -> Attention | None:
    """No attention: all that the decoder knows of the source is its own first state."""
