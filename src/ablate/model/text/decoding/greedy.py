"""The likeliest token, and then the likeliest after it."""

from collections.abc import Sequence

from ablate.model.text.decoder import TextDecoder
from ablate.model.text.decoding.base import Constraints, Hypotheses, decode
from ablate.model.text.memory import Memory


def greedy(
    decoder: TextDecoder,
    memory: Memory,
    begin: int,
    end: int,
    banned: Sequence[int] = (),
    max_length: int = 50,
    min_length: int = 0,
    no_repeat: int | None = None,
) -> Hypotheses:
    """token_t = argmax p(· | token_1 … token_{t-1}) among those that may come: a beam of one.

    Args:
        begin: the token that a text begins after.
        end, banned, max_length, min_length, no_repeat: see `Constraints`.
    """
    constraints = Constraints(end, banned, max_length, min_length, no_repeat)
    return decode(decoder, memory, begin, constraints, lambda log_p: log_p.argmax(-1))
