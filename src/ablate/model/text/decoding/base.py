"""What every search for a text shares: what may follow, one token after another, and what is found."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ablate.errors import BadInput
from ablate.model.text.decoder import TextDecoder
from ablate.model.text.memory import Memory
from ablate.schema.options import Positive, Whole, check_fields


class Hypotheses(NamedTuple):
    """A text for each row of the memory."""

    tokens: Int[Tensor, "b t"]  # without the one to begin with; what follows `end` is `end`; one cut at the most length has none
    log_probability: Float[Tensor, " b"]  # Σ log p(token_t | those before) up to `end`, of the network as it is
    weights: Float[Tensor, "b t s"] | None  # of the attention at each token, 0 after `end`; None without one


@dataclass
class Search(ABC):
    """How a text is searched for.

    Args:
        max_length: most tokens of a text, `end` among them; a text that has not ended there is cut.
        min_length: least tokens before `end`.
        no_repeat: n; no run of n tokens comes twice in a text (Paulus et al. 2018, section 2.5); None: any may.
    """

    max_length: Positive = 50
    min_length: Whole = 0
    no_repeat: Positive | None = None

    def __post_init__(self) -> None:
        check_fields(self)
        if self.min_length >= self.max_length:
            most = f"`max_length`={self.max_length}"
            raise BadInput(f"`min_length`={self.min_length} must be below {most}, which counts the end too")

    @abstractmethod
    def __call__(self, decoder: TextDecoder, memory: Memory, begin: int, end: int, banned: Sequence[int] = ()) -> Hypotheses:
        """A text for each row of the memory: after the token `begin`, up to the token `end`, without those that are banned."""

    def restrict(
        self, scores: Float[Tensor, "b k"], tokens: Int[Tensor, "b t"], end: int, banned: Sequence[int]
    ) -> Float[Tensor, "b k"]:
        """-∞ for what may not follow the tokens; where nothing may, the text may end, however short."""
        ending, scores = scores[:, end], scores.clone()
        scores[:, list(banned)] = -torch.inf
        if tokens.shape[1] < self.min_length:
            scores[:, end] = -torch.inf
        if self.no_repeat is not None and tokens.shape[1] >= self.no_repeat:
            scores = scores.masked_fill(self._repeats(tokens, scores.shape[1]), -torch.inf)
        scores[:, end] = torch.where(scores.isneginf().all(1), ending, scores[:, end])
        return scores

    def _repeats(self, tokens: Tensor, size: int) -> Tensor:
        """(b, k): whether a token would make a run of n that there is already."""
        runs = tokens.unfold(1, self.no_repeat, 1)
        last = tokens[:, tokens.shape[1] - self.no_repeat + 1 :]
        same = (runs[..., :-1] == last[:, None]).all(-1)
        following = torch.where(same, runs[..., -1], size)  # the last column is of those that may come
        return torch.zeros(len(tokens), size + 1, dtype=torch.bool, device=tokens.device).scatter_(1, following, True)[:, :size]


def log_probabilities(logits: Float[Tensor, "b k"]) -> Float[Tensor, "b k"]:
    """log softmax in float32 or better, because searches compare sums of it over whole texts."""
    return logits.log_softmax(-1, torch.promote_types(logits.dtype, torch.float32))
