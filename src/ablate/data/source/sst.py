"""The Stanford Sentiment Treebank: film reviews with a sentiment at every phrase of their trees."""

from collections.abc import Iterator
from typing import Literal

from ablate.data.split import Split
from ablate.data.text.file import find_path, read_filled_lines
from ablate.data.text.labelled import Example
from ablate.data.tree.tree import Tree, parse
from ablate.errors import BadInput
from ablate.schema.options import checked

FILES = {"train": "train", "val": "dev", "test": "test"}
POLARITY = (0, 0, None, 1, 1)  # of the five classes: negative, none, positive
EXPECTED = (
    "`root` should hold trees/train.txt, dev.txt and test.txt with one tree a line, which trainDevTestTrees_PTB.zip "
    "of https://nlp.stanford.edu/sentiment unpacks to"
)


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
    for tree in _trees(split, root):
        all_phrases = list(constituents(tree))
        for label, words in all_phrases if phrases and split == "train" else all_phrases[-1:]:
            if (polarity := POLARITY[label]) is not None:
                examples.append(Example(" ".join(words), ("negative", "positive")[polarity], tree.location))
    return examples


@checked
def sst_trees(split: Split, *, root: str | None, classes: Literal[2, 5]) -> list[Tree]:
    """The trees themselves: 8,544 for training, 1,101 for val, 2,210 for the test; of two classes 6,920, 872 and 1,821.

    With two classes a neutral phrase has no label, and a sentence that is neutral is left out.

    Source: Socher et al. 2013, section 5; Tai et al. 2015, section 5.1.

    Raises:
        BadInput: a missing file, a line that is no such tree.
    """
    trees = list(_trees(split, root))
    if classes == 2:
        two = (tree._replace(labels=tuple(POLARITY[label] for label in tree.labels)) for tree in trees)
        trees = [tree for tree in two if tree.labels[-1] is not None]
    return trees


def constituents(tree: Tree) -> Iterator[tuple[int, list[str]]]:
    """(label, words) of every phrase of a tree, the whole last."""
    words: list[list[str]] = []
    for word, label, children in zip(tree.words, tree.labels, tree.children, strict=True):
        words.append([each for child in children for each in words[child]] if word is None else [word])
        yield label, words[-1]


def _trees(split: Split, root: str | None) -> Iterator[Tree]:
    for location, line in read_filled_lines(find_path(root, f"trees/{FILES[split]}.txt", EXPECTED)):
        tree = parse(line, location)
        if wrong := [label for label in tree.labels if label >= len(POLARITY)]:
            raise BadInput(f"{location}: the label {wrong[0]} is none of 0 to 4")
        yield tree
