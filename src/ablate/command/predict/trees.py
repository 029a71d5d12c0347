"""What a network over trees says of new ones: trees in brackets, expressions, or plain text."""

from itertools import pairwise
from pathlib import Path

import numpy as np

from ablate.command.predict.texts import encode
from ablate.data.batch import TreeBatch
from ablate.data.synthetic.expressions import Expressions, read_expression
from ablate.data.text.tokeniser import PAD
from ablate.data.tree.dataset import TreeSample, collate, normalised
from ablate.data.tree.tree import PIECE, Tree, height_order, parse, parse_words, reshaped, shared
from ablate.errors import BadInput
from ablate.figure.tree import nodes_of, plot_trees, root_gradient
from ablate.task.tree_classification import TreeClassification

EXPRESSIONS = f"{Expressions.__module__}.{Expressions.__name__}"


def tree_of(task: TreeClassification, text: str) -> Tree:
    """A text as the network was trained to read it.

    An expression, where it was trained on these, such as `(1 + 4) * 3`. Else a tree in brackets, with labels, such as
    `(3 (2 not) (1 bad))`, which are not read, or without, such as `(not (so bad))`. Words without brackets are read as a balanced
    tree, or in the shape that all trees of the training had.

    Raises:
        BadInput: brackets that do not match, an expression that is none, an empty text.
    """
    options = task.trained_on("dataset")
    shape, shown = options.get("shape", "given"), f"input={text!r}"
    if not text.strip():
        raise BadInput(f"{shown} is an empty text")
    if options["_target_"] == EXPRESSIONS:
        tree = read_expression(text, shown)
        tree = shared(tree) if options.get("share") else tree
    else:
        tree = normalised(_in_brackets(text, shown), task.tokenisers["source"])
        shape = "balanced" if shape == "given" and "(" not in text and len(tree.tokens) > 1 else shape
    tree = reshaped(tree, shape, np.random.default_rng(0))._replace(location=shown)
    return tree._replace(labels=(None,) * len(tree.words))


def tree_batch(task: TreeClassification, text: str) -> TreeBatch:
    """A batch of the tree of one text; print which of its words the network does not know."""
    tree = tree_of(task, text)
    encode(task.tokenisers["source"], [word for word in tree.words if word is not None], tree.location)
    return _batch(task, tree)


def draw_tree(task: TreeClassification, text: str, file: Path) -> None:
    """The tree with the class of each node."""
    tree = tree_of(task, text)
    batch = task.transfer_batch_to_device(_batch(task, tree), task.device, 0)
    logits, gradient = root_gradient(task.model, batch)
    words = [tree.words[n] or "" for _, n in height_order([tree])]
    figure = plot_trees([(text, nodes_of(batch, logits.argmax(1), gradient, words))], task.trained_on("class_names"))
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=120)


def _batch(task: TreeClassification, tree: Tree) -> TreeBatch:
    arity, most = task.model.composition.arity, max(map(len, tree.children))
    if arity is not None and most > arity:
        raise BadInput(f"{tree.location}: a node has {most} children, and a node of this network has {arity} at most")
    number = task.tokenisers["source"].vocabulary.encode
    return collate([TreeSample(tree, [PAD if word is None else number([word])[0] for word in tree.words], 0)], most)


def _in_brackets(text: str, shown: str) -> Tree:
    """With labels, where a number stands behind every opening bracket."""
    labels = [label for piece, label in pairwise(PIECE.findall(text)) if piece == "("]
    return (parse if labels and all(map(str.isdecimal, labels)) else parse_words)(text, shown)
