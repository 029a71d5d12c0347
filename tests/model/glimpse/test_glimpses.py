"""The sensor against loops over pixels; the places' gradient against what is expected; what has none."""

import math
from functools import partial

import pytest
import torch
from commands import QUIET, ROOT, compose
from lightning.pytorch import Trainer
from refusals import refusals
from torch.distributions import Normal

from ablate.ablation.spec.read import load
from ablate.analysis.cost import cost
from ablate.data.batch import PictureBatch
from ablate.figure.colours import CORRECT, INCORRECT, UNJUDGED
from ablate.figure.glimpses import Path, plot_locations, plot_paths, retina
from ablate.loss.reinforce import reinforce
from ablate.metric.location import BINS, LocationScores
from ablate.metric.stepwise import AccuracyByStep
from ablate.model.glimpse.base import PictureModel
from ablate.model.glimpse.ram import RAM
from ablate.model.glimpse.sensor import crop, glimpse
from ablate.model.glimpse.whole import WholePicture
from ablate.model.recurrent.cell.elman import Elman
from ablate.model.recurrent.cell.gru import GRU
from ablate.model.recurrent.cell.lstm import LSTM
from ablate.run.build import build
from ablate.task.glimpse_classification import GlimpseClassification

SIZES = dict(patch_size=7, place_size=5, glimpse_size=11, location_size=6)
CORE = ("sensed", "placed", "what", "where", "cell", "head")


def network(cell=GRU, **options):
    torch.manual_seed(0)
    return RAM(partial(cell, hidden_size=9), 10, **{"width": 4, "scales": 2, "glimpses": 3} | SIZES | options)


def batch(size=20, count=6):
    random = torch.Generator().manual_seed(0)
    image, place = torch.rand(count, 1, size, size, generator=random), torch.rand(count, 2, 2, generator=random) * 2 - 1
    return PictureBatch(image, torch.arange(count) % 10, place, torch.arange(count))


def test_the_sensor_is_a_loop_over_pixels():
    image = torch.rand(9, 1, 13, 17)
    location = torch.cat([torch.tensor([[-1.0, -1], [1, 1], [0, 0]]), torch.rand(6, 2) * 2 - 1])
    for width in (4, 5):
        seen = glimpse(image, location, width, 3)
        for b in range(9):
            for k in range(3):
                wide = width * 2**k
                top, left = (round(float((location[b, i] + 1) / 2 * (13, 17)[i] - wide / 2)) for i in (0, 1))
                for y in range(width):
                    for x in range(width):
                        total = 0.0
                        for r in range(top + y * 2**k, top + (y + 1) * 2**k):
                            for c in range(left + x * 2**k, left + (x + 1) * 2**k):
                                total += float(image[b, 0, r, c]) if 0 <= r < 13 and 0 <= c < 17 else 0.0
                        assert float(seen[b, k, y, x]) == pytest.approx(total / 4**k, abs=1e-6)
    assert torch.equal(crop(image, torch.zeros(9, 2), 5)[:, 0], image[:, 0, 4:9, 6:11])


@pytest.mark.parametrize("baseline", [0.0, 0.4])
@pytest.mark.parametrize("m, threshold", [(0.2, 0.5), (-0.3, -0.4)])
def test_reinforce_is_the_gradient_of_the_expected_reward(m, threshold, baseline):
    """R = 1 where l > c: d/dμ P(l > c) = N(c; μ, σ²), d/dσ is (c - μ)/σ times that; l at the quantiles of N(μ, σ²)."""
    mean, deviation = (torch.tensor(each, dtype=torch.double, requires_grad=True) for each in (m, 0.3))
    z = Normal(0, 1).icdf((torch.arange(200_000, dtype=torch.double) + 0.5) / 200_000)
    drawn = (mean + deviation * z).detach()
    baselines = torch.full((len(z), 1), baseline, dtype=torch.double)
    loss = reinforce(Normal(mean, deviation).log_prob(drawn)[:, None], (drawn > threshold)[:, None].double(), baselines)
    by_mean, by_deviation = torch.autograd.grad(loss, (mean, deviation))
    density = math.exp(-(((threshold - m) / 0.3) ** 2) / 2) / (0.3 * math.sqrt(2 * math.pi))
    assert -by_mean.item() == pytest.approx(density, rel=1e-3)
    assert -by_deviation.item() == pytest.approx(density * (threshold - m) / 0.3, rel=1e-3)


def gradients(task, loss):
    """The length of the gradient of each part of the network."""
    task.zero_grad()
    loss.backward()
    norm = lambda part: sum(float(p.grad.norm()) for p in part.parameters() if p.grad is not None)  # noqa: E731
    return {name: norm(part) for name, part in [*task.model.named_children(), *task.model.gaze.named_children()]}


def test_the_class_teaches_the_core_and_the_reward_teaches_the_places():
    task, data = GlimpseClassification(network(), None, 10, policy_weight=1.0), batch()
    image, noise, place = task.inputs(data)
    found = task.model(image, noise, place)
    lengths = gradients(task, torch.nn.functional.cross_entropy(found.logits[:, -1], data.target))
    assert lengths["locator"] == lengths["baseline"] == 0 and all(lengths[name] > 0 for name in CORE)
    found = task.model(image, noise, place)
    reward = torch.tensor([1.0, 0, 0, 1, 0, 0])[:, None].expand(6, 3)
    lengths = gradients(task, reinforce(found.policy.log_probability, reward, found.policy.baseline))
    assert lengths["locator"] > 0 and not any(lengths[name] for name in (*CORE, "baseline"))
    lengths = gradients(task, task.model(image, noise, place).policy.baseline.sum())
    assert lengths["baseline"] > 0 and not any(lengths[name] for name in (*CORE, "locator"))


@pytest.mark.parametrize("cell", [Elman, GRU, LSTM])
def test_places_are_where_they_are_said_to_be(cell):
    data, noise = batch(), torch.randn(6, 3, 2)
    look = lambda locations, noise=noise: network(cell, locations=locations)(data.image, noise, data.place)  # noqa: E731
    assert not look("centre").location.any() and look("centre").policy is None
    assert torch.equal(look("oracle").location, data.place[:, [0, 1, 0]])
    torch.testing.assert_close(look("random").location, 2 * Normal(0, 1).cdf(noise) - 1)
    learned, means = look("learned"), look("learned", None)
    assert torch.equal(means.location[0, 0], means.location[5, 0]) and learned.location.abs().max() <= 1
    torch.testing.assert_close(learned.location[:, 0], (means.location[:, 0] + 0.15 * noise[:, 0]).clamp(-1, 1))
    wide = network(cell, deviation=3.0)(data.image, noise, None).policy.log_probability[:, 0]  # of what was drawn, not of the edge
    expected = (-noise[:, 0].square() / 2 - math.log(3 * math.sqrt(2 * math.pi))).sum(1)
    torch.testing.assert_close(wide, expected)


def test_rows_are_independent_and_the_cost_does_not_know_the_size_of_the_picture():
    net, data, noise = network().eval(), batch(), torch.randn(6, 3, 2)
    together = net(data.image, noise).logits
    torch.testing.assert_close(net(data.image[2:3], noise[2:3]).logits, together[2:3])
    assert cost(net, data.image).multiply_adds == cost(net, batch(90).image).multiply_adds


def test_networks_that_see_all_are_as_large_or_as_costly_as_the_glimpses_they_are_compared_with():
    ablation = load(ROOT / "conf/ablation/glimpses.yaml")
    words = {run.cell: run.overrides for run in ablation.runs("quick")}
    costs = {}
    for cell in ("learned", "dense", "convolution"):
        cfg = compose(*words[cell], "data.num_classes=10", "data.max_labels=1")
        costs[cell] = cost(build(cfg, "model", PictureModel), torch.zeros(1, 1, cfg.data.image_size, cfg.data.image_size))
    assert costs["dense"].parameters == pytest.approx(costs["learned"].parameters, rel=0.01)
    assert costs["convolution"].multiply_adds == pytest.approx(costs["learned"].multiply_adds, rel=0.01)


def test_several_paths_are_averaged_and_the_same_each_time():
    task, data = GlimpseClassification(network(), None, 10, samples=4, evaluation_samples=3), batch()
    assert task.step(data).prediction.classes.shape == (6, 3)
    task.eval()
    noise = task.noise(data, 3)
    assert noise.shape == (18, 3, 2) and torch.equal(noise[6:9], task.noise(data._replace(index=data.index[2:3]), 3))
    logits = torch.stack([task.model(data.image, noise[i::3], None).logits for i in range(3)])
    assert torch.equal(task.step(data).prediction.classes, logits.softmax(3).mean(0).argmax(2))
    assert torch.equal(task.step(data).loss, task.step(data).loss)


def test_a_learned_deviation_gets_the_gradient_of_the_entropy():
    task = GlimpseClassification(network(learn_deviation=True), None, 10, policy_weight=0.0, entropy_weight=0.5)
    task.step(batch()).loss.backward()
    torch.testing.assert_close(task.model.gaze.log_deviation.grad, torch.full((2,), -0.5 * 3))  # H = log σ + …, three glimpses


def test_accuracy_after_each_glimpse():
    metric = AccuracyByStep(3)
    metric.update(torch.tensor([[0, 1, 1], [2, 2, 1]]), torch.tensor([1, 2]))
    metric.update(torch.tensor([[5, 5, 5], [5, 0, 5]]), torch.tensor([5, 5]))
    assert {name: float(value) for name, value in metric.compute().items()} == {
        "accuracy_at/1": 0.75,
        "accuracy_at/2": 0.75,
        "accuracy_at/3": 0.75,
    }


def test_places_are_counted_where_they_are_and_their_spread_is_that_of_each_glimpse():
    metric, places = LocationScores(2), torch.tensor([[[-1.0, 1.0], [0.55, 0.05]], [[-1.0, 1.0], [-0.45, 0.05]]])
    metric.update(places[:1])
    metric.update(places[1:])
    assert metric.counts[0, 0, BINS - 1] == 2 and metric.counts[1, 15, 10] == 1 and metric.counts[1, 5, 10] == 1
    assert metric.counts.sum((1, 2)).tolist() == [2, 2]
    assert float(metric.compute()["location_spread"]) == pytest.approx(math.sqrt((0 + 0.25) / 2))
    shown = [axes.images[0].get_array() for axes in plot_locations(metric.counts).axes[:3]]
    assert [float(each.max()) for each in shown] == [1.0, 0.5, 0.5] and shown[0][0, -1] == 1  # of each glimpse, and of both


def test_the_figure_lays_the_sharp_patch_over_the_coarse_one():
    patches = torch.stack([torch.ones(2, 2), torch.zeros(2, 2)]).numpy()
    assert retina(patches).tolist() == [[0, 0, 0, 0], [0, 1, 1, 0], [0, 1, 1, 0], [0, 0, 0, 0]]
    path = Path(
        torch.rand(20, 20), torch.zeros(3, 2), torch.rand(3, 2, 4, 4), ["1", "7", "7"], [0.2, 0.5, 0.9], ["7", "7", ""], "7"
    )
    figure = plot_paths([path, path])
    assert [axes.get_title() for axes in figure.axes[:4]] == ["7", "1 (0.20)", "7 (0.50)", "7 (0.90)"]
    assert [axes.title.get_color() for axes in figure.axes[1:4]] == [INCORRECT, CORRECT, UNJUDGED]
    assert [round(float(x), 3) for x in figure.axes[0].lines[0].get_xdata()] == [9.5] * 3


def checked(model, size, **options):
    GlimpseClassification(model(), None, 10, **options).check(batch(size), Trainer(**QUIET))


test_what_does_not_fit_is_one_line = refusals(
    (lambda: checked(network, 7), "width=4 and scales=2 see 8 pixels, a picture has 7×7"),
    (lambda: checked(network, 20, entropy_weight=0.1), "entropy_weight=0.1 has no gradient where the deviation"),
    (lambda: checked(partial(WholePicture, 10, 21, 8), 20), "made for image_size=21, a picture has 20×20"),
    (lambda: WholePicture(10, 9, 8, channels=2), "kernel=10 is larger than a picture of 9×9"),
    (lambda: network(glimpses=0), "glimpses=0 must be a whole number between 1 and"),
    (lambda: network(deviation=0), "deviation=0 must be a number above 0"),
    (lambda: network(locations="center"), "locations='center' is unknown; did you mean 'centre'"),
)


@pytest.mark.parametrize("model", ["ram", "picture_mlp", "picture_cnn"])
def test_one_batch_is_learned(model):
    torch.manual_seed(0)
    fixed = ["model.locations=centre"] * (model == "ram")
    task = build(compose("experiment=ram_digits", f"model={model}", "data.num_classes=10", "data.max_labels=1", *fixed), "task")
    data, optimizer = batch(28), torch.optim.AdamW(task.parameters(), 0.003)
    for _ in range(30):
        optimizer.zero_grad()
        task.step(data).loss.backward()
        optimizer.step()
    assert task.eval().step(data).prediction.classes[:, -1].tolist() == data.target.tolist()
