"""DRAW against its equations, against a variational autoencoder, and against known faults of implementations."""

import math
from functools import partial

import pytest
import torch
from commands import QUIET, compose
from lightning.pytorch import Trainer
from refusals import refusals
from torch import nn
from torch.distributions import Bernoulli, Independent, Normal, kl_divergence

from ablate.data.batch import BinaryPictureBatch
from ablate.metric.bound import CanvasChange, VariationalBound
from ablate.model.draw.filter_bank import Window
from ablate.model.draw.network import DRAW
from ablate.model.recurrent.cell.elman import Elman
from ablate.model.recurrent.cell.gru import GRU
from ablate.model.recurrent.cell.lstm import LSTM
from ablate.run.build import build
from ablate.task.generation import Generation

PLAIN = dict(read_filters=None, write_filters=None)


def network(cell=LSTM, **options):
    torch.manual_seed(0)
    return DRAW(partial(cell, hidden_size=9), **{"image_size": (6, 8), "steps": 3, "latent_size": 4, "write_filters": 3} | options)


def batch(size=(6, 8), count=5):
    random = torch.Generator().manual_seed(0)
    return BinaryPictureBatch(torch.randint(2, (count, 1, *size), generator=random).float(), torch.arange(count))


def test_steps_are_those_of_the_equations():
    """One at a time, with torch's LSTM cell in the place of ours."""
    net, image, noise = network(read_filters=2), batch().image, torch.randn(5, 3, 4)
    found = net(image, noise)
    encoder, decoder = (nn.LSTMCell(cell.input_size, 9) for cell in (net.encoder, net.decoder))
    for theirs, ours in ((encoder, net.encoder), (decoder, net.decoder)):
        weights = {"weight_ih": ours.weight_input, "weight_hh": ours.weight_hidden, "bias_ih": ours.bias}
        theirs.load_state_dict({**weights, "bias_hh": torch.zeros_like(ours.bias)})
    canvas, read, written = net.start.expand(5, -1, -1), (torch.zeros(5, 9),) * 2, (torch.zeros(5, 9),) * 2
    for t in range(3):
        error = image[:, 0] - torch.sigmoid(canvas)
        seen, _ = net.reader(image[:, 0], error, written[0])
        read = encoder(torch.cat([seen, written[0]], 1), read)
        mean, log_deviation = net.posterior(read[0]).chunk(2, 1)
        written = decoder(mean + log_deviation.exp() * noise[:, t], written)
        canvas = canvas + net.writer(written[0])[0]
        torch.testing.assert_close(found.canvas[:, t], canvas)
        torch.testing.assert_close(found.mean[:, t], mean)


def test_known_fault_each_step_has_noise_of_its_own():
    """ericjang/draw drew one tensor for all steps."""
    task, data = Generation(network(latent_size=50, steps=6), None), batch()
    for mode in (task.train(), task.eval()):
        noise = mode.noise(data, 2)
        assert noise.shape == (10, 6, 50)
        flat = noise.transpose(0, 1).flatten(1)
        assert (torch.corrcoef(flat) - torch.eye(6)).abs().max() < 0.2
        assert (torch.corrcoef(noise.flatten(1)) - torch.eye(10)).abs().max() < 0.3
    net, noise = network(), torch.randn(5, 3, 4)
    other = noise.clone()
    other[:, 1] += 1
    before, after = net(data.image, noise).canvas, net(data.image, other).canvas
    assert torch.equal(before[:, 0], after[:, 0]) and not torch.equal(before[:, 1], after[:, 1])


def test_known_fault_the_divergence_of_a_posterior_that_is_the_prior_is_zero():
    net = network(latent_size=7)
    nn.init.zeros_(net.posterior.weight)
    nn.init.zeros_(net.posterior.bias)
    output = Generation(net, None).step(batch())
    assert not output.prediction.kl.any()
    torch.testing.assert_close(output.loss, output.prediction.reconstruction.mean())


def test_known_fault_grey_pictures_have_no_likelihood():
    data = batch()
    grey = data._replace(image=data.image * 0.5)
    task = Generation(network(), None)
    task.check(data, Trainer(**QUIET))
    with pytest.raises(ValueError, match=r"a pixel is 0\.5, and a bound in nats is of pixels that are 0 or 1"):
        task.check(grey, Trainer(**QUIET))


def test_one_step_without_attention_is_a_variational_autoencoder():
    """encoder [x, x̂] → N(μ, σ²), decoder z → Bernoulli, with the same weights in plain layers and torch.distributions."""
    net, data, noise = network(Elman, steps=1, **PLAIN), batch(), torch.randn(5, 1, 4)
    nn.init.normal_(net.start)
    x = data.image.flatten(1)
    pictures, hidden = 48, 9
    first, second = nn.Linear(2 * pictures, hidden), nn.Linear(4, hidden)
    first.load_state_dict({"weight": net.encoder.weight_input[:, : 2 * pictures], "bias": net.encoder.bias})
    second.load_state_dict({"weight": net.decoder.weight_input, "bias": net.decoder.bias})
    h = torch.tanh(first(torch.cat([x, x - net.start.sigmoid().flatten()], 1)))
    mean, log_deviation = net.posterior(h).chunk(2, 1)
    posterior = Independent(Normal(mean, log_deviation.exp()), 1)
    z = posterior.mean + posterior.stddev * noise[:, 0]
    likelihood = Independent(Bernoulli(logits=net.start.flatten() + net.writer.stroke(torch.tanh(second(z)))), 1)
    prior = Independent(Normal(torch.zeros(4), torch.ones(4)), 1)
    bound = -likelihood.log_prob(x) + kl_divergence(posterior, prior)
    task = Generation(net, None)
    task.noise = lambda batch, samples: noise
    torch.testing.assert_close(task.step(data).loss, bound.mean())


def test_the_bound_is_above_the_likelihood_and_tight_for_the_true_posterior():
    """Two pixels, one latent number: -log p(x) by a sum over a fine grid of z."""
    torch.manual_seed(1)
    net = DRAW(partial(Elman, hidden_size=3), image_size=(1, 2), steps=1, latent_size=1, **PLAIN)
    image = torch.tensor([[0.0, 1]]).view(1, 1, 1, 2)
    z = torch.linspace(-8, 8, 20_001)
    likelihood = Bernoulli(logits=net.generate(z.view(-1, 1, 1)).canvas[:, -1, 0]).log_prob(image.flatten()).sum(1)
    exact = -torch.logsumexp(likelihood + Normal(0.0, 1.0).log_prob(z) + math.log(16 / 20_000), 0)
    task = Generation(net, None, evaluation_samples=20_000).eval()
    bound = task.step(BinaryPictureBatch(image, torch.tensor([0]))).loss
    assert exact < bound < exact + 1


@pytest.mark.parametrize("cell", [Elman, GRU, LSTM])
@pytest.mark.parametrize("attention", [{}, PLAIN, {"read_filters": None}, {"write_filters": None}], ids=str)
def test_every_cell_draws_with_and_without_attention_and_rows_are_independent(cell, attention):
    net, data, noise = network(cell, **attention).eval(), batch(), torch.randn(5, 3, 4)
    drawn = net(data.image, noise)
    assert drawn.canvas.shape == (5, 3, 6, 8) and drawn.mean.shape == drawn.log_deviation.shape == (5, 3, 4)
    for window, filters in ((drawn.read, net.reader.filters), (drawn.written, net.writer.window)):
        assert (window is None) == (filters is None)
        assert window is None or all(field.shape == (5, 3) for field in window)
    torch.testing.assert_close(net(data.image[2:3], noise[2:3]).canvas, drawn.canvas[2:3])
    own = net.generate(noise)
    assert own.canvas.shape == (5, 3, 6, 8) and own.mean is None and own.read is None
    assert isinstance(own.written, Window) == (net.writer.window is not None)


def test_to_generate_is_to_draw_with_the_latents_that_were_found():
    net, noise = network(), torch.randn(5, 3, 4)
    found = net(batch().image, noise)
    again = net.generate(found.mean + found.log_deviation.exp() * noise)
    torch.testing.assert_close(again.canvas, found.canvas)
    torch.testing.assert_close(again.written, found.written)


def test_every_weight_learns():
    task = Generation(network(), None)
    task.step(batch()).loss.backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in task.parameters())


def test_in_evaluation_a_bound_depends_on_the_picture_alone_and_more_samples_narrow_it():
    data = batch()
    one, many = (Generation(network(), None, evaluation_samples=n).eval() for n in (1, 400))
    assert torch.equal(one.step(data).loss, one.step(data).loss)
    third = BinaryPictureBatch(data.image[2:3], data.index[2:3])
    torch.testing.assert_close(one.step(third).prediction.kl, one.step(data).prediction.kl[2:3])
    other = data._replace(index=data.index + 100)
    far, near = ((each.step(data).loss - each.step(other).loss).abs() for each in (one, many))
    assert near < far


def test_a_warm_up_weighs_the_divergence_in_training_alone(monkeypatch):
    task, data = Generation(network(), None, warm_up=8), batch()
    for step, weight in ((0, 0), (2, 0.25), (8, 1), (100, 1)):
        monkeypatch.setattr(Generation, "global_step", step)
        output = task.train().step(data)
        expected = (output.prediction.reconstruction + weight * output.prediction.kl.sum(1)).mean()
        torch.testing.assert_close(output.loss, expected)
    monkeypatch.setattr(Generation, "global_step", 0)
    output = task.eval().step(data)
    torch.testing.assert_close(output.loss, (output.prediction.reconstruction + output.prediction.kl.sum(1)).mean())


def test_samples_repeat_with_their_seed():
    task = Generation(network(), None)
    first, again, other = (task.draw(7, seed).canvas for seed in (0, 0, 1))
    assert torch.equal(first, again) and not torch.equal(first, other) and first.shape == (7, 3, 6, 8)


def test_parts_of_the_bound_and_changes_of_the_canvas_by_hand():
    bound = VariationalBound()
    bound.update(torch.tensor([10.0, 20]), torch.tensor([[1.0, 2], [3, 4]]))
    bound.update(torch.tensor([30.0]), torch.tensor([[5.0, 6]]))
    assert {name: float(value) for name, value in bound.compute().items()} == {"bound": 27, "reconstruction": 20, "kl": 7}
    change = CanvasChange(4)
    change.update(torch.tensor([0.5, 0.9, 0.7, 0.8]).logit().view(1, 4, 1, 1).expand(2, 4, 3, 3))
    found = {name: round(float(value), 5) for name, value in change.compute().items()}
    assert found == {"change/2": 0.4, "change/3": 0.2, "change/4": 0.1, "late_change": 0.25}
    assert CanvasChange(2).compute().keys() == {"change/2"} and not CanvasChange(1).compute()


def checked(size, **options):
    Generation(network(**options), None).check(batch(size), Trainer(**QUIET))


test_what_does_not_fit_is_one_line = refusals(
    (lambda: network(latent_size=0), "latent_size=0 must be a whole number between 1 and"),
    (lambda: network(steps=0), "steps=0 must be a whole number between 1 and"),
    (lambda: network(read_filters=7), "read_filters=7 filters are more than a picture of 6×8 has pixels: the most is 6"),
    (lambda: network(write_filters=9), "write_filters=9 filters are more than a picture of 6×8 has pixels: the most is 6"),
    (lambda: network(read_filters=0), "read_filters=0 must be a whole number between 1 and"),
    (lambda: checked((6, 9)), "made for pictures of image_size=6×8, a picture has 6×9"),
)


ATTENTION = {"read": [8, "null"], "none": ["null", "null"], "both": [8, 12]}


@pytest.mark.slow
@pytest.mark.parametrize("attention, kinds, most", [("none", 4, 90), ("read", 4, 90), ("both", 1, 250)])
def test_one_batch_is_learned(attention, kinds, most):
    """Bars at one place or at four, of 80 pixels; without a latent variable four of them cost 180 nats, at first all cost 543."""
    torch.manual_seed(0)
    words = [f"model.{name}_filters={n}" for name, n in zip(("read", "write"), ATTENTION[attention], strict=True)]
    task = build(compose("experiment=draw_digits", "model.steps=4", "model.cell.hidden_size=64", *words), "task")
    image = torch.zeros(4, 1, 28, 28)
    for i in range(4):
        top = 3 + 6 * (i % kinds)
        image[i, 0, top : top + 4, 4:24] = 1
    data, optimizer = BinaryPictureBatch(image, torch.arange(4)), torch.optim.AdamW(task.parameters(), 0.01)
    for _ in range(40):
        optimizer.zero_grad()
        task.step(data).loss.backward()
        nn.utils.clip_grad_norm_(task.parameters(), 1.0)
        optimizer.step()
    assert float(task.step(data).loss.detach()) < most
