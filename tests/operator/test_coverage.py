"""Coverage against a transposed convolution of ones with ones."""

import pytest
import torch
import torch.nn.functional as F

from ablate.errors import BadInput
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


def test_kernel_3_stride_2():
    assert coverage_pattern(3, 2).tolist() == [[4, 2], [2, 1]]


def test_bad_numbers():
    with pytest.raises(BadInput, match="kernel=0"):
        coverage_pattern(0, 2)
    with pytest.raises(BadInput, match="stride=0"):
        coverage(3, 0, 4)
