"""How often a transposed convolution writes each position of its output (Odena et al. 2016)."""

import torch
from jaxtyping import Int
from torch import Tensor

from ablate.errors import check_positive


def coverage(kernel: int, stride: int, size: int) -> Int[Tensor, "out out"]:
    """n[y, x]: how many products of weight and input are added at (y, x), for an input of size×size without a crop.

    n[y, x] = n₁[y] n₁[x], n₁[y] = #{(i, j): s i + j = y, 0 ≤ i < size, 0 ≤ j < k}; out = s(size - 1) + k

    A kernel smaller than the stride leaves zeros: positions that are never written.
    """
    for name, value in {"kernel": kernel, "stride": stride, "size": size}.items():
        check_positive(name, value)
    starts = stride * torch.arange(size)
    written = (starts[:, None] + torch.arange(kernel)).flatten()
    line = torch.bincount(written, minlength=stride * (size - 1) + kernel)
    return torch.outer(line, line)


def coverage_pattern(kernel: int, stride: int) -> Int[Tensor, "{stride} {stride}"]:
    """The part of the coverage that repeats in the interior, from a position that the first weight writes.

    n₁[p] = ⌈(k - p) / s⌉ for p = 0 … s-1: all equal exactly where the stride divides the kernel. Kernel 3, stride 2: 4 2 / 2 1.
    """
    check_positive("kernel", kernel)
    phase = torch.arange(check_positive("stride", stride))
    line = ((kernel - phase).clamp(min=0) + stride - 1) // stride
    return torch.outer(line, line)
