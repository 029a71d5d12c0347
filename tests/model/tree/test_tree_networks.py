"""Recursive networks: by hand, batched against one by one, on chains against recurrent networks, on shared nodes against copies."""

from functools import partial

import numpy as np
import pytest
import torch
from lightning.pytorch import Trainer
from refusals import refusals

from ablate.data.text.tokeniser import Tokeniser
from ablate.data.tree.dataset import ReadTrees
from ablate.data.tree.tree import Tree, parse, reshaped, shared
from ablate.errors import BadInput
from ablate.figure.tree import nodes_of, plot_trees, root_gradient, tree_beside_chain
from ablate.model.recurrent.cell.lstm import LSTM
from ablate.model.recurrent.unroll import unroll
from ablate.model.tree.composition.child_sum import ChildSum
from ablate.model.tree.composition.nary import Nary
from ablate.model.tree.composition.plain import Plain, TensorNetwork
from ablate.model.tree.network import RecursiveNetwork, bottom_up
from ablate.task.tree_classification import TreeClassification

LINES = ["(3 (2 a) (4 b))", "(1 (2 (3 a) (0 b)) (1 (4 c) (2 (1 a) (0 d))))", "(2 c)", "(0 (1 (2 (3 b) (4 a)) (0 d)) (1 c))"]
COMPOSITIONS = {"child_sum": ChildSum, "nary": Nary, "plain": Plain, "tensor": TensorNetwork}
D, N, K = 3, 4, 5


def data(lines=LINES, **options):
    trees = [parse(line, f"f:{i}") if isinstance(line, str) else line for i, line in enumerate(lines)]
    opened = ReadTrees("train", read=lambda split: trees, tokeniser=Tokeniser(), class_names=list("01234"), **options)
    opened.set_tokenisers(opened.fit_tokenisers())
    return opened


def batch(opened, *chosen):
    return opened.collate([opened[i] for i in chosen or range(len(opened))])


def network(kind, seed=0):
    torch.manual_seed(seed)
    return RecursiveNetwork(9, D, partial(COMPOSITIONS[kind], hidden_size=N), K).double()


def by_hand(kind, composition, x, states):
    """The state of one node from the equations, with a loop over its children."""
    if kind in ("plain", "tensor"):
        below = torch.cat([*(h for (h,) in states), torch.zeros(2 * N - N * len(states), dtype=x.dtype)])
        product = torch.zeros(N, dtype=x.dtype)
        if kind == "tensor":
            product = torch.stack([below @ composition.tensor[k] @ below for k in range(N)])
        return (torch.tanh(composition.input(x) + composition.below.weight @ below + product),)
    i, o, g, f = composition.input(x).chunk(4)
    if kind == "child_sum":
        total = sum((h for h, _ in states), torch.zeros(N, dtype=x.dtype))
        di, do, dg = (composition.summed.weight @ total).chunk(3)
        kept = sum(torch.sigmoid(f + composition.single.weight @ h) * c for h, c in states)
    else:
        below = torch.cat([*(h for h, _ in states), torch.zeros(2 * N - N * len(states), dtype=x.dtype)])
        di, do, dg, *df = (composition.below.weight @ below).chunk(5)
        kept = sum(torch.sigmoid(f + d) * c for d, (_, c) in zip(df, states, strict=False))
    c = torch.sigmoid(i + di) * torch.tanh(g + dg) + kept
    return torch.sigmoid(o + do) * torch.tanh(c), c


@pytest.mark.parametrize("kind", COMPOSITIONS)
def test_every_node_is_what_the_equations_say_and_a_batch_is_what_its_trees_are(kind):
    opened, net = data(), network(kind)
    together = net(batch(opened))
    found = {}
    for i, tree in enumerate(opened.trees):
        states = []
        for token, children in zip(opened[i].tokens, tree.children, strict=True):
            states.append(by_hand(kind, net.composition, net.embedding.weight[token], [states[child] for child in children]))
        found[i] = net.head(states[-1][0])
        alone = batch(opened, i)
        torch.testing.assert_close(net(alone)[alone.root[0]], found[i])
    torch.testing.assert_close(together[batch(opened).root], torch.stack([found[i] for i in range(len(opened))]))
    together.sum().backward()
    gradients = [parameter.grad.clone() for parameter in net.parameters()]
    net.zero_grad()
    for i in range(len(opened)):  # the gradient of the weights is the sum over all nodes
        net(batch(opened, i)).sum().backward()
    for parameter, gradient in zip(net.parameters(), gradients, strict=True):
        torch.testing.assert_close(parameter.grad, gradient, atol=1e-10, rtol=1e-8)


def test_a_chain_is_an_lstm():
    """Child-Sum with one child a node, forward and backward, against the loop over time."""
    opened = data(["(0 (1 a) (2 (3 b) (4 (1 c) (2 a))))"], shape="chain")
    one, cell = batch(opened), LSTM(D, N).double()
    tree = ChildSum(D, N).double()
    with torch.no_grad():  # input, forget, candidate, output of the cell
        cell.weight_input.copy_(torch.cat([tree.input.weight.chunk(4)[i] for i in (0, 3, 2, 1)]))
        cell.bias.copy_(torch.cat([tree.input.bias.chunk(4)[i] for i in (0, 3, 2, 1)]))
        i, o, g = tree.summed.weight.chunk(3)
        cell.weight_hidden.copy_(torch.cat([i, tree.single.weight, g, o]))
    x = torch.randn(4, D, dtype=torch.double, requires_grad=True)
    hidden = bottom_up(tree, x, one)
    outputs = unroll(cell, x[None], fused="never")[0][0]
    torch.testing.assert_close(hidden, outputs)
    (towards,) = torch.autograd.grad(hidden[-1].sum(), x, retain_graph=True)
    (through_time,) = torch.autograd.grad(outputs[-1].sum(), x)
    torch.testing.assert_close(towards, through_time)


@pytest.mark.parametrize("kind", COMPOSITIONS)
def test_a_shared_node_is_computed_once_and_its_gradients_add(kind):
    """`(a + b) * (a + b)` as a graph with one sum, against the tree with two."""
    tree = parse("(0 (1 (2 a) (3 b)) (1 (2 a) (3 b)))", "f:1")
    graph = shared(tree)
    assert len(graph.words) == 4 and graph.children[-1] == (2, 2)
    net = network(kind)
    losses = []
    for each in (tree, graph):
        net.zero_grad()
        opened = data([each], labels="root")
        loss = torch.nn.functional.cross_entropy(net(batch(opened)), batch(opened).target)
        loss.backward()
        losses.append([loss.detach(), *(parameter.grad.clone() for parameter in net.parameters())])
    for one, other in zip(*losses, strict=True):
        torch.testing.assert_close(one, other)


def test_gradients_by_finite_differences():
    opened = data(LINES[1:2])
    one = batch(opened)
    for kind in COMPOSITIONS:
        composition = COMPOSITIONS[kind](D, N).double()
        x = torch.randn(len(one.token), D, dtype=torch.double, requires_grad=True)
        assert torch.autograd.gradcheck(lambda x, c=composition: bottom_up(c, x, one), x)


def test_shapes_over_the_same_words():
    tree, random = parse(LINES[1], "f:1"), np.random.default_rng(0)
    words = ("a", "b", "c", "a", "d")
    heights = {"chain": 4, "left": 4, "balanced": 3}
    for shape in ("chain", "left", "balanced", "random"):
        other = reshaped(tree, shape, random)
        assert other.tokens == words and other.labels[-1] == 1 and other.heights[-1] == heights.get(shape, other.heights[-1])
    assert reshaped(tree, "left", random).labels == (3, 0, None, 4, None, 1, None, 0, 1)
    assert reshaped(tree, "given", random) is tree


test_bad_trees_are_one_line = refusals(
    ("(3 (2 a) (4 b)", "f:1: 1 brackets are not closed"),
    ("(3 (2 a) (4 b)))", "f:1: '\\)' stands behind the tree's last bracket"),
    ("(3 (2 a) ( b))", "f:1: the label 'b' is no number|neither a word nor a child"),
    ("(3 (2 a) ((4 b)))", "f:1: node 3 has no label"),
    ("(3 (2 a b) (4 c))", "f:1: a node has the words 'a b'; a leaf has one word"),
    ("(3 (2 a) word)", "f:1: a node has the words 'word' beside children"),
    ("(3 (2) (4 b))", "f:1: a node has neither a word nor a child"),
    ("(x a)", "f:1: the label 'x' is no number of a class"),
    ("(3 a) (2 b)", "f:1: '\\(' stands behind the tree's last bracket"),
    ("a (3 b)", "f:1: 'a' stands outside of the brackets"),
    (")", "f:1: a bracket is closed that was not opened"),
    ("", "f:1: there is no tree"),
    of=lambda line: parse(line, "f:1"),
)


def test_a_node_with_more_children_than_the_network_has_weights_for():
    opened = data([Tree(("a", "b", "c", None), (0, 1, 2, 3), ((), (), (), (0, 1, 2)))])
    task = TreeClassification(network("nary"), None, K)
    trainer = Trainer(logger=False, enable_checkpointing=False)
    with pytest.raises(BadInput, match="a node has 3 children, and arity=2 is the most: model.composition.arity=3"):
        task.check(batch(opened), trainer)
    TreeClassification(network("child_sum"), None, K).check(batch(opened), trainer)


def test_the_figure_has_what_the_network_says_and_the_gradient_of_each_node():
    opened, net = data(LINES[1:2]), network("nary")
    one = batch(opened)
    logits, gradient = root_gradient(net, one)
    hidden = bottom_up(net.composition, net.embedding(one.token), one)
    torch.testing.assert_close(gradient[one.root], hidden[one.root].detach())  # of half its square
    torch.testing.assert_close(logits, net(one))
    nodes = nodes_of(one, logits.argmax(1), gradient, [str(i) for i in range(len(one.token))])
    assert nodes[-1].gradient == 1 and nodes[-1].children == (5, 7) and nodes[0].truth == 3
    assert all(parameter.grad is None for parameter in net.parameters())
    figure = plot_trees([("a tree", nodes)], list("01234"))
    assert len([text for text in figure.axes[0].texts if text.get_text() == "8"]) == 1
    assert len(tree_beside_chain().axes) == 2
