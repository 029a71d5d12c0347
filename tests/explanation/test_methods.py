"""Each method against captum, against definitions by hand, and where ReLUs are in place, weights frozen, numbers coarse."""

from functools import partial

import captum.attr as captum
import pytest
import torch
import torch.nn.functional as F
from networks import CELLS
from torch import nn

from ablate.errors import BadInput
from ablate.explanation.deconvnet import deconvnet
from ablate.explanation.grad_cam import grad_cam
from ablate.explanation.gradient import gradient
from ablate.explanation.guided import guided
from ablate.explanation.input_x_gradient import input_x_gradient
from ablate.explanation.integrated_gradients import integrated_gradients
from ablate.explanation.methods import METHODS, relevance
from ablate.explanation.occlusion import occlusion
from ablate.explanation.score import Score
from ablate.explanation.smooth_gradient import smooth_gradient
from ablate.model.recurrent.models import SequenceClassifier
from ablate.model.segmenter.decoder.unpooling import deconvnet as deconvnet_decoder
from ablate.model.segmenter.encoder.small import SmallEncoder
from ablate.model.segmenter.encoder.vgg16 import VGG16
from ablate.model.segmenter.fcn import FCN
from ablate.model.segmenter.max_pool import max_pool, max_unpool

NETWORK = FCN(SmallEncoder(width=4, depth=2, norm="batch"), partial(deconvnet_decoder, skip="add"), 3)


class Classifier(nn.Module):
    """Convolutions, ReLUs as modules or in place, max pooling of torch's, a linear head: as captum knows them."""

    def __init__(self, in_place: bool = False) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(in_place), nn.MaxPool2d(2), nn.Conv2d(4, 5, 3))
        self.relu, self.head = nn.ReLU(in_place), nn.Linear(5 * 6 * 6, 3)

    def forward(self, x):
        return self.head(self.relu(self.features(x)).flatten(1))


class Twice(Classifier):
    """One ReLU module in two places, and a function after it."""

    def __init__(self, in_place: bool = False) -> None:
        super().__init__(in_place)
        self.features[1] = self.relu

    def forward(self, x):
        return self.head(F.relu(self.relu(self.features(x))).flatten(1))


def pictures(size=16, rows=2):
    return torch.rand(rows, 3, size, size, generator=torch.Generator().manual_seed(1))


def classifier(kind=Classifier, **options):
    torch.manual_seed(0)
    return kind(**options).eval()


def score(model, k=1):
    return Score(lambda x: model(x)[:, k], model.features)


def cam(model, x):
    found = captum.LayerGradCam(model, model.features).attribute(x, target=1, relu_attributions=True)
    return captum.LayerAttribution.interpolate(found, (16, 16), "bilinear").expand_as(x)


def smooth(model, x):
    """Row by row, as each has noise of its own, from the same random numbers."""
    spans, found = x.flatten(1).amax(1) - x.flatten(1).amin(1), []
    for row, span in zip(x, spans, strict=True):
        torch.manual_seed(0)
        tunnel = captum.NoiseTunnel(captum.Saliency(model))
        options = dict(nt_samples=6, nt_samples_batch_size=1, stdevs=0.2 * float(span), target=1, abs=False)
        found.append(tunnel.attribute(row[None], **options))
    return torch.cat(found)


PEERS = {
    "gradient": (gradient, lambda m, x: captum.Saliency(m).attribute(x, target=1, abs=False)),
    "input_x_gradient": (input_x_gradient, lambda m, x: captum.InputXGradient(m).attribute(x, target=1)),
    "integrated_gradients": (
        partial(integrated_gradients, steps=7, baseline=0.25),
        lambda m, x: captum.IntegratedGradients(m).attribute(x, 0.25, target=1, n_steps=7, method="riemann_middle"),
    ),
    "deconvnet": (deconvnet, lambda m, x: captum.Deconvolution(m).attribute(x, target=1)),
    "guided": (guided, lambda m, x: captum.GuidedBackprop(m).attribute(x, target=1)),
    "grad_cam": (grad_cam, cam),
    "occlusion": (
        partial(occlusion, window=5, stride=3, baseline=0.5),
        lambda m, x: captum.Occlusion(m).attribute(x, (3, 5, 5), (3, 3, 3), baselines=0.5, target=1),
    ),
}


@pytest.mark.filterwarnings("ignore:Setting:UserWarning")
@pytest.mark.parametrize("name", PEERS)
def test_captum_finds_the_same(name):
    (own, peer), model, x = PEERS[name], classifier(), pictures()
    found = own(score(model), x)
    assert found.shape == x.shape and found.abs().max() > 1e-3
    torch.testing.assert_close(found, peer(model, x.clone().requires_grad_()).detach(), rtol=1e-5, atol=1e-6)


def test_captum_smooths_to_the_same():
    model, x = classifier(), pictures()
    found = torch.cat([smooth_gradient(score(model), row[None], samples=6, noise=0.2) for row in x])
    torch.testing.assert_close(found, smooth(model, x), rtol=1e-5, atol=1e-6)


def test_a_deconvnet_is_transposed_convolutions_unpooling_and_relus_which_is_the_gradient_but_for_the_relus():
    """By hand: forward through two levels with switches, back through them."""
    torch.manual_seed(2)
    x, first, second = pictures(12), torch.randn(4, 3, 3, 3), torch.randn(5, 4, 3, 3)

    def network(x):
        pooled, _ = max_pool(F.conv2d(x, first, padding=1).relu())
        return F.conv2d(pooled, second, padding=1).relu().sum((1, 2, 3))

    before = F.conv2d(x, first, padding=1)
    pooled, switches = max_pool(before.relu())
    above = F.conv2d(pooled, second, padding=1)
    for method, at_relu in (
        (deconvnet, lambda g, before: g.clamp(min=0)),
        (gradient, lambda g, before: g * (before > 0)),
        (guided, lambda g, before: g.clamp(min=0) * (before > 0)),
    ):
        back = F.conv_transpose2d(at_relu(torch.ones_like(above), above), second, padding=1)
        back = at_relu(max_unpool(back, switches, 2, (12, 12)), before)
        torch.testing.assert_close(method(Score(network), x), F.conv_transpose2d(back, first, padding=1))


@pytest.mark.parametrize("name", METHODS)
def test_relus_in_place_reused_modules_and_functions_change_nothing(name):
    x, method = pictures(), METHODS[name]
    expected = method(score(classifier()), x)
    for model in (classifier(in_place=True), classifier(Twice), classifier(Twice, in_place=True)):
        torch.testing.assert_close(method(score(model), x), expected)


@pytest.mark.parametrize("name", METHODS)
def test_frozen_weights_inference_mode_and_bfloat16(name):
    model, x, method = classifier(), pictures(), METHODS[name]
    expected = method(score(model), x)
    model.requires_grad_(False)
    with torch.inference_mode():
        torch.testing.assert_close(method(score(model), x.clone()), expected)
    assert not x.requires_grad and all(weight.grad is None for weight in model.parameters())
    model.bfloat16()
    coarse = method(score(model), x.bfloat16()).float()
    assert F.cosine_similarity(coarse.flatten(), expected.flatten(), dim=0) > 0.97


@pytest.mark.parametrize("name", METHODS)
def test_rows_are_independent(name):
    model, x = classifier(), pictures()
    alone = METHODS[name](score(model), x[:1])
    if name != "smooth_gradient":  # whose noise depends on the number of rows
        torch.testing.assert_close(METHODS[name](score(model), x)[:1], alone)
    assert alone.shape == x[:1].shape


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("size", [(16, 16), (13, 10)], ids=str)
def test_segmenters_of_any_size(name, size):
    model = NETWORK.eval()
    x = pictures()[..., : size[0], : size[1]]
    found = METHODS[name](Score(lambda x: model(x)[:, 1].mean((1, 2)), model.encoder), x)
    assert found.shape == x.shape and found.isfinite().all()
    assert relevance(name, found).shape == (2, *size) and relevance(name, found).min() >= 0


def test_grad_cam_takes_the_coarsest_map_that_the_score_depends_on():
    model = VGG16(width=2).eval()
    x = pictures(32, 1)
    fine = grad_cam(Score(lambda x: model(x).maps[-1].sum((1, 2, 3)), model), x)
    activation = model(x).maps[-1]
    expected = F.interpolate(activation.sum(1, keepdim=True), (32, 32), mode="bilinear")  # all gradients are 1
    torch.testing.assert_close(fine, expected.expand_as(x))


def test_grad_cam_refuses_a_map_that_is_never_computed():
    with pytest.raises(BadInput, match="never computes the map of features"):
        grad_cam(Score(lambda x: x.sum((1, 2, 3)), nn.Conv2d(3, 4, 3)), pictures())


def test_integrated_gradients_of_a_product_are_its_halves():
    """y = x₁ x₂ from 0: ∫ t x₂ dt · x₁ = x₁ x₂ / 2 each; the midpoint rule is exact here."""
    x = torch.tensor([[3.0, 4.0]])
    torch.testing.assert_close(integrated_gradients(Score(lambda x: x.prod(1)), x, steps=1), torch.tensor([[6.0, 6.0]]))


@pytest.mark.parametrize("cell", CELLS)
def test_recurrent_networks_in_evaluation_mode(cell):
    model = SequenceClassifier(None, 3, 1, partial(CELLS[cell], hidden_size=5), 2).eval()
    x = torch.randn(2, 6, 3, generator=torch.Generator().manual_seed(3))
    of = Score(lambda x: model(x)[:, 0])
    each = {name: METHODS[name](of, x) for name in ("gradient", "input_x_gradient", "integrated_gradients", "occlusion")}
    assert all(found.shape == x.shape and found.abs().sum((0, 2)).min() > 0 for found in each.values())
    x[:, 0] = 0
    torch.testing.assert_close(occlusion(of, x)[:, 0], torch.zeros(2, 3))  # what is covered by what was there


@pytest.mark.parametrize(
    "method, network, message",
    [
        (deconvnet, lambda x: F.avg_pool2d(x, 2).relu().sum((1, 2, 3)), "switches of max pooling, and this network has none"),
        (deconvnet, lambda x: F.max_pool2d(x, 2).sum((1, 2, 3)), "deconvnet changes the way back through ReLUs"),
        (guided, lambda x: x.tanh().sum((1, 2, 3)), "guided changes the way back through ReLUs, and this network has none"),
        (grad_cam, lambda x: x.sum((1, 2, 3)), "grad_cam weights a map of features, and this network has none"),
        (partial(occlusion, window=2, stride=3), lambda x: x.sum((1, 2, 3)), "leaves gaps between windows of window=2: at most 2"),
        (partial(smooth_gradient, samples=0), lambda x: x.sum((1, 2, 3)), "samples=0 must be a whole number of at least 1"),
    ],
)
def test_what_a_network_cannot_have_is_refused(method, network, message):
    with pytest.raises(BadInput, match=message) as caught:
        method(Score(network), pictures())
    assert message in str(caught.value)
