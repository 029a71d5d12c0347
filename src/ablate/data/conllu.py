"""Words with their parts of speech, from files of the Universal Dependencies."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from unicodedata import normalize

import torch

from ablate.data.labelled_text import Example, label_number
from ablate.data.sequence import Sample
from ablate.data.text import TextDataset, find_vocabulary
from ablate.data.text_file import find, numbered
from ablate.errors import BadInput, check_choice

COLUMNS = 10
EXPECTED = "data.root should hold {}, as `git clone https://github.com/UniversalDependencies/UD_English-EWT {}` gives it"


class PartsOfSpeech(TextDataset):
    """One sentence, one tag a word (UPOS). Only lines whose id is a plain number count: no 8-9 (a contraction), no 8.1.

    Source: Nivre et al., Universal Dependencies v2, LREC 2020; the format is CoNLL-U's.

    Args:
        root: the folder of the files.
        files: split -> name of its file.
        lower: capitals become small letters.
        max_length: words that are kept of a sentence, the first ones; null: all.
        min_count: a word that the training split has more rarely is unknown.
        max_vocabulary: at most so many words, with the four special tokens; null: all.
        class_names: the tags, in the order of their numbers.
        vocabulary: the words of a trained network, used as they are; null: counted on the training split.

    Raises:
        BadInput: a missing file, a line without ten columns, an unknown tag, a file without sentences, a wrong option.
    """

    def __init__(
        self,
        split: str,
        *,
        root: str | None,
        files: Mapping[str, str],
        lower: bool,
        max_length: int | None,
        min_count: int,
        max_vocabulary: int | None,
        class_names: Sequence[str],
        vocabulary: Sequence[str] | None = None,
    ) -> None:
        sentences = read(_file(root, files, split))
        words = _words(sentences, lower)

        def of_training() -> list[list[str]]:
            return words if split == "train" else _words(read(_file(root, files, "train")), lower)

        self.vocabulary = find_vocabulary(vocabulary, of_training, max_vocabulary, min_count)
        tags = [[label_number(word, "", class_names) for word in sentence] for sentence in sentences]
        self.inputs = [torch.tensor(self.vocabulary.encode(each)) for each in self.shorten(words, max_length)]
        self.targets = [torch.tensor(each[:max_length]) for each in tags]

    def __getitem__(self, index: int) -> Sample:
        return Sample(self.inputs[index], self.targets[index], index)


def read(path: Path) -> list[list[Example]]:
    """Sentences of words, each with its tag and line."""
    sentences: list[list[Example]] = [[]]
    for place, line in numbered(path):
        if not line.strip():
            sentences.append([])
        elif not line.startswith("#") and (word := read_word(line, place)):
            sentences[-1].append(word)
    sentences = [sentence for sentence in sentences if sentence]
    if not sentences:
        raise BadInput(f"{path} holds no sentence")
    return sentences


def read_word(line: str, place: str) -> Example | None:
    """Form and tag of a line; None for several words in one, and for words that were left out."""
    columns = line.split("\t")
    if len(columns) != COLUMNS:
        raise BadInput(f"{place}: {len(columns)} columns between tabs, not {COLUMNS}: {line[:40]!r}")
    number, form, tag = columns[0], columns[1], columns[3]
    if not number.isdecimal():
        if not number.replace("-", "").replace(".", "").isdecimal():
            raise BadInput(f"{place}: the id {number!r} is no number")
        return None
    if not form.strip():
        raise BadInput(f"{place}: the word is missing")
    return Example(form, "" if tag == "_" else tag, place)


def _words(sentences: list[list[Example]], lower: bool) -> list[list[str]]:
    return [[normalize("NFC", word.text.lower() if lower else word.text) for word in each] for each in sentences]


def _file(root: str | None, files: Mapping[str, str], split: str) -> Path:
    names = ", ".join(files.values())
    return find(root, files[check_choice("split", split, files)], EXPECTED.format(names, root or "data/UD_English-EWT"))
