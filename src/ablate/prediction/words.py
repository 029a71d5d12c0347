"""Words on the way to a network and back: numbers for it, what it wrote, and how that is shown."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from ablate import summary
from ablate.data.vocabulary import END, UNKNOWN, Vocabulary
from ablate.errors import BadInput
from ablate.model.memory import Memory
from ablate.task.text_writing import TextWriting


class Wrote(NamedTuple):
    """One text of a network's."""

    text: str
    probability: float
    tokens: list[str]  # the end among them, where it came
    weights: Float[Tensor, "t s"] | None  # where the network looked for each; None without attention


def write(task: TextWriting, memory: Memory) -> Wrote:
    """What is searched out for a memory of one row."""
    found = task.write(memory)
    numbers = found.tokens[0].tolist()
    length = numbers.index(END) + 1 if END in numbers else len(numbers)
    weights = None if found.weights is None else found.weights[0, :length].cpu()
    tokens = [task.writes.tokens[number] for number in numbers[:length]]
    return Wrote(task.texts(found.tokens)[0], math.exp(float(found.log_probability)), tokens, weights)


def encode(vocabulary: Vocabulary, tokens: Sequence[str], name: str, text: str) -> Tensor:
    """Numbers; of tokens that the network has never seen it is said which.

    Args:
        name: where the text comes from, for messages.

    Raises:
        BadInput: there is no token, or none that the network knows.
    """
    shown = repr(text if len(text) <= 60 else f"{text[:59]}…")
    if not tokens:
        raise BadInput(f"{name}={shown} is an empty text")
    numbers = vocabulary.encode(tokens)
    unknown = list(dict.fromkeys(token for token, number in zip(tokens, numbers, strict=True) if number == UNKNOWN))
    if set(numbers) == {UNKNOWN}:
        raise BadInput(f"{name}={shown}: the network has seen no token of it in its training, as {vocabulary.tokens[4]!r} is")
    if unknown:
        say(f"{name}={shown}: the network has never seen {', '.join(map(repr, unknown))}")
    return torch.tensor(numbers)


def likely(text: str, probability: float) -> str:
    """A text with its probability."""
    return f"{text}  (p = {probability:.3g})"


def say(text: str) -> None:
    """Show a text as it is, whatever brackets and colons it has."""
    summary.console.print(text, markup=False, emoji=False)
