"""Coverage against a transposed convolution of ones with ones."""

import pytest
import torch
import torch.nn.functional as F
from refusals import refusals

from ablate.operator.coverage import coverage, coverage_pattern


@pytest.mark.parametrize("stride", [1, 2, 3, 4])
@pytest.mark.parametrize("kernel", [1, 2, 3, 4, 5, 6, 7])
def test_coverage_is_ones_convolved_with_ones(kernel, stride):
    size = 2 * kernel + 2
    found = coverage(kernel, stride, size)
    ones, weight = torch.ones(1, 1, size, size).double(), torch.ones(1, 1, kernel, kernel).double()
    assert torch.equal(found.double(), F.conv_transpose2d(ones, weight, stride=stride)[0, 0])
    pattern = coverage_pattern(kernel, stride)
    start = kernel * stride  # a multiple of the stride, beyond what the border is missing
    assert torch.equal(found[start : start + stride, start : start + stride], pattern)
    assert (pattern.min() == pattern.max()) == (kernel % stride == 0)


test_bad_numbers_are_named = refusals((lambda: coverage_pattern(0, 2), "kernel=0"), (lambda: coverage(3, 0, 4), "stride=0"))
