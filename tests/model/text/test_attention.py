"""Contracts of every attention: weights, padding, rows, equations by hand, gradients."""

import pytest
import torch
from commands import CONF
from hydra.utils import instantiate
from networks import ATTENTIONS
from omegaconf import OmegaConf
from refusals import refusals

from ablate.model.text.attention import Additive, Dot, General

N = 3
LENGTHS = torch.tensor([5, 1, 3])
MASK = torch.arange(5) < LENGTHS[:, None]
every_attention = pytest.mark.parametrize("name", [name for name in ATTENTIONS if name != "none"])


def attention(name):
    torch.manual_seed(0)
    return ATTENTIONS[name](N, N).double()


def inputs():
    random = torch.Generator().manual_seed(1)
    return (torch.randn(3, t, N, dtype=torch.float64, generator=random) for t in (2, 5))


@every_attention
def test_weights_sum_to_one_and_are_zero_on_padding(name):
    query, keys = inputs()
    context, weights = attention(name)(query, keys, MASK)
    assert weights.shape == (3, 2, 5) and (weights >= 0).all()
    assert torch.allclose(weights.sum(2), torch.ones(3, 2, dtype=torch.float64), atol=1e-14)
    assert not weights.masked_select(~MASK[:, None]).any() and torch.equal(weights[1, :, 0], torch.ones(2, dtype=torch.float64))
    expected = torch.stack([sum(w * key for w, key in zip(row, keys[2])) for row in weights[2]])
    assert torch.allclose(context[2], expected, atol=1e-14)


@every_attention
def test_padding_and_other_rows_change_nothing(name):
    module, (query, keys) = attention(name), inputs()
    context, weights = module(query, keys, MASK)
    again, _ = module(query, keys.masked_fill(~MASK[..., None], 1e3), MASK)
    assert torch.equal(context, again)
    for i, length in enumerate(LENGTHS):
        alone, own = module(query[i : i + 1], keys[i : i + 1, :length], MASK[i : i + 1, :length])
        assert torch.allclose(alone[0], context[i], atol=1e-14) and torch.allclose(own[0], weights[i, :, :length], atol=1e-14)


@every_attention
def test_queries_are_independent_and_equal_keys_get_equal_weights(name):
    module, (query, keys) = attention(name), inputs()
    context, _ = module(query, keys, MASK)
    assert torch.allclose(module(query[:, 1:], keys, MASK)[0], context[:, 1:], atol=1e-14)
    _, weights = module(query, keys[:, :1].expand(3, 5, N), MASK)
    assert torch.allclose(weights, (MASK / LENGTHS[:, None].double())[:, None].expand(3, 2, 5), atol=1e-14)


@every_attention
def test_gradients_are_those_of_finite_differences(name):
    module, (query, keys) = attention(name), inputs()
    assert torch.autograd.gradcheck(lambda q, k: module(q, k, MASK), (query.requires_grad_(), keys.requires_grad_()))


def test_scores_by_hand():
    query, key = torch.tensor([[[1.0, 2.0, -1.0]]]), torch.tensor([[[3.0, 0.5, 2.0]]])
    assert Dot(N, N).score(query, key).item() == 2.0
    assert Dot(N, N, scaled=True).score(query, key).item() == pytest.approx(2 / 3**0.5)
    general = General(N, N)
    assert general.score(query, general.project(key)).item() == pytest.approx((query[0, 0] @ general.key.weight @ key[0, 0]).item())
    additive = Additive(N, N, 2)
    inner = [sum(w * x for w, x in zip(row, query[0, 0])) for row in additive.query.weight]
    inner = [a + sum(u * x for u, x in zip(row, key[0, 0])) + b for a, row, b in zip(inner, additive.key.weight, additive.key.bias)]
    expected = sum(v * a.tanh() for v, a in zip(additive.value.weight[0], inner))
    assert additive.score(query, additive.project(key)).item() == pytest.approx(expected.item(), abs=1e-6)


@pytest.mark.parametrize("path", sorted((CONF / "model/attention").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_config_makes_its_attention(path):
    made = instantiate(OmegaConf.load(path))(8, 8)
    inputs = torch.ones(2, 1, 8), torch.ones(2, 3, 8), torch.ones(2, 3).bool()
    assert made is None if path.stem == "none" else made(*inputs)[0].shape == (2, 1, 8)


test_bad_input_is_one_line = refusals(
    (lambda: Dot(3, 4), "of the size of a key, 4, not 3; model/attention=general"),
    (lambda: Additive(3, 4, 0), "size=0"),
)
