"""Recursive networks: a state for each node of a tree, from its leaves to its root, and logits from it."""

from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ablate.data.batch import TreeBatch
from ablate.data.text.tokeniser import PAD
from ablate.model.tree.composition.base import Children, Composition
from ablate.schema.options import Positive, ProperFraction, Width, checked


class TreeModel(nn.Module, ABC):
    """Logits of each node of a batch of trees."""

    @abstractmethod
    def forward(self, batch: TreeBatch) -> Float[Tensor, "n k"]:
        """Logits of all nodes, in the order of the batch."""


def bottom_up(composition: Composition, x: Float[Tensor, "n d"], batch: TreeBatch) -> Float[Tensor, "n h"]:
    """The hidden state of each node: all nodes of one height, over all trees of the batch, are one call of the composition.

    Backpropagation through it is backpropagation through structure (Goller and Küchler 1996): the gradient of the weights is the
    sum over nodes, and that of a node which several parents share is the sum over these.
    """
    states: tuple[Tensor, ...] = ()
    node, edge = 0, 0
    for nodes, edges in zip(batch.nodes_at, batch.edges_at, strict=True):
        here, below = slice(node, node + nodes), slice(edge, edge + edges)
        if edges:
            child = batch.child[below]
            children = Children(tuple(state[child] for state in states), batch.parent[below] - node, batch.place[below])
        else:
            children = composition.leafless(x[here])
        new = composition(x[here], children)
        states = tuple(torch.cat(pair) for pair in zip(states, new, strict=True)) if states else new
        node, edge = node + nodes, edge + edges
    return states[0]


class RecursiveNetwork(TreeModel):
    """logits_j = W_o h_j + b_o at every node j, h from the leaves up; the words' vectors are learned.

    Args:
        composition: called with the size of the words' vectors, it gives a `Composition`.
        dropout: of the words' vectors, and of what the head reads.
    """

    @checked
    def __init__(
        self,
        vocabulary_size: Positive,
        embedding_size: Width,
        composition: Callable[[int], Composition],
        num_classes: Positive,
        dropout: ProperFraction = 0.0,
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary_size, embedding_size, PAD)
        self.composition = composition(embedding_size)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(self.composition.hidden_size, num_classes)

    def forward(self, batch: TreeBatch) -> Float[Tensor, "n k"]:
        return self.head(self.dropout(bottom_up(self.composition, self.dropout(self.embedding(batch.token)), batch)))
