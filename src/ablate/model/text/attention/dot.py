"""Attention by a scalar product."""

from jaxtyping import Float
from torch import Tensor

from ablate.errors import BadInput
from ablate.model.text.attention.base import Attention


class Dot(Attention):
    """score(q, k) = qᵀ k (Luong et al. 2015, section 3.1), or qᵀ k / √n (Vaswani et al. 2017, section 3.2.1).

    Args:
        scaled: divide by √n, n the numbers in a key, so that scores of random vectors keep their size.

    Raises:
        BadInput: queries and keys differ in size.
    """

    def __init__(self, query_size: int, key_size: int, scaled: bool = False) -> None:
        super().__init__(query_size, key_size)
        if query_size != key_size:
            raise BadInput(
                f"model/attention=dot needs a decoder's state of the size of a key, {key_size}, not {query_size}; "
                "model/attention=general takes any"
            )
        self.factor = key_size**-0.5 if scaled else 1.0

    def score(self, query: Float[Tensor, "b t q"], projected: Float[Tensor, "b s a"]) -> Float[Tensor, "b t s"]:
        return self.factor * query @ projected.mT
