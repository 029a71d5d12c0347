"""The checkerboard of a network as pictures and spectra."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ablate.analysis.checkerboard import Checkerboard
from ablate.metric.checkerboard.spectral_peak import CELLS


def plot_checkerboard(measured: Mapping[str, Checkerboard], network: str = "") -> Figure:
    """A row for each state of a network: logits for a flat picture in stretched contrast, their spectrum, that of logits for data.

    Args:
        network: its name, for the title.
    """
    figure = Figure(figsize=(12, 3.9 * len(measured) + 0.5), layout="constrained")
    figure.suptitle(f"How much of the upsampling grid shows in the output\n{network}", fontsize=12)
    grid = figure.subplots(len(measured), 3, squeeze=False)
    for (left, middle, right), (title, each) in zip(grid, measured.items(), strict=True):
        _plot_flat_response(left, title, each)
        _plot_lines(middle, each)
        _plot_spectrum(right, each)
    return figure


def network_name(task: Mapping) -> str:
    """The decoder in a task's config, with its options; empty without one."""
    if (decoder := task.get("model", {}).get("decoder")) is None:
        return ""
    options = ", ".join(f"{key}={value}" for key, value in decoder.items() if not key.startswith("_"))
    return f"{decoder['_target_'].rpartition('.')[2]} ({options})"


def _plot_flat_response(axes: Axes, title: str, measured: Checkerboard) -> None:
    """The logit that varies most, over four total strides, in grey over its own range, however small that is.

    A picture of more periods would show an interference of the pattern with the pixels of the screen.
    """
    side = len(measured.power)
    axes.imshow(_most_varied(measured)[:side, :side], cmap="gray")
    variation = measured.values["flat_variation"]
    axes.set_title(f"{title}: response to grey, stretched\n{variation:.2g} of the deviation of the logits", fontsize=9)
    axes.axis("off")


def _most_varied(measured: Checkerboard) -> np.ndarray:
    flat = measured.flat.numpy()
    return flat[np.ptp(flat, axis=(1, 2)).argmax()]


def _plot_lines(axes: Axes, measured: Checkerboard) -> None:
    """A pattern that repeats with the stride has only the multiples of 1/stride as frequencies: one cell for each of them."""
    flat, stride = _most_varied(measured).astype(float), len(measured.power) // CELLS
    cells = len(flat) // stride
    power = np.abs(np.fft.fft2(flat - flat.mean())[::cells, ::cells]) ** 2
    rounding = (1e-6 * np.abs(flat).max() * flat.size) ** 2
    level = np.fft.fftshift(10 * np.log10(np.maximum(power, 1e-40) / max(power.max(), rounding, 1e-30)))
    edge = 0.5 + 0.5 / stride
    shown = axes.imshow(level, cmap="cividis", vmin=-60, vmax=0, extent=(-edge, 1 - edge, 1 - edge, -edge))
    axes.figure.colorbar(shown, ax=axes, label="dB", shrink=0.8)
    axes.set_title(f"its spectrum: the multiples of 1/{stride}", fontsize=9)
    axes.set(xlabel="cycles a pixel", xticks=(-0.5, 0), yticks=(-0.5, 0))


def _plot_spectrum(axes: Axes, measured: Checkerboard) -> None:
    level = np.fft.fftshift(10 * np.log10(np.maximum(measured.power.numpy(), 1e-30)))
    side = len(level)
    shown = axes.imshow(level - level.max(), cmap="cividis", vmin=-60, vmax=0, extent=(-0.5, 0.5, 0.5, -0.5))
    axes.figure.colorbar(shown, ax=axes, label="dB", shrink=0.8)
    multiples = np.fft.fftfreq(side)[::CELLS]
    points = np.array([(u, v) for u in multiples for v in multiples if u or v])
    x, y = (points + 0.5 / side).T
    axes.scatter(x, y, s=26, facecolors="none", edgecolors="white", linewidths=0.7)
    title = f"spectrum of the logits, circles: multiples of 1/{side // CELLS}\n{measured.values['spectral_peak']:+.1f} dB there"
    axes.set_title(title, fontsize=9)
    axes.set(xlabel="cycles a pixel", xticks=(-0.5, 0, 0.5), yticks=(-0.5, 0, 0.5))
