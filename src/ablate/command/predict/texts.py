"""Texts on their way into a network and out of it, and what is printed of them."""

import math
from collections.abc import Sequence
from difflib import get_close_matches
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ablate.console import console
from ablate.data.batch import Batch
from ablate.data.text.tokeniser import UNKNOWN, Tokeniser
from ablate.errors import BadInput
from ablate.task.text_generation import TextGeneration


class Tokens(NamedTuple):
    """A text as a network reads it."""

    tokens: list[str]
    numbers: Int[Tensor, " s"]


class GeneratedText(NamedTuple):
    """A text that a network has written."""

    text: str
    probability: float
    tokens: list[str]  # with the end, where the network wrote it
    weights: Float[Tensor, "t s"] | None  # attention to the input at each token; None without attention


def tokenise(tokeniser: Tokeniser, text: str, name: str, longest: int | None = None, last: bool = False) -> Tokens:
    """Split a text and number its tokens; print which tokens the network does not know, and how much of a long text it reads.

    Args:
        name: put before the text in messages, such as `input=`.
        longest: how many tokens the network reads at most; None: all.
        last: of a longer text the network reads the last tokens, not the first.

    Raises:
        BadInput: the text has no token, or none that the network knows.
    """
    tokens = tokeniser.split(text)
    start = max(0, len(tokens) - longest) if longest and last else 0
    read = tokens[start : start + longest if longest else None]
    numbers = _encode(tokeniser, read, f"{name}{_short(text)!r}")
    if len(read) < len(tokens):
        end = "last" if last else "first"
        show(f"{name}{_short(text)!r}: the network reads the {end} {len(read)} of {len(tokens)} {tokeniser.unit}")
    return Tokens(read, torch.tensor(numbers))


@torch.no_grad()
def generate(task: TextGeneration, batch: Batch) -> GeneratedText:
    """The text that the task's search finds for a batch of one row."""
    best = task.write(task.read(task.transfer_batch_to_device(batch, task.device, 0)))
    tokens = task.tokenisers["target"].decode_with_end(best.tokens[0].tolist())
    weights = None if best.weights is None else best.weights[0, : len(tokens)].cpu()
    return GeneratedText(task.texts(best.tokens)[0], math.exp(float(best.log_probability)), tokens, weights)


def with_probability(text: str, probability: float) -> str:
    """`"a red ring  (p = 0.25)"`."""
    return f"{text}  (p = {probability:.3g})"


def show(text: str) -> None:
    """Print a text as it is, whatever brackets and colons it has."""
    console.print(text, markup=False, emoji=False)


def _encode(tokeniser: Tokeniser, tokens: Sequence[str], shown: str) -> list[int]:
    if not tokens:
        raise BadInput(f"{shown} is an empty text")
    numbers = tokeniser.vocabulary.encode(tokens)
    unknown = dict.fromkeys(token for token, number in zip(tokens, numbers, strict=True) if number == UNKNOWN)
    named = ", ".join(_with_nearest(token, tokeniser) for token in unknown)
    if set(numbers) == {UNKNOWN}:
        raise BadInput(f"{shown}: the network has never seen any of it: {named}")
    if unknown:
        show(f"{shown}: the network has never seen {named}")
    return numbers


def _with_nearest(token: str, tokeniser: Tokeniser) -> str:
    nearest = get_close_matches(token, tokeniser.vocabulary.index, n=1) if len(token) > 1 else []
    return f"{token!r} (nearest: {nearest[0]!r})" if nearest else repr(token)


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"
