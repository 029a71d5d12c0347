"""Arithmetic and boolean expressions as trees, with the value of every part."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np

from ablate.data.generated import GeneratedDataset
from ablate.data.split import draw_for_split, for_split
from ablate.data.text.tokeniser import Tokeniser
from ablate.data.tree.dataset import Labels, TreeDataset
from ablate.data.tree.tree import Shape, Tree, reshaped, shared
from ablate.errors import BadInput
from ablate.schema.options import Count, PerSplit, Range

BASE = 5  # arithmetic is modulo 5
OPERATORS = {
    "arithmetic": {"+": lambda a, b: (a + b) % BASE, "-": lambda a, b: (a - b) % BASE, "*": lambda a, b: a * b % BASE},
    "boolean": {"and": lambda a, b: a & b, "or": lambda a, b: a | b, "xor": lambda a, b: a ^ b},
}
LEAVES = {"arithmetic": tuple(map(str, range(BASE))), "boolean": ("false", "true")}
FULL = 0.5  # probability that a child which need not be as deep as it may is an expression, at each level
Depth = Annotated[int, Range(1, 10)]


@dataclass(kw_only=True, eq=False)
class Expressions(GeneratedDataset, TreeDataset):
    """Sample: an expression such as `( ( 1 + 4 ) * 3 )`, as a tree whose inner nodes have operators; labels are values.

    Its depth is drawn from a range of its split: of deeper ones than were trained, none was seen. No expression is in two splits.
    A chain, and shapes that know nothing of the expression, read it with its brackets.

    Source: after Bowman, Potts and Manning 2015, Tree-structured composition in neural networks without tree-structured
    architectures, section 2 (there of logical entailment).

    Args:
        kind: "arithmetic" modulo 5 with + - *, or "boolean" with and, or, xor.
        depth: [least, most] levels of operators, for each split or for all.
        tokeniser: of the words.
        shape, labels: see `ReadTrees`.
        share: equal parts are one node, computed once.
    """

    kind: Literal["arithmetic", "boolean"]
    depth: PerSplit[Annotated[list[Depth], Count(2, rising=True)]]
    tokeniser: Tokeniser
    class_names: list[str]
    shape: Shape = "given"
    labels: Labels = "all"
    share: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self.least, self.most = for_split("depth", self.depth, self.split)
        if len(self.class_names) != len(LEAVES[self.kind]):
            raise BadInput(f"`class_names` must be the {len(LEAVES[self.kind])} values: {', '.join(LEAVES[self.kind])}")
        if self.share and self.shape != "given":
            raise BadInput(f"`share`=true shares parts of expressions, and `shape`={self.shape} has none")
        self.tokenisers = {"source": self.tokeniser}
        self.arity = 1 if self.shape == "chain" else 2

    def fit_tokenisers(self) -> dict[str, Tokeniser]:
        """Every word that there is, whatever a split happens to have."""
        return {"source": self.tokeniser.fitted([[*LEAVES[self.kind], *OPERATORS[self.kind], "(", ")"]])}

    def tree(self, index: int) -> Tree:
        random = self.generator(index)
        what = f"`depth`={[self.least, self.most]}"
        tree = draw_for_split(self.split, lambda: self._draw(random), lambda tree: " ".join(tree.text), what)
        tree = reshaped(shared(tree) if self.share else tree, self.shape, self.generator(index, 1))
        return tree._replace(labels=(*[None] * (len(tree.labels) - 1), tree.labels[-1])) if self.labels == "root" else tree

    def make(self, index: int) -> object:
        return TreeDataset.__getitem__(self, index)

    def _draw(self, random: np.random.Generator) -> Tree:
        nodes: list[tuple[str, int, tuple[int, ...]]] = []

        def build(depth: int) -> tuple[int, list[str]]:
            if depth == 0:
                value = int(random.integers(len(LEAVES[self.kind])))
                nodes.append((LEAVES[self.kind][value], value, ()))
                return len(nodes) - 1, [nodes[-1][0]]
            depths = [depth - 1, 0]
            while depths[1] < depth - 1 and random.random() < FULL:
                depths[1] += 1
            (left, before), (right, behind) = map(build, depths if random.random() < 0.5 else depths[::-1])
            word = list(OPERATORS[self.kind])[random.integers(len(OPERATORS[self.kind]))]
            nodes.append((word, int(OPERATORS[self.kind][word](nodes[left][1], nodes[right][1])), (left, right)))
            return len(nodes) - 1, ["(", *before, word, *behind, ")"]

        _, text = build(int(random.integers(self.least, self.most + 1)))
        words, labels, children = zip(*nodes, strict=True)
        return Tree(words, labels, children, tuple(text))


def read_expression(text: str, location: str) -> Tree:
    """The tree of an expression such as `((1 + 4) * 3)`, without values. The outer brackets may be left out.

    Raises:
        BadInput: anything else.
    """
    pieces = re.findall(r"[()]|[-+*]|\w+|\S", text)
    operators = {word for each in OPERATORS.values() for word in each}
    nodes: list[tuple[str, None, tuple[int, ...]]] = []
    rest = iter([*pieces, ""])

    def take(wanted: Callable[[str], bool], what: str) -> str:
        if not wanted(piece := next(rest, "")):
            raise BadInput(f"{location}: {f'before {piece!r}' if piece else 'at the end'} {what} is missing")
        return piece

    def build() -> int:
        piece = take(lambda piece: piece not in {"", ")", *operators}, "a value or a bracket")
        if piece != "(":
            nodes.append((piece, None, ()))
            return len(nodes) - 1
        node = operation()
        take(lambda piece: piece == ")", "a closing bracket, which each operation has,")
        return node

    def operation() -> int:
        left = build()
        word = take(lambda piece: piece in operators, f"an operator ({' '.join(sorted(operators))})")
        nodes.append((word, None, (left, build())))
        return len(nodes) - 1

    bare = pieces[:1] != ["("] or _closes(pieces) < len(pieces) - 1
    operation() if bare and len(pieces) > 1 else build()
    take(lambda piece: not piece, "the end, as each operation has brackets of its own,")
    words, labels, children = zip(*nodes, strict=True)
    whole = ["(", *pieces, ")"] if bare and len(pieces) > 1 else pieces
    return Tree(words, labels, children, tuple(whole), location)


def _closes(pieces: Sequence[str]) -> int:
    """Where the bracket is closed that is opened first."""
    depth = 0
    for i, piece in enumerate(pieces):
        depth += (piece == "(") - (piece == ")")
        if not depth:
            return i
    return len(pieces)
