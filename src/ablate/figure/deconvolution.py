"""A blurred picture restored: the transposed convolution does not, solvers do, and with noise they have to be stopped."""

from itertools import islice

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor
from torchmetrics.functional.image import peak_signal_noise_ratio

from ablate.benchmark.common import composed
from ablate.experiment import build
from ablate.figure.draw import grey
from ablate.operator.deconvolution import Blur, conjugate_gradients, gaussian_kernel, gradient_descent, wiener

STEPS, NOISE, RIDGE = 100, 0.03, 0.05


def deconvolution() -> Figure:
    """Pictures above, PSNR against iteration below, without and with noise."""
    picture = scene()
    kernel = gaussian_kernel(0.9, 3)
    blur = Blur(kernel, tuple(picture.shape))
    clean = blur(picture)
    noisy = clean + NOISE * torch.randn(picture.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    figure = Figure(figsize=(12, 8.2), layout="constrained")
    figure.suptitle("Deconvolution: y = w * x + noise, the kernel w known", fontsize=11)
    above, below = figure.subfigures(2, 1, height_ratios=(1.15, 1))
    frames, plots = above.subplots(2, 6), below.subplots(1, 2, sharey=True)
    for row, plot, y, name in ((frames[0], plots[0], clean, "without noise"), (frames[1], plots[1], noisy, f"noise of deviation {NOISE}")):
        found = list(islice(conjugate_gradients(blur, y), STEPS))
        along = {"conjugate gradients": found}
        along["gradient descent"] = list(islice(gradient_descent(blur, y), STEPS))
        along[f"conjugate gradients, ridge {RIDGE}"] = list(islice(conjugate_gradients(blur, y, RIDGE), STEPS))
        best = max(range(STEPS), key=lambda i: psnr(found[i], picture))
        mean = y.mean()
        estimate = mean + wiener(y - mean, kernel, RIDGE, "symmetric")
        shown = {"truth x": picture, f"y, {name}": y, "Wᵀy: transposed convolution": blur.adjoint(y)}
        shown |= {f"best step, {best + 1}": found[best], f"step {STEPS}": found[-1], f"Wiener, {RIDGE}": estimate}
        for frame, (title, each) in zip(row, shown.items(), strict=True):
            level = "" if each is picture else f"\n{psnr(each, picture):.1f} dB"
            grey(frame, each.numpy(), title + level, 0, 1)
        _curves(plot, along, picture, psnr(y, picture), name)
    plots[0].set_ylabel("PSNR in dB")
    plots[0].legend(fontsize=8)
    return figure


def scene() -> Tensor:
    """A generated scene in grey, in [0, 1]."""
    data = build(composed(["data=scenes", "data.image_size=96"]), "datamodule")
    return data.some("test", 1).image[0].double().mean(0).clamp(0, 1)


def psnr(x: Tensor, truth: Tensor) -> float:
    """10 log₁₀ (1 / mean squared error) in dB."""
    return float(peak_signal_noise_ratio(x, truth, data_range=1.0))


def _curves(axes: Axes, along: dict[str, list[Tensor]], truth: Tensor, start: float, title: str) -> None:
    styles = zip(("#0072B2", "#D55E00", "#009E73"), ("-", "--", "-."))
    for (name, pictures), (colour, line) in zip(along.items(), styles):
        axes.plot(np.arange(1, STEPS + 1), [psnr(x, truth) for x in pictures], line, color=colour, label=name)
    axes.axhline(start, color="#888888", linewidth=1, linestyle=":", label="y itself")
    axes.set(xscale="log", xlabel="iteration", title=title)
    axes.grid(alpha=0.3)
