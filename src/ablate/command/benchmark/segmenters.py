"""The papers' segmenters on one picture: time, memory, multiply-adds, share of the device's peak; and a sliding window."""

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor, nn

from ablate.analysis.cost import cost, interleaved, medians
from ablate.command.benchmark.common import DEVICE, composed, step
from ablate.command.benchmark.decoders import memory
from ablate.console import print_table
from ablate.figure.heat_map import WINDOW, classifier
from ablate.operator.sliding import fully_convolutional, sliding_window
from ablate.run.build import build
from ablate.schema.options import Width, check_values

NETWORKS = ("fcn32s", "fcn16s", "fcn8s", "deconvnet", "segnet", "segnet_basic", "unet")
WITH_FC6 = ("fcn32s", "fcn16s", "fcn8s", "deconvnet")
SIZES = ((360, 480), (500, 500))  # of CamVid at half size, and of PASCAL VOC
PAPERS_WIDTH, FC_PER_WIDTH = 64, 64  # channels of the first level; 4096 of fc6 for 64 of them
REPEATS, PEAK_SIDE = 3, 2048
HEADINGS = ["network", "picture", "parameters", "mult-adds, G", "forward, ms", "of peak", "training, ms", "of peak", "MiB"]


def run(overrides: Sequence[str]) -> None:
    """Each network at the papers' width, or at `width=NUMBER`; other overrides are of conf/train.yaml."""
    given = [word.partition("=")[2] for word in (f"width={PAPERS_WIDTH}", *overrides) if word.startswith("width=")][-1]
    width = int(given) if given.isdecimal() else given
    check_values({"width": Width}, {"width": width})
    words = [word for word in overrides if not word.startswith("width=")]
    top, rows = peak(), []
    for name in NETWORKS:
        fc = [f"model.encoder.fully_connected={FC_PER_WIDTH * int(width)}"] if name in WITH_FC6 else []
        cfg = composed([f"model={name}", f"model.encoder.width={width}", *fc, *words])
        task = build(cfg, "task")  # lays the weights out as a run does
        network = task.model.to(DEVICE)
        for size in SIZES:
            image = torch.rand(1, 3, *size, device=DEVICE).contiguous(memory_format=task.memory_format)
            rows.append((name, f"{size[0]}×{size[1]}", *measured(network, image, top)))
    title = (
        f"one picture on {DEVICE}, width {width}; the peak is that of a matrix product of {PEAK_SIDE}: {top / 1e9:.0f} G a second"
    )
    print_table(title, HEADINGS, rows)
    sliding()


def measured(network: nn.Module, image: Tensor, top: float) -> tuple[str, ...]:
    """The columns after the size. Training is forward and backward, of three times the multiply-adds, without the optimiser."""
    counts = cost(network, image)

    def forward() -> None:
        with torch.no_grad():
            network.eval()(image)

    network.train()
    times = medians(interleaved({"forward": forward, "training": _training(network, image)}, REPEATS))
    shares = [factor * counts.multiply_adds / times[what] / top for what, factor in (("forward", 1), ("training", 3))]
    kept = f"{memory(network.train(), image):,.0f}"
    ms = [f"{times[what] * 1e3:,.0f}" for what in ("forward", "training")]
    return f"{counts.parameters:,}", f"{counts.multiply_adds / 1e9:.1f}", ms[0], f"{shares[0]:.0%}", ms[1], f"{shares[1]:.0%}", kept


def _training(network: nn.Module, image: Tensor) -> Callable[[], None]:
    work = step(network, partial(network, image))

    def train() -> None:
        network.train()
        work()

    return train


def peak() -> float:
    """Multiply-adds a second of a product of two square matrices, in float32."""
    a, b = (torch.rand(PEAK_SIDE, PEAK_SIDE, device=DEVICE) for _ in range(2))
    return PEAK_SIDE**3 / medians(interleaved({"product": lambda: torch.mm(a, b)}, 5))["product"]


def sliding() -> None:
    """A classifier of windows: one pass over a picture against a window at every second pixel."""
    network, image = classifier().to(DEVICE).eval(), torch.rand(1, 1, 120, 160, device=DEVICE)
    whole = fully_convolutional(network, (WINDOW, WINDOW))
    passes: dict[str, Callable[[], Tensor]] = {
        "one pass": partial(nn.Sequential.forward, whole, image),
        "window by window": partial(sliding_window, network.forward, image, (WINDOW, WINDOW), 2),
    }
    with torch.no_grad():
        times = medians(interleaved(passes, REPEATS))
    rows = [(name, f"{each * 1e3:.1f}", f"{each / min(times.values()):.0f}") for name, each in times.items()]
    print_table("a classifier of 12×12 windows over 120×160 pixels: the same map", ("way", "ms", "× fastest"), rows)
