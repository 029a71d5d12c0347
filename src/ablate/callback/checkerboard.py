"""The checkerboard of a network before and after its training, as numbers and as a picture."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ablate.analysis.checkerboard import NAMES, Checkerboard, measure
from ablate.callback.show import show
from ablate.errors import check_positive
from ablate.metric.checkerboard.spectral_peak import CELLS

START, END = "checkerboard_start", "checkerboard"


class CheckerboardMeasures(Callback):
    """Logs every measure of `ablate.analysis.checkerboard.NAMES` on the test split.

    test/checkerboard_start/… is of the network before training, test/checkerboard/… of the tested one. Both are plotted into
    TensorBoard and checkerboard.png.

    Args:
        folder: where checkerboard.png goes.
        pictures: how many of the test split are looked at, rounded up to whole batches.
    """

    def __init__(self, folder: str, pictures: int) -> None:
        self.path = Path(folder) / "checkerboard.png"
        self.pictures = check_positive("metric.pictures", pictures)
        self.start: dict[str, float] = {}
        self.drawn: dict[str, Checkerboard] = {}

    @staticmethod
    def metric_tags() -> list[str]:
        """Names under which a run ends with these measures."""
        return [f"test/{moment}/{name}" for moment in (START, END) for name in NAMES]

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if self.start:  # a continued run has measured it
            return
        measured = measure(pl_module, self._batches(trainer, pl_module))
        self.start = measured.values
        self._show(trainer, "before training", measured, 0)
        for logger in trainer.loggers:
            logger.log_metrics({f"checkerboard/{name}": value for name, value in self.start.items()}, step=0)

    def on_test_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        measured = measure(pl_module, self._batches(trainer, pl_module))
        values = {f"test/{START}/{name}": value for name, value in self.start.items()}
        values |= {f"test/{END}/{name}": value for name, value in measured.values.items()}
        pl_module.log_dict(values, on_step=False, on_epoch=True, batch_size=1)
        self._show(trainer, "trained", measured, trainer.global_step)
        for logger in trainer.loggers:
            named = {f"checkerboard/{name}": value for name, value in measured.values.items()}
            logger.log_metrics(named, step=trainer.global_step)

    def state_dict(self) -> dict:
        return {"start": self.start}

    def load_state_dict(self, state_dict: dict) -> None:
        self.start = state_dict["start"]

    def _batches(self, trainer: Trainer, pl_module: LightningModule) -> Iterator[tuple]:
        data = trainer.datamodule
        batches = islice(data.batches("test"), -(-self.pictures // data.batch_size))
        return (data.transfer_batch_to_device(batch, pl_module.device, 0) for batch in batches)

    def _show(self, trainer: Trainer, title: str, measured: Checkerboard, step: int) -> None:
        if not trainer.is_global_zero:
            return
        self.drawn[title] = measured
        show(draw_checkerboard(self.drawn), self.path, trainer, "checkerboard", step)


def draw_checkerboard(measured: dict[str, Checkerboard]) -> Figure:
    """A row a moment: the answer to a flat picture, contrast stretched, its spectrum, and that of the logits with its grid."""
    figure = Figure(figsize=(12, 3.9 * len(measured)), layout="constrained")
    frames = figure.subplots(len(measured), 3, squeeze=False)
    for (left, middle, right), (title, each) in zip(frames, measured.items(), strict=True):
        _draw_flat(left, title, each)
        _draw_lines(middle, each)
        _draw_spectrum(right, each)
    return figure


def _draw_flat(axes: Axes, title: str, measured: Checkerboard) -> None:
    """The class whose logit varies most, over four total strides; grey over the whole range of it, however small that is.

    No more than that, as a picture of many periods shows those of its own pixels as well.
    """
    side = len(measured.power)
    axes.imshow(_most_varied(measured)[:side, :side], cmap="gray")
    variation = measured.values["flat_variation"]
    axes.set_title(f"{title}: answer to grey, stretched\n{variation:.2g} of the deviation of the logits", fontsize=9)
    axes.axis("off")


def _most_varied(measured: Checkerboard) -> np.ndarray:
    flat = measured.flat.numpy()
    return flat[np.ptp(flat, axis=(1, 2)).argmax()]


def _draw_lines(axes: Axes, measured: Checkerboard) -> None:
    """What repeats with the stride has no other frequencies than the multiples of 1/stride: one cell for each."""
    flat, stride = _most_varied(measured).astype(float), len(measured.power) // CELLS
    cells = len(flat) // stride
    power = np.abs(np.fft.fft2(flat - flat.mean())[::cells, ::cells]) ** 2
    rounding = (1e-6 * np.abs(flat).max() * flat.size) ** 2
    level = np.fft.fftshift(10 * np.log10(np.maximum(power, 1e-40) / max(power.max(), rounding, 1e-30)))
    edge = 0.5 + 0.5 / stride
    drawn = axes.imshow(level, cmap="cividis", vmin=-60, vmax=0, extent=(-edge, 1 - edge, 1 - edge, -edge))
    axes.figure.colorbar(drawn, ax=axes, label="dB", shrink=0.8)
    axes.set_title(f"its spectrum: the multiples of 1/{stride}", fontsize=9)
    axes.set(xlabel="cycles a pixel", xticks=(-0.5, 0), yticks=(-0.5, 0))


def _draw_spectrum(axes: Axes, measured: Checkerboard) -> None:
    level = np.fft.fftshift(10 * np.log10(np.maximum(measured.power.numpy(), 1e-30)))
    side = len(level)
    drawn = axes.imshow(level - level.max(), cmap="cividis", vmin=-60, vmax=0, extent=(-0.5, 0.5, 0.5, -0.5))
    axes.figure.colorbar(drawn, ax=axes, label="dB", shrink=0.8)
    grid = np.fft.fftfreq(side)[::CELLS]
    points = np.array([(u, v) for u in grid for v in grid if u or v])
    axes.scatter(*(points + 0.5 / side).T, s=26, facecolors="none", edgecolors="white", linewidths=0.7)
    title = f"spectrum of the logits, circles: multiples of 1/{side // CELLS}\n{measured.values['spectral_peak']:+.1f} dB there"
    axes.set_title(title, fontsize=9)
    axes.set(xlabel="cycles a pixel", xticks=(-0.5, 0, 0.5), yticks=(-0.5, 0, 0.5))
