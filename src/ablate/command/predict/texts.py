"""Texts on their way into a network and out of it, and what is printed of them; translations of new texts."""

import json
import math
import os
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ablate.console import console
from ablate.data.batch import Batch
from ablate.data.single import pair_batch
from ablate.data.text.file import read_lines
from ablate.data.text.tokeniser import UNKNOWN, Tokeniser
from ablate.errors import BadInput
from ablate.files import write_atomically
from ablate.task.text_generation import TextGeneration, Translation


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
    numbers = encode(tokeniser, read, f"{name}{_short(text)!r}")
    if len(read) < len(tokens):
        end = "last" if last else "first"
        show(f"{name}{_short(text)!r}: the network reads the {end} {len(read)} of {len(tokens)} {tokeniser.unit}")
    return Tokens(read, torch.tensor(numbers))


@torch.no_grad()
def generate(task: TextGeneration, batch: Batch) -> GeneratedText:
    """The text that the task's search finds for a batch of one row."""
    best = task.write(task.encode(task.transfer_batch_to_device(batch, task.device, 0)))
    tokens = task.tokenisers["target"].decode_with_end(best.tokens[0].tolist())
    weights = None if best.weights is None else best.weights[0, : len(tokens)].cpu()
    return GeneratedText(task.texts(best.tokens)[0], math.exp(float(best.log_probability)), tokens, weights)


def with_probability(text: str, probability: float) -> str:
    """`"a red ring  (p = 0.25)"`."""
    return f"{text}  (p = {probability:.3g})"


def keep(output: Path, **facts: object) -> None:
    """Append a line to predictions.jsonl."""
    output.mkdir(parents=True, exist_ok=True)
    with (output / "predictions.jsonl").open("a", encoding="utf-8", errors="replace") as file:
        file.write(json.dumps(facts, ensure_ascii=False) + "\n")


def show(text: str) -> None:
    """Print a text as it is, whatever brackets and colons it has."""
    console.print(text)


def encode(tokeniser: Tokeniser, tokens: Sequence[str], shown: str) -> list[int]:
    """The numbers of tokens; print which of them the network does not know, BadInput where it knows none."""
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


def write_translations(task: Translation, given: str, output: Path) -> None:
    """Print the translation of a text, and with attention draw attention.png; or translate a file line by line into another."""
    if os.path.isfile(given):
        _write_lines(task, Path(given), output)
        return
    file, attends = output / "attention.png", task.model.decoder.attention is not None
    if attends:
        refuse_taken(output, [file])
    source, generation = translate(task, given, "input=")
    show(with_probability(generation.text, generation.probability))
    keep(output, input=given, text=generation.text, probability=generation.probability)
    if attends:
        _plot(source, generation, file)


def translate(task: Translation, text: str, name: str) -> tuple[Tokens, GeneratedText]:
    """A text as the network reads it, and its translation; attention weights are in the order of the text.

    Args:
        name: put before the text in messages.
    """
    options = task.trained_on("dataset")
    source = tokenise(task.tokenisers["source"], text, name, options.get("max_length"))
    if not options.get("reverse"):
        return source, generate(task, pair_batch(source.numbers))
    generation = generate(task, pair_batch(source.numbers.flip(0)))
    weights = generation.weights
    return source, generation._replace(weights=None if weights is None else weights.flip(1))


def _write_lines(task: Translation, path: Path, output: Path) -> None:
    """Line by line, into a file of the same name in `output`; empty lines stay empty."""
    file = output / f"{path.stem}.txt"
    refuse_taken(output, [file])
    texts, unread = [], []
    for place, line in read_lines(path):
        text = probable = ""
        try:
            if line.strip():
                _, generation = translate(task, line, f"{place}: ")
                text, probable = generation.text, with_probability(generation.text, generation.probability)
                keep(output, input=line, text=text, probability=generation.probability)
        except BadInput as error:
            unread.append(str(error))
        texts.append(text)
        show(probable)
    output.mkdir(parents=True, exist_ok=True)
    write_atomically(file, "\n".join(texts) + "\n")
    if unread:
        raise BadInput(f"{len(unread)} of {len(texts)} lines are left empty in {file}, of which the first is {unread[0]}")
    show(f"kept in {file}")


def _plot(source: Tokens, generation: GeneratedText, file: Path) -> None:
    from ablate.figure.attention import Matrix, attention_matrices

    file.parent.mkdir(parents=True, exist_ok=True)
    attention_matrices([Matrix(source.tokens, generation.tokens, generation.weights)]).savefig(file, dpi=120)
    show(f"attention at each token: {file}")


def refuse_taken(output: Path, files: Sequence[Path]) -> None:
    """Raise BadInput for a file that exists already."""
    if taken := [path.name for path in files if path.exists()]:
        raise BadInput(f"output={str(output)!r} holds {taken[0]} already; name another folder")
