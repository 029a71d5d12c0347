"""Translations of new texts."""

import os
from pathlib import Path
from typing import NamedTuple

import torch
from jaxtyping import Int
from torch import Tensor

from ablate.command.predict.pictures import refuse_taken
from ablate.command.predict.words import Wrote, encode, likely, say, write
from ablate.data.batch import PairBatch
from ablate.data.text.file import numbered
from ablate.data.text.teacher_forcing import padded, shifted
from ablate.errors import BadInput
from ablate.files import write_atomically
from ablate.task.translation import Translation


class Source(NamedTuple):
    """A text to be translated."""

    tokens: list[str]  # as it is written, from its beginning
    numbers: Int[Tensor, " s"]  # as the network reads it


def write_translations(task: Translation, given: str, output: Path) -> None:
    """The translation of a text, shown, and with attention attention.png; or that of each line of a file, kept in a file too."""
    if os.path.isfile(given):
        _write_lines(task, Path(given), output)
        return
    file, looks = output / "attention.png", task.model.decoder.attention is not None
    if looks:
        refuse_taken(output, [file])
    source = read_source(task, given, "input=")
    wrote = translate(task, source)
    say(likely(wrote.text, wrote.probability))
    if looks:
        _draw(task, source, wrote, file)


def read_source(task: Translation, text: str, place: str) -> Source:
    """A text as those of the training were read; `place` is put before it in messages."""
    options = task.config["data"]["dataset"]
    tokeniser = task.tokenisers["source"]
    tokens = tokeniser.split(text)
    kept = tokens[: options["max_length"]]
    numbers = encode(tokeniser, kept, place, text)
    if len(kept) < len(tokens):
        say(f"{place}{text[:59]!r}…: the network reads the first {len(kept)} of {len(tokens)} {tokeniser.unit}")
    return Source(kept, numbers.flip(0) if options["reverse"] else numbers)


@torch.no_grad()
def translate(task: Translation, source: Source) -> Wrote:
    """What the network writes of one text; the weights are in the order in which the text is written."""
    read, lengths = padded([source.numbers])
    batch = PairBatch(read, lengths, *shifted([source.numbers[:0]]), torch.zeros(1, dtype=torch.long))
    wrote = write(task, task.read(PairBatch(*(each.to(task.device) for each in batch))))
    if wrote.weights is not None and task.config["data"]["dataset"]["reverse"]:
        wrote = wrote._replace(weights=wrote.weights.flip(1))
    return wrote


def _write_lines(task: Translation, path: Path, output: Path) -> None:
    """Line by line, into a file of the same name in `output`; empty lines stay empty."""
    file = output / f"{path.stem}.txt"
    refuse_taken(output, [file])
    texts, unread = [], []
    for place, line in numbered(path):
        try:
            source = read_source(task, line, f"{place}: ") if line.strip() else None
        except BadInput as error:
            source = unread.append(str(error))
        wrote = None if source is None else translate(task, source)
        texts.append("" if wrote is None else wrote.text)
        say("" if wrote is None else likely(wrote.text, wrote.probability))
    output.mkdir(parents=True, exist_ok=True)
    write_atomically(file, "\n".join(texts) + "\n")
    if unread:
        raise BadInput(f"{len(unread)} of {len(texts)} lines are left empty in {file}, of which the first is {unread[0]}")
    say(f"kept in {file}")


def _draw(task: Translation, source: Source, wrote: Wrote, file: Path) -> None:
    from ablate.figure.attention import Matrix, attention_matrices

    file.parent.mkdir(parents=True, exist_ok=True)
    attention_matrices([Matrix(source.tokens, wrote.tokens, wrote.weights)]).savefig(file, dpi=120)
    say(f"where the network looked for it: {file}")
