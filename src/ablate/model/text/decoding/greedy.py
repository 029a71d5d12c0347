"""The likeliest token, and then the likeliest after it."""

from collections.abc import Sequence

from ablate.model.text.decoder import TextDecoder
from ablate.model.text.decoding.base import Found, Rules, walk
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
) -> Found:
    """token_t = argmax p(· | token_1 … token_{t-1}) among those that may come: a beam of one.

    Args:
        begin: the token that a text begins after.
        end, banned, max_length, min_length, no_repeat: see `Rules`.
    """
    rules = Rules(end, banned, max_length, min_length, no_repeat)
    return walk(decoder, memory, begin, rules, lambda log_p: log_p.argmax(-1))
