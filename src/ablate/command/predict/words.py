"""Words on the way to a network and back: numbers for it, what it wrote, and how that is shown."""

import math
from collections.abc import Sequence
from difflib import get_close_matches
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ablate.console import console
from ablate.data.text.tokeniser import Tokeniser
from ablate.data.text.vocabulary import UNKNOWN
from ablate.errors import BadInput
from ablate.model.text.memory import Memory
from ablate.task.text_generation import TextGeneration


class Wrote(NamedTuple):
    """One text of a network's."""

    text: str
    probability: float
    tokens: list[str]  # the end among them, where it came
    weights: Float[Tensor, "t s"] | None  # where the network looked for each; None without attention


def write(task: TextGeneration, memory: Memory) -> Wrote:
    """What is searched out for a memory of one row."""
    found = task.write(memory)
    tokens = task.tokenisers["target"].decode_with_end(found.tokens[0].tolist())
    weights = None if found.weights is None else found.weights[0, : len(tokens)].cpu()
    return Wrote(task.texts(found.tokens)[0], math.exp(float(found.log_probability)), tokens, weights)


def encode(tokeniser: Tokeniser, tokens: Sequence[str], place: str, text: str) -> Int[Tensor, " t"]:
    """Numbers; of tokens that the network has never seen it is said which.

    Args:
        place: what to put before the text in messages, such as `input=`.

    Raises:
        BadInput: there is no token, or none that the network knows.
    """
    said = place + repr(text if len(text) <= 60 else f"{text[:59]}…")
    if not tokens:
        raise BadInput(f"{said} is an empty text")
    numbers = tokeniser.vocabulary.encode(tokens)
    unknown = dict.fromkeys(token for token, number in zip(tokens, numbers, strict=True) if number == UNKNOWN)
    shown = ", ".join(_with_nearest(token, tokeniser) for token in unknown)
    if set(numbers) == {UNKNOWN}:
        raise BadInput(f"{said}: the network has never seen any of it: {shown}")
    if unknown:
        say(f"{said}: the network has never seen {shown}")
    return torch.tensor(numbers)


def _with_nearest(token: str, tokeniser: Tokeniser) -> str:
    nearest = get_close_matches(token, tokeniser.vocabulary.index, n=1) if len(token) > 1 else []
    return f"{token!r} (nearest: {nearest[0]!r})" if nearest else repr(token)


def likely(text: str, probability: float) -> str:
    """A text with its probability."""
    return f"{text}  (p = {probability:.3g})"


def say(text: str) -> None:
    """Show a text as it is, whatever brackets and colons it has."""
    console.print(text, markup=False, emoji=False)
