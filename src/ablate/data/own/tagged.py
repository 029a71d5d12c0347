"""Sentences of one's own with a tag for each word, in columns as the CoNLL tasks have them."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from ablate.data.own.rows import Refuse, place, stop
from ablate.data.own.splits import Splits
from ablate.data.split import Split
from ablate.data.text.file import read_lines
from ablate.data.text.tagged import Word
from ablate.errors import BadInput
from ablate.schema.options import Range, checked

SUFFIXES = (".conll", ".conllu", ".tsv", ".txt", ".bio", ".iob", ".iob2", ".pos", ".tags")
UNIVERSAL = ".conllu"  # ten columns; lines with # are comments, 8-9 and 8.1 are no words
BORDER = "-DOCSTART-"  # of documents, in the files of CoNLL-2003
WHAT = "a file with a word and its tag a line, and an empty line after each sentence"
Column = Annotated[int, Range(-100, 100)]  # from 1; from -1 backwards from the last


@checked
def tagged(
    split: Split, *, word: Column | None, tag: Column | None, encoding: str, splits: Splits, refuse: Refuse = stop
) -> Sequence[list[Word]]:
    """The sentences of a split; equal ones come into one split where they are drawn.

    Columns stand between tabs or, in a file without, between white space.

    Args:
        word, tag: numbers of their columns; None: the first and the last, in .conllu the second and the fourth.

    Raises:
        BadInput: what `Splits` refuses; a line with fewer columns than the first, an empty word or tag.
    """
    files, parts = splits.files(SUFFIXES, WHAT), {}
    for name, path in files.items():
        parts[name], faults = _sentences(path, path.stat().st_mtime_ns, word, tag, encoding)
        for fault in faults:
            refuse(BadInput(fault))
    return splits.choose(
        split, parts, lambda sentence: place(sentence[0].location), lambda sentence: " ".join(each.form for each in sentence)
    )


@lru_cache(maxsize=16)  # every split, and what finds the classes, asks for the same file
def _sentences(path: Path, changed: int, word: int | None, tag: int | None, encoding: str) -> tuple[list[list[Word]], list[str]]:
    """The sentences of a file, and what is wrong in it."""
    universal = Path(path.name.removesuffix(".gz")).suffix.lower() == UNIVERSAL
    places = (word or (2 if universal else 1), tag or (4 if universal else -1))
    lines, sentence, width = list(read_lines(path, encoding)), list[Word](), 0
    tabs = any("\t" in line for _, line in lines)
    found, faults = [], []
    for location, line in [*lines, ("", "")]:
        if not line.strip():
            if sentence and not sentence[0].form.startswith(BORDER):
                found.append(sentence)
            sentence = []
            continue
        columns = line.split("\t") if tabs else line.split()
        if universal and not columns[0].isdecimal():
            continue
        width = width or len(columns)
        try:
            sentence.append(_word(columns, width, places, location))
        except BadInput as error:
            faults.append(str(error.args[0]))
    return found, faults


def _word(columns: Sequence[str], width: int, places: tuple[int, int], location: str) -> Word:
    if len(columns) < max(width, 2, *places, *(-each for each in places)):
        raise BadInput(f"{location}: {len(columns)} columns, not {max(width, 2)} (`word`={places[0]}, `tag`={places[1]})")
    form, tag = (columns[each - 1 if each > 0 else each].strip() for each in places)
    for name, text in (("word", form), ("tag", tag)):
        if not text or text == "_" and name == "tag":
            raise BadInput(f"{location}: the {name} is empty")
    return Word(form, tag, location)
