"""Non-blind deconvolution: the picture x behind y = w * x + noise, when the kernel w is known.

The transposed convolution Wᵀ, which networks call "deconvolution", is not the inverse of W. To undo a blur is to minimise

    ‖y - W x‖² + ridge ‖x‖²

The matrix W has (h w)² numbers and is never formed; only W x, a convolution, and Wᵀ y, its adjoint, are computed. A solver is a
generator of successive pictures, so that the caller decides when to stop; stopping early regularises:

    *_, x = islice(conjugate_gradients(blur, y), 20)
"""

from collections.abc import Iterator
from typing import Literal, get_args

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from scipy.sparse.linalg import LinearOperator, eigsh
from torch import Tensor

from ablate.errors import BadInput, check_choice

PADDING = {"zero": "constant", "reflect": "reflect", "circular": "circular"}  # as F.pad calls them
BORDERS = ("valid", "symmetric", *PADDING)
ROUNDING = 10  # times the machine's precision: what is smaller is noise of the arithmetic
TOLERANCE = 1e-8  # of ‖W‖²
Prior = Literal["white", "smooth"]


class Blur:
    """The linear operator W: x ↦ w * x on pictures of one size, and its adjoint Wᵀ.

    (W x)[i, j] = Σ_ab w[a, b] x[i + k - a, j + l - b], w of (2k + 1)×(2l + 1); a true convolution, its kernel flipped

    Args:
        kernel: of odd height and width.
        size: height and width of x.
        border: how x goes on beyond its border: zero; symmetric (… b a | a b …); reflect (… c b | a b c …); circular. With valid,
            y holds only the pixels that need nothing beyond the border, and is smaller by 2k and 2l.

    Raises:
        BadInput: an even, empty, zero or non-finite kernel, an unknown border, or a size that the kernel does not fit into.
    """

    def __init__(self, kernel: Float[Tensor, "k l"], size: tuple[int, int], border: str = "symmetric") -> None:
        self.border = check_choice("border", border, BORDERS)
        self.kernel = check_kernel(kernel)
        self.size = tuple(size)
        self.reach = kernel.shape[1] // 2, kernel.shape[0] // 2  # right and left, then bottom and top, as F.pad has it
        needed = [2 * r + 1 if border == "valid" else r + (border == "reflect") for r in self.reach[::-1]]
        if self.size[0] < needed[0] or self.size[1] < needed[1]:
            raise BadInput(
                f"size={self.size} is too small for a kernel of {tuple(kernel.shape)} with border={border}: at least {needed}"
            )

    def __call__(self, x: Float[Tensor, "*n h w"]) -> Float[Tensor, "*n h2 w2"]:
        """W x."""
        if tuple(x.shape[-2:]) != self.size:
            raise BadInput(f"a picture of {tuple(x.shape[-2:])} does not fit a blur of pictures of {self.size}")
        y = F.conv2d(self._pad(x.reshape(-1, 1, *self.size)), self.kernel.to(x).flip(0, 1)[None, None])
        return y.view(*x.shape[:-2], *y.shape[2:])

    def adjoint(self, y: Float[Tensor, "*n h2 w2"]) -> Float[Tensor, "*n h w"]:
        """Wᵀ y: the transposed convolution, after which the adjoint of the padding adds the border back."""
        right, bottom = self.reach
        lost = (2 * bottom, 2 * right) if self.border == "valid" else (0, 0)
        blurred = tuple(size - less for size, less in zip(self.size, lost))
        if tuple(y.shape[-2:]) != blurred:
            raise BadInput(f"a picture of {tuple(y.shape[-2:])} is no blurred one: those of this blur are {blurred}")
        x = y.new_zeros(*y.shape[:-2], *self.size, requires_grad=True)
        with torch.enable_grad():
            return torch.autograd.grad(self(x), x, y)[0]

    def _pad(self, maps: Tensor) -> Tensor:
        right, bottom = self.reach
        if self.border == "valid":
            return maps
        if self.border == "symmetric":
            return _mirror(_mirror(maps, 3, right), 2, bottom)
        return F.pad(maps, (right, right, bottom, bottom), mode=PADDING[self.border])

    def squared_norm(self) -> float:
        """‖W‖², the largest eigenvalue of WᵀW, at most TOLERANCE too high and never too low: by Lanczos' method (ARPACK)."""
        numbers = self.size[0] * self.size[1]
        start = np.random.default_rng(0).standard_normal(numbers)
        if numbers == 1:  # too few for ARPACK
            return float(self._normal(np.ones(1))[0])
        normal = LinearOperator((numbers, numbers), self._normal, dtype=np.float64)
        found = eigsh(normal, 1, which="LA", v0=start, tol=TOLERANCE, return_eigenvectors=False)
        return float(found[0]) * (1 + TOLERANCE)

    def _normal(self, x: np.ndarray) -> np.ndarray:
        """WᵀW x of a picture as one row of numbers."""
        image = torch.from_numpy(x).to(self.kernel.device).view(self.size)
        return self.adjoint(self(image)).flatten().cpu().numpy()


def conjugate_gradients(blur: Blur, y: Float[Tensor, "*n h2 w2"], ridge: float = 0.0) -> Iterator[Float[Tensor, "*n h w"]]:
    """Minimises ‖y - W x‖² + ridge ‖x‖² from x = 0 by CGLS: after t steps the best x in a space of t dimensions.

    Hestenes and Stiefel 1952, section 10; Björck 1996, section 7.4. Never ends: take as many as wanted. A picture stays as it
    is once its gradient is no larger than the rounding of its terms, ROUNDING · eps · (‖W‖ ‖y - W x‖ + (‖W‖² + ridge) ‖x‖), with
    Σ|w| for ‖W‖: beyond it, steps are noise, and they grow.

    Raises:
        BadInput: a negative ridge, or a picture that is not finite.
    """
    _check(y, ridge)
    x = torch.zeros_like(blur.adjoint(y))
    residual, slope = y, blur.adjoint(y)
    direction, squared = slope, _dot(slope, slope)
    tiny, eps, weight = torch.finfo(y.dtype).tiny, ROUNDING * torch.finfo(y.dtype).eps, float(blur.kernel.abs().sum())
    going = squared > 0
    while True:
        image = blur(direction)
        step = squared / (_dot(image, image) + ridge * _dot(direction, direction)).clamp(min=tiny)
        step = step.where(going, torch.zeros_like(step))
        x = x + step * direction
        residual = residual - step * image
        slope = blur.adjoint(residual) - ridge * x
        before, squared = squared, _dot(slope, slope)
        rounding = eps * (weight * _dot(residual, residual).sqrt() + (weight**2 + ridge) * _dot(x, x).sqrt())
        going = going & (squared.sqrt() > rounding)
        direction = slope + squared / before.clamp(min=tiny) * direction
        yield x


def gradient_descent(
    blur: Blur, y: Float[Tensor, "*n h2 w2"], ridge: float = 0.0, step: float | None = None
) -> Iterator[Float[Tensor, "*n h w"]]:
    """x ← x + step (Wᵀ(y - W x) - ridge x) from x = 0: Landweber 1951. step = 1 / (‖W‖² + ridge) unless given.

    Raises:
        BadInput: a step at which it diverges, 2 / (‖W‖² + ridge) or more, or as conjugate_gradients.
    """
    _check(y, ridge)
    steepest = blur.squared_norm() + ridge
    step = 1 / steepest if step is None else step
    if not 0 < step * steepest < 2:
        raise BadInput(f"step={step}: gradient descent converges between 0 and {2 / steepest:.3g}")
    x = torch.zeros_like(blur.adjoint(y))
    while True:
        x = x + step * (blur.adjoint(y - blur(x)) - ridge * x)
        yield x


def wiener(
    y: Float[Tensor, "*n h w"],
    kernel: Float[Tensor, "k l"],
    noise_to_signal: float,
    border: str = "circular",
    prior: Prior = "white",
) -> Float[Tensor, "*n h w"]:
    """X = conj(H) Y / (|H|² + noise_to_signal |Λ|²), H the spectrum of the kernel: the linear estimate of least squared error.

    Wiener 1949. The noise is white, and Λ x is, whose variances have this quotient (`noise_to_signal` below): |Λ|² = 1 for a
    white x, which it makes a ridge and no picture is; |Λ|² = 4 - 2 cos 2πu - 2 cos 2πv, the sum of both squared differences of
    neighbours, for a smooth x, whose power falls with 1/frequency² as that of photographs does (Field 1987). The mean of a
    white x is 0, so take a picture's away before, and add it after. With border=symmetric the picture is first continued by its
    mirror image, which makes it periodic without a jump; for a kernel equal to its mirror images and a white x that is the ridge
    solution with that border.

    Raises:
        BadInput: no noise where the spectrum is (almost) zero, so that nothing can be divided by; or as Blur.
    """
    _check(y, noise_to_signal, "noise_to_signal")
    spectrum, response, penalty, size = _spectra(y, kernel, border, prior)
    power = response.abs().square()
    divisor = power + noise_to_signal * penalty
    if lost := int((divisor < torch.finfo(y.dtype).eps * power.max()).sum()):
        raise BadInput(f"noise_to_signal={noise_to_signal}: the kernel wipes out {lost} frequencies; it must be above 0, as 1e-6")
    x = torch.fft.ifft2(response.conj() * spectrum / divisor).real
    return x[..., : size[0], : size[1]]


def noise_to_signal(
    y: Float[Tensor, "h w"], kernel: Float[Tensor, "k l"], deviation: float, border: str = "circular", prior: Prior = "white"
) -> float:
    """The ridge of `wiener` for noise of this standard deviation: deviation² over the variance s of Λ x, which y tells.

    s = (mean |Λ Y|² - deviation² mean |Λ|²) / mean |H|², as E |Y|² = s |H|² / |Λ|² + deviation² at each frequency; y without mean

    Raises:
        BadInput: a negative deviation, or one with which y is nothing but noise; or as Blur.
    """
    _check(y, deviation, "deviation")
    spectrum, response, penalty, _ = _spectra(y - y.mean(), kernel, border, prior)
    power = penalty * spectrum.abs().square() / spectrum.numel()
    signal = float((power.mean() - deviation**2 * penalty.mean()) / response.abs().square().mean())
    if not signal > 0:
        raise BadInput(f"deviation={deviation}: the picture varies no more than such noise does")
    return deviation**2 / signal


def _spectra(y: Tensor, kernel: Tensor, border: str, prior: Prior) -> tuple[Tensor, Tensor, Tensor, tuple[int, int]]:
    """Y, H and |Λ|² at all frequencies of the picture, continued by its mirror image for a symmetric border, and y's size."""
    check_choice("border", border, ("circular", "symmetric"))
    check_choice("prior", prior, get_args(Prior))
    h, w = y.shape[-2:]
    Blur(kernel, (h, w), border)  # the kernel fits
    for dim in (-1, -2) if border == "symmetric" else ():
        y = torch.cat((y, y.flip(dim)), dim)
    size = y.shape[-2:]
    placed = F.pad(kernel.to(y), (0, size[1] - kernel.shape[1], 0, size[0] - kernel.shape[0]))
    response = torch.fft.fft2(placed.roll((-(kernel.shape[0] // 2), -(kernel.shape[1] // 2)), (0, 1)))
    u, v = (2 - 2 * torch.cos(2 * torch.pi * torch.fft.fftfreq(n, dtype=y.dtype, device=y.device)) for n in size)
    penalty = u[:, None] + v if prior == "smooth" else torch.ones_like(u[:, None] + v)
    return torch.fft.fft2(y), response, penalty, (h, w)


def gaussian_kernel(deviation: float, reach: int) -> Float[Tensor, "k k"]:
    """exp(-(i² + j²) / 2σ²) for |i|, |j| ≤ reach, of sum 1, in float64.

    Raises:
        BadInput: a deviation that is not above 0.
    """
    if not deviation > 0:
        raise BadInput(f"deviation={deviation} of a Gaussian must be above 0")
    line = torch.exp(-torch.arange(-reach, reach + 1, dtype=torch.float64).square() / (2 * deviation**2))
    return torch.outer(line, line) / line.sum() ** 2


def check_kernel(kernel: Float[Tensor, "k l"]) -> Float[Tensor, "k l"]:
    """Return the kernel; raise BadInput unless its sizes are odd and its values are finite and not all zero."""
    for name, size in zip(("height", "width"), kernel.shape):
        if size % 2 == 0:
            raise BadInput(f"a kernel of {name} {size} has no middle; the nearest that has one is {size + 1}")
    if not torch.isfinite(kernel).all():
        raise BadInput("the kernel has a value that is not finite")
    if not kernel.any():
        raise BadInput("the kernel is zero everywhere: nothing is left of a picture to be restored")
    return kernel


def _mirror(x: Tensor, dim: int, reach: int) -> Tensor:
    n = x.shape[dim]
    return torch.cat((x.narrow(dim, 0, reach).flip(dim), x, x.narrow(dim, n - reach, reach).flip(dim)), dim)


def _dot(a: Tensor, b: Tensor) -> Tensor:
    return (a * b).sum((-2, -1), keepdim=True)


def _check(y: Tensor, ridge: float, name: str = "ridge") -> None:
    if not 0 <= ridge < float("inf"):
        raise BadInput(f"{name}={ridge} must be a number of at least 0")
    if bad := int((~torch.isfinite(y)).sum()):
        raise BadInput(f"the picture has {bad} values that are not finite")
