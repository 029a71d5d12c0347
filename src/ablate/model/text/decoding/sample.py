"""Texts drawn as the network says that they come."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ablate.model.recurrent.generate import restrict
from ablate.model.text.decoder import TextDecoder
from ablate.model.text.decoding.base import Constraints, Hypotheses, decode
from ablate.model.text.memory import Memory


def sample(
    decoder: TextDecoder,
    memory: Memory,
    begin: int,
    end: int,
    banned: Sequence[int] = (),
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    max_length: int = 50,
    min_length: int = 0,
    no_repeat: int | None = None,
    seed: int | None = None,
) -> Hypotheses:
    """token_t is drawn from p(· | token_1 … token_{t-1}), restricted; the probability that comes back is p's own.

    Args:
        begin: the token that a text begins after.
        end, banned, max_length, min_length, no_repeat: see `Constraints`.
        temperature, top_k, top_p: see `ablate.model.recurrent.generate.restrict`.
        seed: of this call; None: torch's generator goes on.
    """
    constraints = Constraints(end, banned, max_length, min_length, no_repeat)
    generator = None if seed is None else torch.Generator().manual_seed(seed)

    def draw(log_p: Tensor) -> Tensor:
        chances = restrict(log_p, temperature, top_k, top_p).exp().cpu()  # there, so that every device draws the same
        return torch.multinomial(chances, 1, generator=generator)[:, 0].to(log_p.device)

    return decode(decoder, memory, begin, constraints, draw)
