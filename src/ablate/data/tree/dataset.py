"""Data sets of trees: from any reader, or generated; nodes of a batch in the order of their heights."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, Literal, NamedTuple

import torch

from ablate.data.batch import IGNORE, TreeBatch
from ablate.data.dataset import Dataset
from ablate.data.generated import DataSeed, sample_generator
from ablate.data.split import Split
from ablate.data.text.tokeniser import PAD, Tokeniser
from ablate.data.tree.tree import Shape, Tree, height_order, reshaped
from ablate.errors import BadInput
from ablate.schema.options import SOME, checked

Labels = Literal["all", "root"]


class TreeSample(NamedTuple):
    """One tree with the numbers of its words, and which sample of its split it is."""

    tree: Tree
    tokens: Sequence[int]
    index: int


def collate(samples: Sequence[TreeSample], arity: int) -> TreeBatch:
    """Nodes of all trees by height, so that those of one height are computed at once.

    Args:
        arity: the most children that a node of the data has.
    """
    trees = [sample.tree for sample in samples]
    order = height_order(trees)
    row = {node: i for i, node in enumerate(order)}
    heights = [tree.heights for tree in trees]
    edges = [(row[t, n], row[t, child], place) for t, n in order for place, child in enumerate(trees[t].children[n])]
    nodes_at, edges_at = Counter(heights[t][n] for t, n in order), Counter[int]()
    for t, n in order:
        edges_at[heights[t][n]] += len(trees[t].children[n])
    labels = [trees[t].labels[n] for t, n in order]
    parent, child, place = torch.tensor(edges, dtype=torch.long).reshape(-1, 3).unbind(1)
    levels = range(max(nodes_at) + 1)
    return TreeBatch(
        token=torch.tensor([samples[t].tokens[n] for t, n in order]),
        target=torch.tensor([IGNORE if label is None else label for label in labels]),
        parent=parent,
        child=child,
        place=place,
        root=torch.tensor([row[t, len(tree.words) - 1] for t, tree in enumerate(trees)]),
        index=torch.tensor([sample.index for sample in samples]),
        nodes_at=tuple(nodes_at[level] for level in levels),
        edges_at=tuple(edges_at[level] for level in levels),
        arity=arity,
    )


class TreeDataset(Dataset, ABC):
    """One split of trees. A subclass gives the tree of each sample.

    Attributes:
        arity: the most children that a node has.
    """

    arity: int

    @abstractmethod
    def tree(self, index: int) -> Tree:
        """The tree of sample `index`."""

    def all_trees(self) -> Iterable[Tree]:
        """Those of the whole split."""
        return (self.tree(i) for i in range(len(self)))

    def fit_tokenisers(self) -> Mapping[str, Tokeniser]:
        words = ([word for word in tree.words if word is not None] for tree in self.all_trees())
        return {"source": self.tokenisers["source"].fitted(words)}

    def __getitem__(self, index: int) -> TreeSample:
        tree, number = self.tree(index), self.tokenisers["source"].vocabulary.encode
        return TreeSample(tree, [PAD if word is None else number([word])[0] for word in tree.words], index)

    def collate(self, samples: list[TreeSample]) -> TreeBatch:
        return collate(samples, self.arity)


class ReadTrees(TreeDataset):
    """Trees from a reader, in their own shape or in that of a control.

    Args:
        read: split -> trees in a fixed order.
        tokeniser: of words; its vocabulary is counted on the training split.
        class_names: names of the labels, in the order of their numbers.
        shape: see `reshaped`; other shapes than the given one have labels at the words and at the root alone.
        labels: "all" nodes that have a label are targets, or the "root" alone.
        seed: of random shapes.

    Raises:
        BadInput: a label that is no class; an empty split; what the reader finds.
    """

    @checked
    def __init__(
        self,
        split: Split,
        *,
        read: Callable[[Split], Sequence[Tree]],
        tokeniser: Tokeniser,
        class_names: Annotated[Sequence[str], SOME],
        shape: Shape = "given",
        labels: Labels = "all",
        seed: DataSeed = 0,
    ) -> None:
        self.tokenisers = {"source": tokeniser}
        self.trees = [
            reshaped(normalised(tree, tokeniser), shape, sample_generator(seed, split, i))
            for i, tree in enumerate(self.taken(read, split))
        ]
        for tree in self.trees:
            check_classes(tree, len(class_names))
        if labels == "root":
            self.trees = [tree._replace(labels=(*[None] * (len(tree.labels) - 1), tree.labels[-1])) for tree in self.trees]
        self.lengths = [tree.heights[-1] + 1 for tree in self.trees]
        self.arity = max(len(children) for tree in self.trees for children in tree.children)

    def __len__(self) -> int:
        return len(self.trees)

    def tree(self, index: int) -> Tree:
        return self.trees[index]


def normalised(tree: Tree, tokeniser: Tokeniser) -> Tree:
    """A tree with the words that the tokeniser knows: in small letters, where it makes them."""
    return tree._replace(words=tuple(None if word is None else tokeniser.normalise(word) for word in tree.words))


def check_classes(tree: Tree, classes: int) -> None:
    """Raise BadInput for a label that is none of so many classes."""
    for label in tree.labels:
        if label is not None and label >= classes:
            raise BadInput(f"{tree.location}: the label {label} is outside 0 to {classes - 1}, as `class_names` has it")
