"""Trees, and graphs whose nodes several parents share: how they are written, read, and changed into others over the same words."""

import re
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

import numpy as np

from ablate.errors import BadInput

Shape = Literal["given", "chain", "left", "balanced", "random"]
PIECE = re.compile(r"[()]|[^ \t()]+")  # a word may hold a space that does not break


class Tree(NamedTuple):
    """Nodes in an order in which children come before their parents; the last one is the root.

    A node that stands among the children of two others is shared: the graph is then a directed acyclic one, and no tree.

    Attributes:
        words: of each node; None for a node that has no word, as the phrases of a sentence.
        labels: of each node; None for a node that has no label.
        children: the numbers of each node's children, in their order.
        text: the same as a sequence of words, as a chain reads it; empty: the words of the nodes in order.
    """

    words: tuple[str | None, ...]
    labels: tuple[int | None, ...]
    children: tuple[tuple[int, ...], ...]
    text: tuple[str, ...] = ()
    location: str = ""  # file and line, for messages

    @property
    def tokens(self) -> tuple[str, ...]:
        """The words as a sequence."""
        return self.text or tuple(word for word in self.words if word is not None)

    @property
    def heights(self) -> list[int]:
        """Of each node: 0 for a leaf, else one more than that of its highest child."""
        heights: list[int] = []
        for children in self.children:
            heights.append(1 + max((heights[child] for child in children), default=-1))
        return heights


def parse(line: str, location: str) -> Tree:
    """The tree of a line such as `(3 (2 a) (4 joy))`: a label at every node, a word at every leaf.

    Raises:
        BadInput: brackets that do not match, a node without a label, a leaf with two words, a node without a word or child.
    """
    words: list[str | None] = []
    labels: list[int] = []
    children: list[tuple[int, ...]] = []
    opened: list[tuple[str, list[str], list[int]]] = []  # label, words and children of each node that is not yet closed
    pieces = PIECE.findall(line)
    for i, piece in enumerate(pieces):
        if piece == "(":
            if i + 1 == len(pieces) or pieces[i + 1] in "()":
                raise BadInput(f"{location}: node {len(words) + len(opened) + 1} has no label")
            opened.append((pieces[i + 1], [], []))
        elif piece == ")":
            if not opened:
                raise BadInput(f"{location}: a bracket is closed that was not opened, after {i} words and brackets")
            label, own, below = opened.pop()
            if len(own) + bool(below) != 1:
                found = f"the words {' '.join(own)!r}" if own else "neither a word nor a child"
                raise BadInput(f"{location}: a node has {found}{' beside children' * bool(own and below)}; a leaf has one word")
            if not label.isdecimal():
                raise BadInput(f"{location}: the label {label!r} is no number of a class")
            words.append(own[0] if own else None)
            labels.append(int(label))
            children.append(tuple(below))
            if opened:
                opened[-1][2].append(len(words) - 1)
            elif i + 1 < len(pieces):
                raise BadInput(f"{location}: {pieces[i + 1]!r} stands behind the tree's last bracket")
        elif not opened:
            raise BadInput(f"{location}: {piece!r} stands outside of the brackets")
        elif pieces[i - 1] != "(":  # else the label
            opened[-1][1].append(piece)
    if opened or not words:
        raise BadInput(f"{location}: {len(opened)} brackets are not closed" if opened else f"{location}: there is no tree")
    return Tree(tuple(words), tuple(labels), tuple(children), location=location)


def parse_words(line: str, location: str) -> Tree:
    """The tree of a line without labels, such as `((not good) film)`: brackets stand around the children of a node.

    Raises:
        BadInput: brackets that do not match, or that hold nothing.
    """
    nodes: list[tuple[str | None, None, tuple[int, ...]]] = []
    opened: list[list[int]] = [[]]  # children of each node that is not yet closed; the first collects the roots
    for piece in PIECE.findall(line):
        if piece == "(":
            opened.append([])
            continue
        if piece != ")":
            nodes.append((piece, None, ()))
        elif len(opened) == 1:
            raise BadInput(f"{location}: a bracket is closed that was not opened")
        elif not (below := opened.pop()):
            raise BadInput(f"{location}: brackets hold neither a word nor a child")
        elif len(below) == 1:  # brackets around one word, or around brackets
            opened[-1].append(below[0])
            continue
        else:
            nodes.append((None, None, tuple(below)))
        opened[-1].append(len(nodes) - 1)
    if len(opened) > 1 or not nodes:
        raise BadInput(f"{location}: {len(opened) - 1} brackets are not closed" if nodes else f"{location}: there is no tree")
    if len(opened[0]) > 1:
        nodes.append((None, None, tuple(opened[0])))
    words, labels, children = zip(*nodes, strict=True)
    return Tree(words, labels, children, location=location)


def reshaped(tree: Tree, shape: Shape, random: np.random.Generator) -> Tree:
    """Another tree over the same words, with the same label at its root; words of their own keep theirs where they are leaves.

    given      the tree itself
    chain      each word is a node whose child is the word before it: a recurrent network
    left       ((a b) c) d
    balanced   both children of a node have as many words, or one has one more
    random     each node is divided at a place of `random`'s
    """
    if shape == "given":
        return tree
    words, root = tree.tokens, tree.labels[-1]
    if shape == "chain":
        return tree._replace(
            words=words, labels=(*[None] * (len(words) - 1), root), children=((), *((i,) for i in range(len(words) - 1)))
        )
    own = [label for word, label in zip(tree.words, tree.labels, strict=True) if word is not None]
    leaves = own if not tree.text else [None] * len(words)
    nodes: list[tuple[str | None, int | None, tuple[int, ...]]] = []

    def build(start: int, end: int) -> int:
        if end - start == 1:
            nodes.append((words[start], leaves[start], ()))
        else:
            cut = {"left": end - 1, "balanced": (start + end) // 2}.get(shape) or int(random.integers(start + 1, end))
            nodes.append((None, None, (build(start, cut), build(cut, end))))
        return len(nodes) - 1

    build(0, len(words))
    return _tree_of([*nodes[:-1], (nodes[-1][0], root, nodes[-1][2])], tree)


def shared(tree: Tree) -> Tree:
    """The graph in which equal subtrees are one node, computed once: `(a + b) * (a + b)` has one sum."""
    numbers: dict[tuple, int] = {}
    new: list[int] = []  # old node -> new node
    for word, label, children in zip(tree.words, tree.labels, tree.children, strict=True):
        new.append(numbers.setdefault((word, label, tuple(new[child] for child in children)), len(numbers)))
    return _tree_of(numbers, tree)


def _tree_of(nodes: Iterable[tuple], tree: Tree) -> Tree:
    """`tree` with other nodes: (word, label, children) of each."""
    words, labels, children = zip(*nodes, strict=True)
    return tree._replace(words=words, labels=labels, children=children)


def height_order(trees: Sequence[Tree]) -> list[tuple[int, int]]:
    """(tree, node) of all nodes of all trees, by height."""
    placed = [(height, t, n) for t, tree in enumerate(trees) for n, height in enumerate(tree.heights)]
    return [(t, n) for _, t, n in sorted(placed)]
