"""A blurred picture: the transposed convolution does not restore it, solvers do, and with noise they must be stopped early."""

from itertools import islice

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from skimage import data, restoration
from torch import Tensor
from torchmetrics.functional.image import peak_signal_noise_ratio

from ablate.figure.cells import plot_grey
from ablate.figure.colours import BLUE, GREEN, GREY, VERMILLION
from ablate.operator.deconvolution import Blur, conjugate_gradients, gaussian_kernel, gradient_descent, noise_to_signal, wiener

STEPS, NOISE = 100, 0.03
SAMPLES = {"burnin": 10, "min_num_iter": 20, "max_num_iter": 40}  # of scikit-image's, which draws its ridge
DEVIATIONS = (0.003, 0.01, 0.03, 0.1)  # of the noise in the figure of the Wiener filter


def deconvolution() -> Figure:
    """Pictures above and PSNR against iteration below, without and with noise, with the result of scikit-image for comparison."""
    picture, kernel = camera(), gaussian_kernel(0.9, 3)
    blur = Blur(kernel, (picture.shape[0], picture.shape[1]))
    figure = Figure(figsize=(12, 7.9), layout="constrained")
    figure.suptitle("Deconvolution: y = w * x + noise, the kernel w known", fontsize=13)
    above, below = np.asarray(figure.subfigures(2, 1, height_ratios=(1.15, 1)))
    frames, plots = above.subplots(2, 7), below.subplots(1, 2, sharey=True)
    for row, plot, deviation, name in zip(frames, plots, (0.0, NOISE), ("without noise", f"noise {NOISE}")):
        y = blurred(blur, picture, deviation)
        found = list(islice(conjugate_gradients(blur, y), STEPS))
        along = {"conjugate gradients": found, "gradient descent": list(islice(gradient_descent(blur, y), STEPS))}
        best = max(range(STEPS), key=lambda i: psnr(found[i], picture))
        estimate = restored(y, kernel, deviation)[0]
        theirs = torch.from_numpy(
            restoration.unsupervised_wiener(y.numpy(), kernel.numpy(), user_params=SAMPLES, clip=False, rng=0)[0]
        )
        shown = {"truth x": picture, f"y, {name}": y, "Wᵀy, transposed": blur.adjoint(y)}
        shown |= {f"best step, {best + 1}": found[best], f"step {STEPS}": found[-1]}
        shown |= {"Wiener by the noise": estimate, "scikit-image’s": theirs}
        for frame, (title, each) in zip(row, shown.items(), strict=True):
            level = "" if each is picture else f"\n{psnr(each, picture):.1f} dB"
            plot_grey(frame, each.numpy(), title + level, 0, 1)
        _curves(plot, along, picture, {"y itself": y, "Wiener filter by the noise": estimate}, name)
    plots[0].set(ylabel="PSNR in dB", ylim=(0, 50))
    return figure


def wiener_filter() -> Figure:
    """A blurred picture with more and more noise, and what a Wiener filter makes of it that knows kernel and noise alone."""
    picture, kernel = camera(), gaussian_kernel(1.5, 5)
    blur = Blur(kernel, (picture.shape[0], picture.shape[1]))
    figure = Figure(figsize=(13.33, 6.4), layout="constrained")
    figure.suptitle(
        r"Wiener filter: $X = \overline{H}\,Y\ /\ (|H|^2 + r\,|\Lambda|^2)$, $\Lambda x$ the differences of neighbours, "
        r"$r$ = variance of the noise / variance of $\Lambda x$, found in $y$",
        fontsize=13,
    )
    frames = figure.subplots(2, 1 + len(DEVIATIONS))
    plot_grey(frames[0, 0], picture.numpy(), "truth x", 0, 1)
    plot_grey(frames[1, 0], kernel.numpy(), "kernel w", 0)
    for above, below, deviation in zip(*frames[:, 1:], DEVIATIONS, strict=True):
        y = blurred(blur, picture, deviation)
        estimate, ridge = restored(y, kernel, deviation)
        plot_grey(above, y.numpy(), f"y = w * x + noise {deviation}\n{_error(y, picture)}", 0, 1)
        plot_grey(below, estimate.numpy(), f"Wiener, r = {ridge:.2g}\n{_error(estimate, picture)}", 0, 1)
    return figure


def blurred(blur: Blur, picture: Tensor, deviation: float) -> Tensor:
    """W x + noise of this standard deviation, always the same draw."""
    return blur(picture) + deviation * torch.randn(picture.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def restored(y: Tensor, kernel: Tensor, deviation: float) -> tuple[Tensor, float]:
    """The Wiener filter of a smooth picture whose ridge is chosen by the noise, and that ridge."""
    ridge = noise_to_signal(y, kernel, deviation, "symmetric", "smooth")
    return wiener(y, kernel, ridge, "symmetric", "smooth"), ridge


def _error(x: Tensor, truth: Tensor) -> str:
    return f"error {float((x - truth).square().mean().sqrt()):.4f} ({psnr(x, truth):.1f} dB)"


def camera() -> Tensor:
    """The test picture of scikit-image, 128×128, in [0, 1]."""
    return torch.from_numpy(data.camera() / 255.0).view(128, 4, 128, 4).mean((1, 3))


def psnr(x: Tensor, truth: Tensor) -> float:
    """10 log₁₀ (1 / mean squared error) in dB."""
    return float(peak_signal_noise_ratio(x, truth, data_range=1.0))


def _curves(axes: Axes, along: dict[str, list[Tensor]], truth: Tensor, levels: dict[str, Tensor], title: str) -> None:
    for (name, pictures), colour, line in zip(along.items(), (BLUE, VERMILLION), ("-", "--")):
        axes.plot(np.arange(1, STEPS + 1), [psnr(x, truth) for x in pictures], line, color=colour, label=name)
    for (name, x), colour, line in zip(levels.items(), (GREY, GREEN), (":", "-.")):
        axes.axhline(psnr(x, truth), color=colour, linestyle=line, label=f"{name}: {psnr(x, truth):.1f} dB")
    axes.set(xscale="log", xlabel="iteration", title=title)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=9, loc="lower left")
