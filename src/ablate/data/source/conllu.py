"""Words with their parts of speech, from files of the Universal Dependencies."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

from ablate.data.split import Split, for_split
from ablate.data.text.file import find_path, read_lines
from ablate.data.text.tagged import TaggedText, Word
from ablate.data.text.tokeniser import Tokeniser
from ablate.errors import BadInput
from ablate.schema.options import SOME, Steps, checked

COLUMNS = 10
ID = re.compile(r"\d+([-.]\d+)?")
EXPECTED = "`root` should hold {}, as `git clone https://github.com/UniversalDependencies/UD_English-EWT {}` gives it"


class PartsOfSpeech(TaggedText):
    """Each sample is a sentence with a tag for each word (UPOS).

    A line of a file has ten columns between tabs; the first is the number of the word, the second the word, the fourth its tag.
    Lines with other numbers are left out, such as 8-9 (a contraction) and 8.1 (an omitted word).

    Source: Nivre et al., Universal Dependencies v2, LREC 2020; the format is CoNLL-U's.

    Args:
        root: the folder of the files.
        files: split -> name of its file.
        tokeniser: how words are written; its vocabulary is counted on the training split.
        max_length: words that are kept of a sentence, the first ones; null: all.
        class_names: the tags, in the order of their numbers.

    Raises:
        BadInput: a missing file, a line without ten columns, an unknown tag, a file without sentences, a wrong option.
    """

    @checked
    def __init__(
        self,
        split: Split,
        *,
        root: str | None,
        files: Mapping[str, str],
        tokeniser: Tokeniser,
        max_length: Steps | None,
        class_names: Annotated[Sequence[str], SOME],
    ) -> None:
        expected = EXPECTED.format(", ".join(files.values()), root or "data/UD_English-EWT")
        read = lambda split: read_sentences(find_path(root, for_split("files", files, split), expected))  # noqa: E731
        super().__init__(split, read=read, tokeniser=tokeniser, max_length=max_length, class_names=class_names)


def read_sentences(path: Path) -> list[list[Word]]:
    """The sentences of a file as words; BadInput for a line of another form and for a file without sentences."""
    sentences: list[list[Word]] = [[]]
    for location, line in read_lines(path):
        if not line or line.isspace():
            sentences.append([])
        elif line[0] != "#":
            columns = line.split("\t")
            if len(columns) != COLUMNS or not columns[1].strip() or not ID.fullmatch(columns[0]):
                raise BadInput(f"{location}: {_fault(columns)}: {line[:40]!r}")
            if columns[0].isdecimal():
                sentences[-1].append(Word(columns[1], None if columns[3] == "_" else columns[3], location))
    sentences = [sentence for sentence in sentences if sentence]
    if not sentences:
        raise BadInput(f"{path} holds no sentence")
    return sentences


def _fault(columns: list[str]) -> str:
    """Why a line with these columns is no word of a sentence."""
    if len(columns) != COLUMNS:
        return f"{len(columns)} columns between tabs, not {COLUMNS}"
    return "the word is missing" if ID.fullmatch(columns[0]) else f"the id {columns[0]!r} is no number"
