"""Questions and what kind of answer they want: TREC."""

from ablate.data.split import select
from ablate.data.text.file import find, lines
from ablate.data.text.labelled import Example
from ablate.errors import BadInput

EXPECTED = (
    "`root` should hold train_5500.label and TREC_10.label, one `LABEL:kind words` a line, from "
    "https://cogcomp.seas.upenn.edu/Data/QA/QC"
)


def trec(split: str, *, root: str | None) -> list[Example]:
    """Six coarse classes; 5,452 questions for training, of which a tenth, by its hash, is val; 500 for the test.

    Source: Li and Roth, Learning question classifiers, COLING 2002, sections 2 and 4.
    """
    path = find(root, "TREC_10.label" if split == "test" else "train_5500.label", EXPECTED)
    examples = [question(line, place) for place, line in lines(path, "iso-8859-1")]
    return examples if split == "test" else select(examples, split, {"train": 0.9, "val": 0.1})


def question(line: str, place: str) -> Example:
    """`DESC:manner How did …` without the fine class."""
    kind, _, words = line.partition(" ")
    coarse, colon, _ = kind.partition(":")
    if not colon or not words.strip():
        raise BadInput(f"{place}: the line {line[:40]!r} should be LABEL:kind and a question")
    return Example(words, coarse, place)
