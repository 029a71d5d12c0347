"""The Stanford Sentiment Treebank with two classes (SST-2): sentences or phrases on films, negative or positive."""

import re
from collections.abc import Iterator

from ablate.data.split import Split
from ablate.data.text.file import find_path, read_filled_lines
from ablate.data.text.labelled import Example
from ablate.errors import BadInput
from ablate.schema.options import checked

FILES = {"train": "train", "val": "dev", "test": "test"}
LABELS = {"0": "negative", "1": "negative", "2": None, "3": "positive", "4": "positive"}
EXPECTED = (
    "`root` should hold trees/train.txt, dev.txt and test.txt with one tree a line, which trainDevTestTrees_PTB.zip "
    "of https://nlp.stanford.edu/sentiment unpacks to"
)
PIECE = re.compile(r"\(\s*|\)|[^\s()]+")


@checked
def sst2(split: Split, *, root: str | None, phrases: bool) -> list[Example]:
    """The sentences that are not neutral: 6,920 for training, 872 for val and 1,821 for the test.

    A line of trees/train.txt is a tree whose nodes have labels from 0 (very negative) to 4, such as `(3 (2 a) (4 joy))`; the
    root's label is that of the sentence.

    Source: Socher et al., Recursive deep models for semantic compositionality, EMNLP 2013, section 3.

    Args:
        phrases: the training split has every phrase of its 8,544 trees that is not neutral, as often as it occurs, down to
            single words, and not only the sentences.

    Raises:
        BadInput: a missing file, a line that is no such tree.
    """
    examples = []
    path = find_path(root, f"trees/{FILES[split]}.txt", EXPECTED)
    for location, line in read_filled_lines(path):
        phrases_of_tree = list(constituents(line, location))
        for label, words in phrases_of_tree if phrases and split == "train" else phrases_of_tree[-1:]:
            if LABELS[label]:
                examples.append(Example(" ".join(words), LABELS[label], location))
    return examples


def constituents(tree: str, location: str) -> Iterator[tuple[str, list[str]]]:
    """(label, words) of every phrase of a tree such as `(3 (2 a) (4 joy))`, the whole last.

    Raises:
        BadInput: brackets that do not match, a label that is not 0 to 4, a phrase without words.
    """
    words: list[str] = []
    opened: list[tuple[str, int]] = []
    pieces = PIECE.findall(tree)
    for i, piece in enumerate(pieces):
        if piece == ")":
            label, start = opened.pop() if opened else (None, 0)
            if label not in LABELS or start == len(words) or (not opened) != (i == len(pieces) - 1):
                break
            yield label, words[start:]
        elif i and pieces[i - 1].startswith("("):
            opened.append((piece, len(words)))
        elif not piece.startswith("("):
            words.append(piece)
    else:
        if not opened and tree.startswith("("):
            return
    raise BadInput(f"{location}: not a tree with labels 0 to 4, as (3 (2 a) (4 joy)) is one: {tree[:40]!r}")
