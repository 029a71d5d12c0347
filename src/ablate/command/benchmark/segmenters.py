"""The papers' segmenters on one picture: time, memory, multiply-adds, share of the device's peak; and a sliding window."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from itertools import accumulate

import torch
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile

from ablate.analysis.cost import cost, interleaved, medians
from ablate.command.benchmark.common import DEVICE, composed, step
from ablate.console import print_table
from ablate.figure.heat_map import WINDOW, classifier
from ablate.operator.sliding import fully_convolutional, sliding_window
from ablate.run.build import build
from ablate.schema.options import Width, check_values

NETWORKS = ("fcn32s", "fcn16s", "fcn8s", "deconvnet", "segnet", "segnet_basic", "unet")
WITH_FC6 = ("fcn32s", "fcn16s", "fcn8s", "deconvnet")
SIZES = ((360, 480), (500, 500))  # of CamVid as SegNet's authors have it, and of PASCAL VOC
PAPERS_WIDTH, FC_PER_WIDTH = 64, 64  # channels of the first level; 4096 of fc6 for 64 of them
REPEATS, PEAK_SIDE = 3, {"cpu": 2048, "cuda": 8192}
HEADINGS = ["network", "picture", "parameters", "mult-adds, G", "forward, ms", "of peak", "training, ms", "of peak", "memory, MiB"]


def run(overrides: Sequence[str]) -> None:
    """Each network at the papers' width, or at `width=NUMBER`; other overrides are of conf/train.yaml.

    It computes in float32 on a CPU and in bfloat16 on a GPU, as trainer=gpu.
    """
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
    product = f"a product of two matrices of {PEAK_SIDE[DEVICE.type]}×{PEAK_SIDE[DEVICE.type]}"
    title = f"one picture on {DEVICE}, width {width}; the peak is that of {product}: {top / 1e9:,.0f} G multiply-adds a second; "
    title += "the memory is the most that a step of training takes"
    print_table(title, HEADINGS, rows)
    sliding()


def measured(network: nn.Module, image: Tensor, top: float) -> tuple[str, ...]:
    """The columns after the size. Training is forward and backward, of three times the multiply-adds, without the optimiser."""
    counts, train = cost(network, image), _training(network, image)

    def forward() -> None:
        with torch.no_grad(), _precision():
            network.eval()(image)

    times = medians(interleaved({"forward": forward, "training": train}, REPEATS))
    shares = [factor * counts.multiply_adds / times[what] / top for what, factor in (("forward", 1), ("training", 3))]
    network.zero_grad()
    weights = sum(each.nbytes for each in (*network.parameters(), *network.buffers()))
    memory = f"{(weights + peak_memory(train)) / 2**20:,.0f}"
    speeds = [text for what, share in zip(times, shares) for text in (f"{times[what] * 1e3:,.0f}", f"{share:.0%}")]
    return f"{counts.parameters:,}", f"{counts.multiply_adds / 1e9:.1f}", *speeds, memory


def _training(network: nn.Module, image: Tensor) -> Callable[[], None]:
    work = step(network, partial(network, image))

    def train() -> None:
        network.train()
        with _precision():
            work()

    return train


def _precision() -> AbstractContextManager:
    return torch.autocast("cuda", torch.bfloat16) if DEVICE.type == "cuda" else nullcontext()


def peak() -> float:
    """Multiply-adds a second of a product of two square matrices, in float32 on a CPU and in bfloat16 on a GPU."""
    side, kind = PEAK_SIDE[DEVICE.type], torch.bfloat16 if DEVICE.type == "cuda" else torch.float32
    a, b = (torch.rand(side, side, device=DEVICE, dtype=kind) for _ in range(2))
    return side**3 / medians(interleaved({"product": lambda: torch.mm(a, b)}, 5))["product"]


def peak_memory(work: Callable[[], object]) -> int:
    """The most bytes of tensors that there are at once during `work`, beyond those before it."""
    if DEVICE.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        work()
        return torch.cuda.max_memory_allocated() - before
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        work()
    found = [event for event in profiler.profiler.kineto_results.events() if event.name() == "[memory]"]
    return max(accumulate((event.nbytes() for event in sorted(found, key=lambda event: event.start_ns())), initial=0))


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
