"""Two recurrent layers against a loop by hand; which of them learns from what; labels in a sequence, with their end."""

import math
from functools import partial
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from commands import QUIET, compose
from lightning.pytorch import Trainer
from networks import minimise
from refusals import refusals
from sequence_data import opened_option

from ablate.analysis.cost import cost
from ablate.data.batch import IGNORE, PictureBatch
from ablate.data.synthetic.placed_digits import END as LAST
from ablate.model.glimpse.base import Glimpses, Policy
from ablate.model.glimpse.dram import DRAM
from ablate.model.glimpse.ram import RAM
from ablate.model.glimpse.sensor import glimpse
from ablate.model.recurrent.cell.gru import GRU
from ablate.model.recurrent.cell.lstm import LSTM
from ablate.model.recurrent.cell.unshared import Unshared
from ablate.run.build import build
from ablate.task.glimpse_classification import GlimpseClassification
from ablate.task.glimpse_sequence import GlimpseSequence

SIZES = dict(width=10, scales=2, channels=2, glimpse_size=11, class_size=6, location_size=5, coarse=9)
PARTS = ("what", "where", "bottom", "head", "top", "context", "locator", "baseline")
END = 3
TARGET = [[0, 1, END], [2, END, IGNORE], [END, IGNORE, IGNORE], [1, 1, END], [2, 0, END]]


def network(cell=LSTM, **options):
    torch.manual_seed(0)
    return DRAM(partial(cell, hidden_size=7), END + 1, **{"glimpses": 2, "labels": 3} | SIZES | options)


def batch(size=27):
    random = torch.Generator().manual_seed(0)
    image, place = torch.rand(5, 1, size, size, generator=random), torch.rand(5, 2, 2, generator=random) * 2 - 1
    return PictureBatch(image, torch.tensor(TARGET), place, torch.arange(5))


def convolved(layers, x):
    """Three convolutions and a dense layer, spelt out."""
    for i in (0, 2, 4):
        x = F.conv2d(x, layers[i].weight, layers[i].bias).relu()
    return x.flatten(1) @ layers[7].weight.T + layers[7].bias


@pytest.mark.parametrize("cell, context", [(LSTM, True), (GRU, True), (LSTM, False), (partial(Unshared, steps=6), True)])
def test_the_network_is_its_equations(cell, context):
    net, data, noise = network(cell, context=context), batch(), torch.randn(5, 6, 2)
    found = net(data.image, noise)
    first, second = net.bottom.initial_state(5), net.top.initial_state(5)
    if context:
        second = second._replace(hidden=convolved(net.context, data.image.view(5, 1, 9, 3, 9, 3).mean((3, 5))).tanh())
    for t in range(6):
        mean = net.gaze.locator[2](net.gaze.locator[0](second[0]).relu()).tanh()
        place = (mean + 0.15 * noise[:, t]).clamp(-1, 1).detach()
        what = convolved(net.what, glimpse(data.image, place, 10, 2)).relu()
        r1, first = net.bottom(what * (place @ net.where.weight.T + net.where.bias).relu(), first)
        r2, second = net.top(r1, second)
        torch.testing.assert_close(found.location[:, t], place)
        torch.testing.assert_close(found.logits[:, t], net.head[2](net.head[0](r1).relu()))
    assert r2.shape == (5, 7) and (net.context is None) != context


def learning(net, loss):
    """Which parts of the network get a gradient."""
    net.zero_grad()
    loss.backward(retain_graph=True)
    parts = dict([*net.named_children(), *net.gaze.named_children()])
    return {name for name in PARTS if any(p.grad is not None and p.grad.abs().sum() > 0 for p in parts[name].parameters())}


def test_classes_teach_what_is_seen_and_the_reward_teaches_both_layers():
    """No class reads the coarse picture, whose network therefore learns from the reward alone."""
    net, data = network(), batch()
    found = net(data.image, torch.randn(5, 6, 2))
    assert learning(net, found.logits.square().sum()) == {"what", "where", "bottom", "head"}
    assert learning(net, found.policy.log_probability.sum()) == {"what", "where", "bottom", "top", "context", "locator"}
    assert learning(net, found.policy.log_probability[:, 0].sum()) == {"context", "locator"}  # nothing was seen before
    assert learning(net, found.policy.baseline.sum()) == {"baseline"}
    image = data.image.clone().requires_grad_()
    noise, net = torch.zeros(5, 6, 2), network(locations="centre")
    (seen,) = torch.autograd.grad(net(image, noise).logits.sum(), image)
    assert not seen[:, :, :3].any() and seen.any()  # beyond the patches nothing of the picture reaches a class


def test_the_loss_of_a_sequence_is_a_loop_over_labels():
    """By hand: what is beyond the first wrong label does not count, the reward is whether a glimpse's own label is right."""
    right = [[True, False, True], [True, True, None], [False, None, None], [False, True, True], [True, True, True]]
    task = GlimpseSequence(network(), None, END + 1, policy_weight=0.5)
    random = torch.Generator().manual_seed(1)
    logits = torch.randn(5, 6, END + 1, generator=random)
    log_probability, baseline = torch.randn(2, 5, 6, generator=random)
    total = 0.0
    for b in range(5):
        going = True
        for s, label in enumerate(TARGET[b]):
            if label == IGNORE:
                continue
            logits[b, 2 * s + 1, label if right[b][s] else (label + 1) % 4] = 5.0
            score = float(right[b][s])
            if not going:
                continue
            total -= float(logits[b, 2 * s + 1].log_softmax(0)[label]) / 5
            for t in (2 * s, 2 * s + 1):
                total += float((score - baseline[b, t]) ** 2) / (5 * 6)
                total -= 0.5 * float((score - baseline[b, t]) * log_probability[b, t]) / 5
            going = right[b][s]
    found = Glimpses(logits, torch.zeros(5, 6, 2), Policy(log_probability, baseline, torch.zeros(5, 6)))
    target = torch.tensor(TARGET)
    assert float(task.loss(found, target)) == pytest.approx(total, rel=1e-5)
    whole = F.cross_entropy(logits[:, 1::2].flatten(0, 1), target.flatten(), ignore_index=IGNORE, reduction="sum") / 5
    assert float(task.eval().loss(found._replace(policy=None), target)) == pytest.approx(float(whole), rel=1e-5)


def test_a_sequence_is_right_where_its_end_is():
    task = GlimpseSequence(network(), None, END + 1).eval()
    said = torch.tensor([[0, 1, END], [2, END, 0], [0, END, END], [1, END, END], [2, 0, 0]])  # right, right, and three that are not
    logits = F.one_hot(said.repeat_interleave(2, 1), END + 1).float() * 9
    logits[:, ::2] = 0  # nothing is known after the first of both glimpses: then the class is 0
    task.model.forward = lambda image, noise, place: Glimpses(logits, torch.zeros(5, 6, 2))
    task._update("val", task.step(batch()))
    scores = {name: float(metric.compute()) for name, metric in task.metrics["val_"].items() if name == "sequence_accuracy"}
    scores |= {k: float(v) for m in ("scores", "accuracy_at") for k, v in task.metrics["val_"][m].compute().items()}
    assert scores["sequence_accuracy"] == pytest.approx(2 / 5)
    assert scores["accuracy"] == scores["accuracy_at/2"] == pytest.approx((3 + 2 + 0 + 2 + 2) / 12)
    assert scores["accuracy_at/1"] == pytest.approx(2 / 12)  # two of twelve labels are 0


@pytest.mark.parametrize("kind, most", [("cluttered", 2), ("pairs", 3), ("sum", 3)])
def test_digits_are_named_from_left_to_right_and_sums_are_written(kind, most):
    data, plain = (opened_option("placed_digits", dataset__kind=kind, dataset__labels=each) for each in ("sequence", "class"))
    config = data.inferred_config()
    assert (config["max_labels"], config["num_classes"], config["class_names"][LAST]) == (most, 11, "end")
    names, ends = plain.inferred_config()["class_names"], set()
    for i in range(40):
        one, other = data[i], plain[i]
        assert (one.image == other.image).all() and one.place[:, 1].tolist() == sorted(one.place[:, 1])
        digits = one.target[: one.target.index(LAST)]
        told = names[other.target]
        assert "".join(map(str, digits)) == told if kind != "pairs" else sorted(digits) == [int(told[0]), int(told[-1])]
        ends.add(len(digits))
        assert len(one.target) == most and set(one.target[len(digits) + 1 :]) <= {IGNORE}
    assert ends == {"sum": {1, 2}, "pairs": {2}, "cluttered": {1}}[kind]
    picture = data.collate([data[0]]).image[0, 0]
    y, x = ((data[0].place[0] + 1) / 2 * 60).astype(int) if kind != "cluttered" else (30, 30)
    assert kind == "cluttered" or kind == "sum" or picture[y - 9 : y + 9, x - 9 : x + 9].sum() > 10


def test_a_glimpse_costs_the_same_in_any_picture_and_rows_are_independent():
    net, data, noise = network().eval(), batch(), torch.randn(5, 6, 2)
    torch.testing.assert_close(net(data.image[2:3], noise[2:3]).logits, net(data.image, noise).logits[2:3])
    assert cost(net, data.image).multiply_adds == cost(net, batch(90).image).multiply_adds


def test_controls_look_where_they_are_told_to():
    data, noise = batch(), torch.randn(5, 6, 2)
    look = lambda locations: network(locations=locations)(data.image, noise, data.place).location  # noqa: E731
    assert not look("centre").any() and torch.equal(look("oracle"), data.place[:, [0, 1] * 3])
    torch.testing.assert_close(look("random"), torch.erf(noise / math.sqrt(2)))


@pytest.mark.parametrize("model, slow", [("dram", {"top", "context", "gaze"}), ("ram", {"gaze"})])
def test_what_learns_from_the_reward_alone_has_a_rate_of_its_own(model, slow):
    words = ["experiment=dram_pairs", f"model={model}", "data.num_classes=11", "data.max_labels=3", "optimizer.lr=0.5"]
    task = build(compose(*words, "task.policy_rate=0.01", "model.learn_deviation=true"), "task")
    task._trainer = SimpleNamespace(estimated_stepping_batches=10)
    made = task.configure_optimizers()
    groups = made["optimizer"].param_groups
    assert [group["lr"] for group in groups] == [0.5, 0.005] and made["lr_scheduler"]["scheduler"].get_last_lr() == [0.5, 0.005]
    names = {id(parameter): name.split(".")[0] for name, parameter in task.model.named_parameters()}
    assert {names.pop(id(parameter)) for parameter in groups[1]["params"]} == slow
    assert not {names.pop(id(parameter)) for parameter in groups[0]["params"]} & slow and not names
    task.policy_rate = 1.0
    assert len(task.configure_optimizers()["optimizer"].param_groups) == 1


def checked(model, data, task=GlimpseSequence, **options):
    task(model, None, END + 1, **options).check(data, Trainer(**QUIET))


def one_class():
    data = batch()
    return data._replace(target=data.target[:, 0])


test_what_does_not_fit_is_one_line = refusals(
    (lambda: checked(network(), batch(19)), "width=10 and scales=2 see 20 pixels, a picture has 19×19"),
    (lambda: checked(network(coarse=28), batch(27)), "coarse=28 pixels are more than a picture has: 27×27"),
    (lambda: checked(network(labels=2), batch()), "a picture has up to 3 labels, its end among them, and labels=2"),
    (lambda: checked(network(), one_class(), GlimpseClassification), "labels=3 is for sequences: .* one class, labels=1"),
    (lambda: checked(network(labels=1), batch(), GlimpseClassification), "are pictures with a sequence of classes each"),
    (lambda: network(glimpses=0), "glimpses=0 must be a whole number between 1 and"),
    (lambda: network(labels=0), "labels=0 must be a whole number between 1 and"),
    (lambda: network(width=8), "width=8 must be a whole number between 9 and"),
    (lambda: network(coarse=5), "coarse=5 must be a whole number between 9 and"),
    (lambda: opened_option("placed_digits", dataset__labels="sequences"), "labels='sequences' is unknown; did you mean 'sequence'"),
)


@pytest.mark.slow
@pytest.mark.parametrize("model", ["dram", "ram"])
def test_sequences_of_one_batch_are_learned(model):
    torch.manual_seed(0)
    words = ["data.image_size=60", "data.num_classes=11", "data.max_labels=3", "model.locations=oracle", "model.glimpses=1"]
    words += ["task.cut=false", "model.glimpse_size=64"]
    task = build(compose("experiment=dram_pairs", f"model={model}", *words), "task")
    data = opened_option("placed_digits", dataset__kind="pairs", dataset__labels="sequence", image_size=60)
    samples = data.collate([data[i] for i in range(4)])
    minimise(lambda: task.step(samples).loss, torch.optim.AdamW(task.parameters(), 0.006), 40)
    assert task.eval().step(samples).prediction.classes.tolist() == samples.target.tolist()
    assert isinstance(task.model, DRAM if model == "dram" else RAM)
