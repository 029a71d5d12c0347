"""Pooling and unpooling against torch's own: equal to the last bit, gradients too."""

import io
import subprocess
import sys

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from ablate.model.segmenter.max_pool import max_pool, max_unpool

DTYPES = [torch.float32, torch.float64, torch.bfloat16]
SIZES = [(8, 8), (7, 9), (1, 1), (2, 5), (13, 4)]


def numbers(*shape, dtype=torch.float32, seed=0):
    """Few distinct values, so that windows have ties, and negative zeros."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randint(-3, 4, shape, generator=generator).to(dtype) / 4
    return torch.where(x == 0, -x, x)


def flat_index(offset, k, size):
    """torch's index of each maximum: its place in the flattened h×w map."""
    rows = torch.arange(offset.shape[2])[:, None] * k + offset.long() // k
    columns = torch.arange(offset.shape[3]) * k + offset.long() % k
    return rows * size[1] + columns


def same_bits(a, b):
    return a.dtype == b.dtype and a.shape == b.shape and torch.equal(torch.signbit(a), torch.signbit(b)) and (a == b).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("k", [1, 2, 3, 16])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_max_pool_is_torchs(size, k, dtype, layout):
    x = numbers(2, 3, *size, dtype=dtype).contiguous(memory_format=layout).requires_grad_()
    theirs = x.detach().clone().requires_grad_()
    pooled, offset = max_pool(x, k)
    expected, index = F.max_pool2d(theirs, k, ceil_mode=True, return_indices=True)
    assert same_bits(pooled, expected)
    assert offset.dtype == torch.uint8 and torch.equal(flat_index(offset, k, size), index)
    grad = numbers(*pooled.shape, dtype=dtype, seed=1)
    pooled.backward(grad)
    expected.backward(grad)
    assert (x.grad == theirs.grad).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("k", [2, 3])
@pytest.mark.parametrize("size", SIZES)
def test_max_unpool_is_torchs(size, k, dtype):
    pooled, offset = max_pool(numbers(2, 3, *size, dtype=dtype), k)
    _, index = F.max_pool2d(numbers(2, 3, *size, dtype=dtype), k, ceil_mode=True, return_indices=True)
    x = numbers(*pooled.shape, dtype=dtype, seed=2).requires_grad_()
    theirs = x.detach().clone().requires_grad_()
    out, expected = max_unpool(x, offset, k, size), F.max_unpool2d(theirs, index, k, output_size=size)
    assert (out == expected).all() and out.dtype == expected.dtype and out.shape == expected.shape
    grad = numbers(*out.shape, dtype=dtype, seed=3)
    out.backward(grad)
    expected.backward(grad)
    assert same_bits(x.grad, theirs.grad)


def test_infinite_and_not_a_number():
    x = torch.tensor([[[[float("-inf"), float("-inf"), 1.0, float("nan")], [float("-inf")] * 2 + [float("inf"), 0.0]]]])
    pooled, offset = max_pool(x, 2)
    assert pooled[0, 0, 0, 0] == float("-inf") and offset[0, 0, 0, 0] == 0 and pooled[0, 0, 0, 1].isnan()
    unpooled = max_unpool(torch.full((1, 1, 1, 1), float("inf")), torch.ones(1, 1, 1, 1, dtype=torch.uint8), 2, (2, 2))
    assert unpooled.flatten().tolist() == [0, float("inf"), 0, 0]


def test_an_index_takes_one_byte_and_a_gradient_keeps_nothing_else():
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t) or t, lambda t: t):
        max_pool(torch.randn(1, 4, 8, 8, requires_grad=True), 2)
    assert sum(t.nbytes for t in kept) == 4 * 4 * 4


@pytest.mark.parametrize("k", [0, 17])
def test_a_window_whose_places_do_not_fit_a_byte(k):
    with pytest.raises(ValueError, match="1 to 16"):
        max_pool(torch.zeros(1, 1, 4, 4), k)


class RoundTrip(nn.Module):
    def forward(self, x):
        pooled, offset = max_pool(x, 2)
        return max_unpool(pooled * 2, offset, 2, tuple(x.shape[2:]))


def test_deterministic_mode_accepts_it(deterministic):
    pooled, offset = max_pool(torch.randn(1, 2, 4, 4), 2)
    with pytest.raises(RuntimeError):  # why we have our own
        F.max_unpool2d(pooled, flat_index(offset, 2, (4, 4)), 2)
    max_unpool(pooled.requires_grad_(), offset, 2, (4, 4)).sum().backward()


def test_autocast_to_bfloat16_keeps_places():
    x = torch.randn(2, 3, 8, 8)
    with torch.autocast("cpu", torch.bfloat16):
        out = RoundTrip()(nn.Conv2d(3, 3, 1)(x))
    assert out.dtype == torch.bfloat16 and (out != 0).sum() == out.numel() // 4


COMPILE = """
import torch
from ablate.model.segmenter.max_pool import max_pool, max_unpool

def round_trip(x):
    pooled, offset = max_pool(x, 2)
    return max_unpool(pooled * 2, offset, 2, tuple(x.shape[2:]))

a = torch.randn(2, 3, 7, 9, requires_grad=True)
b = a.detach().clone().requires_grad_()
out, expected = torch.compile(round_trip, fullgraph=True, backend="aot_eager")(a), round_trip(b)
out.square().sum().backward()
expected.square().sum().backward()
assert torch.equal(out, expected) and torch.equal(a.grad, b.grad)
"""


@pytest.mark.slow
def test_compiles_without_a_graph_break():
    # In a process of its own: the check of shape annotations, on in every test, is what dynamo cannot trace.
    subprocess.run([sys.executable, "-c", COMPILE], check=True)


@pytest.mark.slow
def test_exports_to_onnx_and_computes_the_same():
    reference = pytest.importorskip("onnx.reference", reason="onnx is not installed")
    x, module, file = torch.randn(2, 3, 7, 9), RoundTrip().eval(), io.BytesIO()
    torch.onnx.export(module, (x,), file, dynamo=True, verbose=False)
    import onnx

    evaluator = reference.ReferenceEvaluator(onnx.load_from_string(file.getvalue()))
    (out,) = evaluator.run(None, {evaluator.input_names[0]: x.numpy()})
    assert torch.equal(torch.from_numpy(out.copy()), module(x))
