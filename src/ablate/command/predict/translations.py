"""Translations of new texts."""

import os
from pathlib import Path

from ablate.command.predict.pictures import refuse_taken
from ablate.command.predict.texts import GeneratedText, Tokens, generate, show, tokenise, with_probability
from ablate.data.single import pair_batch
from ablate.data.text.file import read_lines
from ablate.errors import BadInput
from ablate.files import write_atomically
from ablate.task.text_generation import Translation


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
    if attends:
        _plot(source, generation, file)


def translate(task: Translation, text: str, name: str) -> tuple[Tokens, GeneratedText]:
    """A text as the network reads it, and its translation; attention weights are in the order of the text.

    Args:
        name: put before the text in messages.
    """
    options = task.config["data"]["dataset"]
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
