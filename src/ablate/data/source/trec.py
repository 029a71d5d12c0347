"""TREC: questions with the class of the answer that they ask for."""

from ablate.data.split import Split, select_split
from ablate.data.text.file import find_path, read_filled_lines
from ablate.data.text.labelled import Example
from ablate.errors import BadInput

EXPECTED = (
    "`root` should hold train_5500.label and TREC_10.label, one `LABEL:kind words` a line, from "
    "https://cogcomp.seas.upenn.edu/Data/QA/QC"
)


def trec(split: Split, *, root: str | None) -> list[Example]:
    """Questions of six coarse classes: 5,452 for training, of which a tenth is val, by the hash of each; 500 for the test.

    The files are encoded in ISO 8859-1. A line is `DESC:manner How did serfdom develop ?`; the fine class is not used.

    Source: Li and Roth, Learning question classifiers, COLING 2002, sections 2 and 4.

    Raises:
        BadInput: a missing file, a line that is not a class and a question.
    """
    path = find_path(root, "TREC_10.label" if split == "test" else "train_5500.label", EXPECTED)
    examples = [_parse_line(line, location) for location, line in read_filled_lines(path, "iso-8859-1")]
    return examples if split == "test" else select_split(examples, split, {"train": 0.9, "val": 0.1})


def _parse_line(line: str, location: str) -> Example:
    kind, _, words = line.partition(" ")
    coarse, colon, _ = kind.partition(":")
    if not colon or not words.strip():
        raise BadInput(f"{location}: the line {line[:40]!r} should be LABEL:kind and a question")
    return Example(words, coarse, location)
