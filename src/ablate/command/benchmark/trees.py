"""Trees: how many a second, one by one and all trees of a batch by height, for each composition."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from lightning.fabric.utilities import move_data_to_device

from ablate.analysis.cost import interleaved, medians
from ablate.command.benchmark.common import DEVICE, step
from ablate.console import print_table
from ablate.data.text.tokeniser import PAD, SPECIAL
from ablate.data.tree.dataset import TreeSample, collate
from ablate.data.tree.tree import Shape, Tree, reshaped
from ablate.errors import BadInput
from ablate.model.tree.composition.base import Composition
from ablate.model.tree.composition.child_sum import ChildSum
from ablate.model.tree.composition.nary import Nary
from ablate.model.tree.composition.plain import Plain, TensorNetwork
from ablate.model.tree.network import RecursiveNetwork

BATCH, WORDS, SIZE, REPEATS = 25, 19, 150, 3  # a batch, and a sentence, of the sentiment treebank; numbers in a state
COMPOSITIONS: dict[str, type[Composition]] = {"child_sum": ChildSum, "nary": Nary, "plain": Plain, "tensor": TensorNetwork}
TENSOR = 30  # numbers in a state of the tensor network, as published


def run(overrides: Sequence[str]) -> None:
    """Forward and backward over the same trees, batched and one by one."""
    if overrides:
        raise BadInput(f"benchmark.py trees takes no overrides, such as {overrides[0]}: it builds no config")
    torch.manual_seed(0)
    shapes: tuple[Shape, ...] = ("random", "balanced", "chain")
    rows = []
    for name, composition in COMPOSITIONS.items():
        network = RecursiveNetwork(
            len(SPECIAL) + WORDS, SIZE, partial(composition, hidden_size=TENSOR if name == "tensor" else SIZE), 5
        ).to(DEVICE)
        for shape in shapes:
            samples = [sample(shape, seed) for seed in range(BATCH)]
            together, single = (
                move_data_to_device(collate(samples, 2), DEVICE),
                [move_data_to_device(collate([each], 2), DEVICE) for each in samples],
            )
            work = {
                "batched": step(network, lambda network=network, batch=together: network(batch)),
                "single": step(network, lambda network=network, batches=single: torch.cat([network(each) for each in batches])),
            }
            t = medians(interleaved(work, REPEATS))
            speeds = [f"{BATCH / t[way]:.0f}" for way in ("batched", "single")]
            rows.append((name, shape, f"{len(together.nodes_at)}", *speeds, f"{t['single'] / t['batched']:.1f}"))
    title = f"forward and backward of {BATCH} trees of {WORDS} words on {DEVICE}"
    print_table(title, ("composition", "shape", "levels", "trees a second", "one by one", "times"), rows)


def sample(shape: Shape, seed: int) -> TreeSample:
    """A tree over WORDS words."""
    words = tuple(map(str, range(WORDS)))
    chain = Tree(words, (None,) * (WORDS - 1) + (0,), ((), *((i,) for i in range(WORDS - 1))))
    tree = reshaped(chain, shape, np.random.default_rng(seed))
    return TreeSample(tree, [PAD if word is None else len(SPECIAL) + int(word) for word in tree.words], seed)
