"""Trees: what a network says at each node, and how much of the gradient reaches it from the root."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from ablate.data.batch import IGNORE, TreeBatch
from ablate.data.text.tokeniser import PAD, SPECIAL
from ablate.data.tree.dataset import TreeSample, collate
from ablate.data.tree.tree import Shape, parse, reshaped
from ablate.figure.colours import DARK_GREY, FILLS, LIGHT_GREY, VERMILLION, WHITE
from ablate.figure.labels import printable
from ablate.model.tree.composition.child_sum import ChildSum
from ablate.model.tree.network import RecursiveNetwork, bottom_up

LEAF, LEVEL = 0.62, 0.55  # inches between leaves and between levels
THICKEST, MOST_LETTERS, SHORT = 5.0, 9, 2  # points of an edge that all of the gradient passes; letters of a word, of a class inside
ON_WHITE = {"facecolor": WHITE, "edgecolor": "none", "pad": 0.6}
SENTENCE = "(0 (0 not) (0 (0 a) (0 (0 bad) (0 film))))"


class Node(NamedTuple):
    """A node as it is drawn.

    Attributes:
        text: its word; "" where it has none.
        prediction, truth: classes; None where there is none to show.
        gradient: the norm of the gradient at its state, as a share of that at the root.
    """

    text: str
    children: tuple[int, ...]
    prediction: int | None = None
    truth: int | None = None
    gradient: float | None = None


def nodes_of(batch: TreeBatch, prediction: Tensor | None, gradient: Tensor, words: Sequence[str]) -> list[Node]:
    """The nodes of a batch of one tree.

    Args:
        prediction: a class for each node; None: none is shown.
        gradient: of the root's loss at each node's state.
        words: of each node.
    """
    children: list[list[int]] = [[] for _ in words]
    for parent, child in zip(batch.parent.tolist(), batch.child.tolist(), strict=True):
        children[parent].append(child)
    norms = gradient.norm(dim=1)
    shares = (norms / norms[batch.root[0]].clamp_min(1e-30)).tolist()
    truths = [None if target == IGNORE else target for target in batch.target.tolist()]
    predicted = [None] * len(words) if prediction is None else prediction.tolist()
    columns = zip(words, map(tuple, children), predicted, truths, shares, strict=True)
    return [Node(*each) for each in columns]


def plot_trees(trees: Sequence[tuple[str, Sequence[Node]]], class_names: Sequence[str] = ()) -> Figure:
    """Each tree under its title, the root on top; the fill of a node is its class, a red rim says that it is wrong.

    Edges grow with the square root of the gradient that reaches the child from the root.
    """
    places = [_places(nodes) for _, nodes in trees]
    widths = [LEAF * (1 + max(x for x, _ in place)) + 0.4 for place in places]
    height = LEVEL * (1 + max(y for place in places for _, y in place)) + 0.9
    figure = Figure(figsize=(max(5.0, max(widths)), height * len(trees) + 0.5 * bool(class_names)), layout="constrained")
    for axes, (title, nodes), place in zip(figure.subplots(len(trees), squeeze=False)[:, 0], trees, places, strict=True):
        _plot_tree(axes, nodes, place, class_names)
        axes.set_title(printable(title), fontsize=9, loc="left")
    if class_names:
        handles = [axes.scatter([], [], color=_fill(i), edgecolors=DARK_GREY, s=60) for i in range(len(class_names))]
        names = [printable(name) for name in class_names]
        figure.legend(handles, names, loc="outside lower center", ncols=min(6, len(names)), frameon=False, fontsize=8)
    return figure


def _plot_tree(axes: Axes, nodes: Sequence[Node], places: Sequence[tuple[float, float]], class_names: Sequence[str]) -> None:
    for node, (x, y) in zip(nodes, places, strict=True):
        for child in node.children:
            share = nodes[child].gradient
            wide = 1.0 if share is None else max(0.4, min(THICKEST, THICKEST * share**0.5))
            axes.plot([x, places[child][0]], [y, places[child][1]], color=LIGHT_GREY, lw=wide, zorder=1)
    for node, (x, y) in zip(nodes, places, strict=True):
        wrong = None not in (node.prediction, node.truth) and node.prediction != node.truth
        fill = WHITE if node.prediction is None else _fill(node.prediction)
        rim, thick = (VERMILLION, 2.0) if wrong else (DARK_GREY, 0.8)
        axes.scatter([x], [y], s=230, color=fill, edgecolors=rim, linewidths=thick, zorder=2)
        if node.prediction is not None and len(name := class_names[node.prediction]) <= SHORT:
            axes.text(x, y, printable(name), ha="center", va="center", fontsize=8, zorder=3)
        word = printable(node.text if len(node.text) <= MOST_LETTERS else f"{node.text[: MOST_LETTERS - 1]}…")
        right, up, side = (0.2, 0.28, "left") if node.children else (0.0, -0.42, "center")
        axes.text(x + right, y + up, word, ha=side, va="center", fontsize=8, bbox=ON_WHITE, zorder=3)
    axes.set(xlim=(-0.7, max(x for x, _ in places) + 0.7), ylim=(-0.75, max(y for _, y in places) + 0.6))
    axes.set_axis_off()


def _places(nodes: Sequence[Node]) -> list[tuple[float, float]]:
    """Leaves beside each other in the order in which they are reached from the root, a parent over the middle of its children."""
    places: dict[int, tuple[float, float]] = {}
    leaves = 0

    def place(i: int) -> None:
        nonlocal leaves
        for child in nodes[i].children:
            if child not in places:
                place(child)
        below = [places[child] for child in nodes[i].children]
        if not below:
            places[i], leaves = (float(leaves), 0.0), leaves + 1
        elif len(below) == 1:  # a chain leans
            places[i] = (below[0][0] + 1, below[0][1] + 1)
        else:
            places[i] = (sum(x for x, _ in below) / len(below), 1 + max(y for _, y in below))

    roots = set(range(len(nodes))) - {child for node in nodes for child in node.children}
    for root in sorted(roots):
        place(root)
    return [places[i] for i in range(len(nodes))]


def _fill(number: int) -> str:
    return FILLS[number % len(FILLS)]


def tree_beside_chain() -> Figure:
    """One network with random weights over a sentence, as a tree and as a chain; edges show the gradient of the last state."""
    torch.manual_seed(0)
    tree = parse(SENTENCE, "SENTENCE")
    network = RecursiveNetwork(len(SPECIAL) + len(tree.tokens), 16, partial(ChildSum, hidden_size=16), 2)
    titles: dict[Shape, str] = {
        "given": "A tree: words are leaves",
        "chain": "A chain: each word has the state before it as its child",
    }
    drawn = []
    for shape, title in titles.items():
        each = reshaped(tree, shape, np.random.default_rng(0))
        tokens = [PAD if word is None else len(SPECIAL) + tree.tokens.index(word) for word in each.words]
        batch = collate([TreeSample(each._replace(labels=(None,) * len(tokens)), tokens, 0)], arity=2)
        words = ["" if token == PAD else tree.tokens[token - len(SPECIAL)] for token in batch.token.tolist()]
        drawn.append((title, nodes_of(batch, None, root_gradient(network, batch)[1], words)))
    return plot_trees(drawn)


def root_gradient(network: RecursiveNetwork, batch: TreeBatch) -> tuple[Tensor, Tensor]:
    """The logits of all nodes, and the gradient of ‖h‖²/2 of the roots at the state h of each node."""
    kept: list[Tensor] = []
    handle = network.composition.register_forward_hook(lambda _, __, states: kept.append(states[0]))
    try:
        with torch.enable_grad():
            hidden = bottom_up(network.composition, network.embedding(batch.token), batch)
            found = torch.autograd.grad(hidden[batch.root].square().sum() / 2, kept, allow_unused=True)
    finally:
        handle.remove()
    gradient = [torch.zeros_like(state) if each is None else each for state, each in zip(kept, found, strict=True)]
    return network.head(hidden).detach(), torch.cat(gradient)
