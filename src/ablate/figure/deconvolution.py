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
from ablate.operator.deconvolution import Blur, conjugate_gradients, gaussian_kernel, gradient_descent, wiener

STEPS, NOISE, RIDGE = 100, 0.03, 0.1


def deconvolution() -> Figure:
    """Pictures above and PSNR against iteration below, without and with noise, with the result of scikit-image for comparison."""
    picture = camera()
    kernel = gaussian_kernel(0.9, 3)
    blur = Blur(kernel, (picture.shape[0], picture.shape[1]))
    clean = blur(picture)
    noisy = clean + NOISE * torch.randn(picture.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    figure = Figure(figsize=(12, 7.9), layout="constrained")
    figure.suptitle("Deconvolution: y = w * x + noise, the kernel w known", fontsize=13)
    above, below = np.asarray(figure.subfigures(2, 1, height_ratios=(1.15, 1)))
    frames, plots = above.subplots(2, 7), below.subplots(1, 2, sharey=True)
    for row, plot, y, name in ((frames[0], plots[0], clean, "without noise"), (frames[1], plots[1], noisy, f"noise {NOISE}")):
        found = list(islice(conjugate_gradients(blur, y), STEPS))
        along = {"conjugate gradients": found}
        along["gradient descent"] = list(islice(gradient_descent(blur, y), STEPS))
        mean = y.mean()  # which a ridge would pull to 0
        along[f"conjugate gradients, ridge {RIDGE}"] = [mean + x for x in islice(conjugate_gradients(blur, y - mean, RIDGE), STEPS)]
        best = max(range(STEPS), key=lambda i: psnr(found[i], picture))
        estimate = mean + wiener(y - mean, kernel, RIDGE, "symmetric")
        theirs = torch.from_numpy(restoration.wiener(y.numpy(), kernel.numpy(), RIDGE, clip=False))  # smooth, not small
        shown = {"truth x": picture, f"y, {name}": y, "Wᵀy, transposed": blur.adjoint(y)}
        shown |= {f"best step, {best + 1}": found[best], f"step {STEPS}": found[-1]}
        shown |= {f"Wiener, {RIDGE}": estimate, "scikit-image’s": theirs}
        for frame, (title, each) in zip(row, shown.items(), strict=True):
            level = "" if each is picture else f"\n{psnr(each, picture):.1f} dB"
            plot_grey(frame, each.numpy(), title + level, 0, 1)
        _curves(plot, along, picture, psnr(y, picture), name)
    plots[0].set_ylabel("PSNR in dB")
    plots[0].legend(fontsize=9)
    return figure


def camera() -> Tensor:
    """The test picture of scikit-image, 128×128, in [0, 1]."""
    return torch.from_numpy(data.camera() / 255.0).view(128, 4, 128, 4).mean((1, 3))


def psnr(x: Tensor, truth: Tensor) -> float:
    """10 log₁₀ (1 / mean squared error) in dB."""
    return float(peak_signal_noise_ratio(x, truth, data_range=1.0))


def _curves(axes: Axes, along: dict[str, list[Tensor]], truth: Tensor, start: float, title: str) -> None:
    styles = zip((BLUE, VERMILLION, GREEN), ("-", "--", "-."))
    for (name, pictures), (colour, line) in zip(along.items(), styles):
        axes.plot(np.arange(1, STEPS + 1), [psnr(x, truth) for x in pictures], line, color=colour, label=name)
    axes.axhline(start, color=GREY, linewidth=1, linestyle=":", label="y itself")
    axes.set(xscale="log", xlabel="iteration", title=title)
    axes.grid(alpha=0.3)
