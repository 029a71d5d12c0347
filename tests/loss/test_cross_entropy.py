import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from ablate.errors import BadInput
from ablate.loss.cross_entropy import CrossEntropy, PixelCounts

VOID = 255
WEIGHT = [0.5, 2.0, 1.25, 4.0]
COUNTS = PixelCounts(torch.tensor([10, 20, 40, 30]), torch.tensor([100, 100, 100, 100]))  # median 0.25


def cross_entropy(**options):
    return CrossEntropy(num_classes=4, ignore_index=VOID, **options)


def batch(seed=0, void=0.3, dtype=torch.float64):
    g = torch.Generator().manual_seed(seed)
    logits = 3 * torch.randn(2, 4, 5, 3, generator=g, dtype=dtype)
    target = torch.randint(4, (2, 5, 3), generator=g)
    return logits, target.masked_fill(torch.rand(2, 5, 3, generator=g) < void, VOID)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("class_weight", ["none", WEIGHT])
@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_value_and_gradient_equal_torch_where_torch_is_defined(class_weight, smoothing, memory_format):
    logits, target = batch()
    ours = logits.clone(memory_format=memory_format).requires_grad_()
    theirs = logits.clone().requires_grad_()
    weight = None if class_weight == "none" else torch.tensor(WEIGHT, dtype=logits.dtype)
    loss = cross_entropy(class_weight=class_weight, label_smoothing=smoothing)(ours, target)
    expected = F.cross_entropy(theirs, target, weight, ignore_index=VOID, label_smoothing=smoothing)
    loss.backward()
    expected.backward()
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(ours.grad, theirs.grad)


def test_worked_by_hand():
    # p = 1/4 where the logits are equal; p = 3/6 where they are log 3, 0, 0, 0. Weights 2 and 4 over mass 6.
    logits = torch.tensor([[0.0, math.log(3)], [0, 0], [0, 0], [0, 0]]).view(1, 4, 1, 2)
    assert float(cross_entropy()(logits, torch.tensor([[[3, 0]]]))) == pytest.approx((math.log(4) + math.log(2)) / 2)
    weighted = cross_entropy(class_weight=[4, 1, 1, 2])(logits, torch.tensor([[[3, 0]]]))
    assert float(weighted) == pytest.approx((2 * math.log(4) + 4 * math.log(2)) / 6)


@pytest.mark.parametrize("options", [{}, {"class_weight": WEIGHT}, {"class_weight": WEIGHT, "label_smoothing": 0.1}])
def test_all_void_is_zero_with_zero_gradient(options):
    logits, target = batch(void=1.1)
    logits.requires_grad_()
    loss = cross_entropy(**options)(logits, target)
    loss.backward()
    assert loss == 0 and torch.equal(logits.grad, torch.zeros_like(logits))


def test_targets_of_weight_zero_alone_are_zero_too():
    loss = cross_entropy(class_weight="median_frequency", label_smoothing=0.1)
    loss.set_counts(PixelCounts(torch.tensor([1, 1, 1, 0]), torch.tensor([3, 3, 3, 0])))
    logits = batch()[0].requires_grad_()
    value = loss(logits, torch.full((2, 5, 3), 3))
    value.backward()
    assert value == 0 and torch.equal(logits.grad, torch.zeros_like(logits))


def test_half_precision_logits_are_summed_in_float32():
    logits, target = batch(dtype=torch.float32)
    loss = cross_entropy()(logits.bfloat16(), target)
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, cross_entropy()(logits.bfloat16().float(), target))


def test_median_frequency_waits_for_counts():
    loss = cross_entropy(class_weight="median_frequency")
    assert loss.needs_counts and not cross_entropy(class_weight="none").needs_counts
    with pytest.raises(RuntimeError, match="set_counts"):
        loss(*batch())
    loss.set_counts(COUNTS)
    assert not loss.needs_counts and not cross_entropy(class_weight=WEIGHT).needs_counts
    torch.testing.assert_close(loss.weight, torch.tensor([0.25 / 0.1, 0.25 / 0.2, 0.25 / 0.4, 0.25 / 0.3]))
    torch.testing.assert_close(loss(*batch()), cross_entropy(class_weight=loss.weight.tolist())(*batch()))


def test_counted_weights_come_back_from_a_checkpoint():
    kept, loaded = (nn.ModuleDict({"loss": cross_entropy(class_weight="median_frequency")}) for _ in range(2))
    loaded.load_state_dict(kept.state_dict())
    assert loaded["loss"].needs_counts  # a checkpoint from before the counting
    kept["loss"].set_counts(COUNTS)
    loaded.load_state_dict(kept.state_dict())
    assert not loaded["loss"].needs_counts
    assert torch.equal(loaded["loss"](*batch()), kept["loss"](*batch()))


@pytest.mark.parametrize(
    "class_weight", ["median", [1.0, 2.0], [1.0, 2.0, 3.0, 0.0], [1.0, 2.0, 3.0, -1.0], [1.0, 2.0, 3.0, math.inf]]
)
def test_a_wrong_class_weight_is_named(class_weight):
    with pytest.raises(BadInput) as error:
        cross_entropy(class_weight=class_weight)
    assert f"class_weight={class_weight!r}" in str(error.value) and "median_frequency" in str(error.value)


@pytest.mark.parametrize("label_smoothing", [-0.1, 1.0, math.nan])
def test_a_wrong_label_smoothing_is_named(label_smoothing):
    with pytest.raises(BadInput, match=f"label_smoothing={label_smoothing}"):
        cross_entropy(label_smoothing=label_smoothing)


@pytest.mark.parametrize("class_weight", ["none", WEIGHT])
def test_a_step_never_waits_for_the_device(class_weight):
    # On the meta device whatever needs a value (an index by mask, a branch) raises.
    logits, target = batch()
    loss = cross_entropy(class_weight=class_weight).to("meta")
    loss(logits.to("meta").requires_grad_(), target.to("meta")).backward()


@pytest.mark.parametrize("class_weight", ["none", WEIGHT])
def test_deterministic_mode(class_weight, deterministic_device):
    logits, target = batch()
    expected = cross_entropy(class_weight=class_weight)(logits, target)
    there = logits.to(deterministic_device).requires_grad_()
    loss = cross_entropy(class_weight=class_weight).to(deterministic_device)(there, target.to(deterministic_device))
    loss.backward()
    torch.testing.assert_close(loss.cpu(), expected)
    assert there.grad.abs().sum() > 0
