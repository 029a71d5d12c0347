"""Convolutions and transposed convolutions as matrices, and how often a transposed one writes each position.

A convolution over a map of c channels and sizes n, flattened row by row, is y = W x with a sparse W. The transposed convolution of
the same weights is Wᵀ: it maps an output's size back to an input's, and is no inverse.

Sizes in one dimension, kernel k, stride s, padding p on both sides, dilation d (Dumoulin and Visin 2016, chapters 2 and 4):

    convolution              n_out = ⌊(n + 2p - d(k-1) - 1) / s⌋ + 1
    transposed convolution   n_out = s(n - 1) - 2p + d(k-1) + 1 + a,        0 ≤ a < s

With stride s, s sizes of input give the same size of output; the `output_padding` a chooses one of them on the way back. It
appends no zeros, but the last rows of Wᵀ, which a smaller size lacks.
"""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.sparse import coo_array, csr_array
from torch import Tensor

from ablate.errors import BadInput, check_positive, check_whole


def conv_size(n: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> int:
    """⌊(n + 2p - d(k-1) - 1) / s⌋ + 1.

    Raises:
        BadInput: the kernel does not fit into the padded input, or a number is out of range.
    """
    _check(kernel, stride, padding, dilation)
    reach = dilation * (kernel - 1) + 1
    if check_positive("size", n) + 2 * padding < reach:
        least = reach - 2 * padding
        raise BadInput(f"a kernel that spans {reach} does not fit into size={n} with padding={padding}; the least size is {least}")
    return (n + 2 * padding - reach) // stride + 1


def transposed_size(n: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1, output_padding: int = 0) -> int:
    """s(n - 1) - 2p + d(k-1) + 1 + a: the sizes whose convolution has the size n, the smallest at a = 0.

    Raises:
        BadInput: an output padding that is not below the stride (or dilation), or nothing left after the crop.
    """
    _check(kernel, stride, padding, dilation)
    most = max(stride, dilation) - 1
    if check_whole("output_padding", output_padding, 0) > most:
        raise BadInput(f"output_padding={output_padding} must be below the stride or the dilation; the nearest is {most}")
    size = stride * (check_positive("size", n) - 1) - 2 * padding + dilation * (kernel - 1) + 1 + output_padding
    if size < 1:
        raise BadInput(f"padding={padding} crops all of a transposed convolution of size={n} with kernel={kernel}, stride={stride}")
    return size


def conv_matrix(
    weight: Float[Tensor, "c_out c_in *k"],
    size: int | Sequence[int],
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
    groups: int = 1,
) -> csr_array:
    """W of shape (c_out·n_out, c_in·n), so that W @ x.flatten() = F.conv1d/conv2d(x, weight, …).flatten().

    W[(o, y), (i, s y + d j - p)] = weight[o, i, j] where that place is in the picture, in each dimension.

    Args:
        weight: (c_out, c_in / groups, k) or (c_out, c_in / groups, k, l), as torch's convolutions have it.
        size: of the input, one number for each dimension of the kernel, or one for all.

    Raises:
        BadInput: sizes or channels that do not fit each other.
    """
    sizes = _sizes(weight, size)
    outputs = [conv_size(n, k, stride, padding, dilation) for n, k in zip(sizes, weight.shape[2:], strict=True)]
    return _matrix(weight, sizes, outputs, stride, padding, dilation, groups)


def transposed_matrix(
    weight: Float[Tensor, "c_in c_out *k"],
    size: int | Sequence[int],
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
    groups: int = 1,
    output_padding: int = 0,
) -> csr_array:
    """The matrix of F.conv_transpose1d/2d over an input of `size`: the transpose of the convolution's over its output.

    Args:
        weight: (c_in, c_out / groups, k) or (c_in, c_out / groups, k, l), as torch's transposed convolutions have it, which is the
            weight of the convolution from c_out to c_in channels.
    """
    sizes = _sizes(weight, size)
    larger = [
        transposed_size(n, k, stride, padding, dilation, output_padding) for n, k in zip(sizes, weight.shape[2:], strict=True)
    ]
    return _matrix(weight, larger, sizes, stride, padding, dilation, groups).T.tocsr()


def apply(matrix: csr_array, x: Float[Tensor, "n c *size"], shape: Sequence[int]) -> Float[Tensor, "n c2 *size2"]:
    """Multiply the matrix with each of a batch of maps; a result has `shape`, its channels and sizes."""
    flat = x.detach().cpu().double().flatten(1).numpy()
    return torch.from_numpy(np.ascontiguousarray((matrix @ flat.T).T)).view(len(x), *shape)


def _matrix(
    weight: Tensor, inputs: list[int], outputs: list[int], stride: int, padding: int, dilation: int, groups: int
) -> csr_array:
    values = weight.detach().cpu().double().numpy()
    out_channels, in_group, *kernels = values.shape
    if out_channels % check_positive("groups", groups):
        raise BadInput(f"groups={groups} does not divide {out_channels} output channels")
    entries = []
    for (o, i, *taps), value in np.ndenumerate(values):
        row, column = np.array([o]), np.array([o // (out_channels // groups) * in_group + i])
        for tap, n_out, n in zip(taps, outputs, inputs, strict=True):
            y = np.arange(n_out)
            x = stride * y + dilation * tap - padding
            inside = (x >= 0) & (x < n)
            row = (row[:, None] * n_out + y[inside]).ravel()
            column = (column[:, None] * n + x[inside]).ravel()
        entries.append((np.full(len(row), value), row, column))
    value, row, column = (np.concatenate(parts) for parts in zip(*entries, strict=True))
    shape = (out_channels * int(np.prod(outputs)), in_group * groups * int(np.prod(inputs)))
    return coo_array((value, (row, column)), shape=shape).tocsr()


def _sizes(weight: Tensor, size: int | Sequence[int]) -> list[int]:
    dimensions = weight.ndim - 2
    if dimensions not in (1, 2):
        raise BadInput(f"a weight of shape {tuple(weight.shape)} is of no 1-D or 2-D convolution; it needs 3 or 4 dimensions")
    sizes = [size] * dimensions if isinstance(size, int) else list(size)
    if len(sizes) != dimensions:
        raise BadInput(f"size={sizes} must have {dimensions} numbers, as the kernel has dimensions")
    return sizes


def _check(kernel: int, stride: int, padding: int, dilation: int) -> None:
    for name, value in {"kernel": kernel, "stride": stride, "dilation": dilation}.items():
        check_positive(name, value)
    check_whole("padding", padding, 0)


def coverage(kernel: int, stride: int, size: int) -> Int[Tensor, "out out"]:
    """n[y, x]: how many products of weight and input are added at (y, x), for an input of size×size without a crop.

    n[y, x] = n₁[y] n₁[x], n₁[y] = #{(i, j): s i + j = y, 0 ≤ i < size, 0 ≤ j < k}; out = s(size - 1) + k

    A kernel smaller than the stride leaves zeros: positions that are never written (Odena et al. 2016).
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
