"""The figures of the lecture, computed by the real operators and networks."""

import io
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from lightning.pytorch import Trainer, seed_everything
from matplotlib import rc_context
from matplotlib.figure import Figure
from omegaconf.errors import OmegaConfBaseException
from PIL import Image
from rich.progress import track
from torch.utils.tensorboard import SummaryWriter

from ablate.analysis.checkerboard import Checkerboard, measure
from ablate.cli.compose import compose_config
from ablate.command.explain.page import explanation_page
from ablate.command.explain.sanity import sanity_page
from ablate.console import console
from ablate.data.datamodule import DataModule
from ablate.errors import BadInput, check_choice
from ablate.figure.checkerboard import network_name, plot_checkerboard
from ablate.figure.coverage import constant, coverage, identities
from ablate.figure.deconvolution import deconvolution, wiener_filter
from ablate.figure.gates import attention, gru, lstm
from ablate.figure.heat_map import heat_map
from ablate.figure.matrices import matrices, one_dimension
from ablate.figure.recurrent import gradient_flow
from ablate.figure.steps import convolution, transposed_convolution, unpooling
from ablate.figure.tree import tree_beside_chain
from ablate.figure.unrolled import unrolled
from ablate.run.build import build
from ablate.run.checkpoint import read_checkpoint
from ablate.run.foreign import plain_overrides
from ablate.run.load import build_task, load_task
from ablate.run.processes import environment
from ablate.task.base import Task

EPOCHS, BATCHES = 2, 8  # of the network that is trained here; that its checkerboard is measured on
NETWORK = ["model/decoder=transposed_conv", "model.decoder.kernel=3", "model.encoder.width=8", "data.dataset.sizes.train=1024"]
FORMATS = {"png": {}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}  # metadata: the same file each time
OF_CHECKPOINT = ("checkerboard", "explanation", "sanity")
ONLY_OF_CHECKPOINT = OF_CHECKPOINT[1:]  # of no network that is trained here
DOTS = 150  # an inch, of pixels
FIGURES = (unpooling, convolution, transposed_convolution, one_dimension, matrices, coverage, constant, identities,
           deconvolution, wiener_filter, heat_map, unrolled, tree_beside_chain, lstm, gru, attention, gradient_flow)  # fmt: skip


def write_figures(
    names: Sequence[str],
    checkpoint: Path | None,
    output: Path,
    logs: Path,
    trust: Sequence[str] = (),
    format: str = "png",  # noqa: A002
    other: Path | None = None,
) -> None:
    """Write figures, by default all, as files into `output` and as TensorBoard's pictures into `logs`, each when it is ready.

    Args:
        checkpoint: of a segmenter, for the figure checkerboard; None: a small network is trained for it. Also, or of
            a captioner, for the figures explanation and sanity, which there are of a checkpoint only.
        trust: packages that the checkpoint may name parts of its network from.
        format: of the files, png, svg or pdf.
        other: for the figure sanity, a checkpoint of the same network that was trained on random labels.
    """
    check_choice("format", format, FORMATS)
    figures: Mapping[str, Callable[[], Figure | Mapping[str, Figure]]] = {function.__name__: function for function in FIGURES} | {
        "checkerboard": lambda: trained_checkerboard() if checkpoint is None else checkpoint_checkerboard(str(checkpoint), trust),
        "explanation": lambda: explanation_page(str(checkpoint), trust),
        "sanity": lambda: sanity_page(str(checkpoint), None if other is None else str(other), trust),
    }
    chosen = _chosen(names, checkpoint, figures)
    if other is not None and "sanity" not in chosen:
        raise BadInput(f"--other={other} is for the figure sanity, which is not named")
    output.mkdir(parents=True, exist_ok=True)
    written = 0
    with SummaryWriter(logs) as writer, rc_context({"pdf.fonttype": 42, "svg.hashsalt": "ablate"}):
        for name in track(chosen, description="drawing", console=console):
            torch.manual_seed(0)
            drawn = figures[name]()
            for part, figure in drawn.items() if isinstance(drawn, Mapping) else [("", drawn)]:
                _write(figure, f"{name}_{part}" if part else name, output, writer, format)
                written += 1
    console.print(f"{written} pictures in {output}; tensorboard --logdir {shlex.quote(str(logs))}")


def _chosen(names: Sequence[str], checkpoint: Path | None, figures: Iterable[str]) -> list[str]:
    """The figures that are named, or all; first those of a checkpoint, which may be wrong."""
    named = [check_choice("figure", name, figures) for name in dict.fromkeys(names)]
    if checkpoint is None:
        if wanting := [name for name in named if name in ONLY_OF_CHECKPOINT]:
            raise BadInput(f"the figure {wanting[0]} needs --checkpoint=FILE, of a segmenter or a captioner")
        return named or [name for name in figures if name not in ONLY_OF_CHECKPOINT]
    chosen = named or list(figures)
    if not {*OF_CHECKPOINT} & {*chosen}:
        raise BadInput(f"--checkpoint={checkpoint} is for the figures {', '.join(OF_CHECKPOINT)}: none of them is named")
    return sorted(chosen, key=lambda name: name not in OF_CHECKPOINT)


def _write(figure: Figure, name: str, output: Path, writer: SummaryWriter, kind: str) -> None:
    pixels = io.BytesIO()
    figure.savefig(pixels, format="png", dpi=DOTS)
    path = output / f"{name}.{kind}"
    if kind == "png":
        path.write_bytes(pixels.getvalue())
    else:
        figure.savefig(path, dpi=DOTS, metadata=FORMATS[kind])
    writer.add_image(name, np.asarray(Image.open(pixels).convert("RGB")), 0, dataformats="HWC")


def trained_checkerboard() -> Figure:
    """The checkerboard of a small network with transposed convolutions of kernel 3, before and after half a minute of training."""
    cfg = compose_config("train", [*NETWORK, f"trainer.max_epochs={EPOCHS}"])
    seed_everything(cfg.seed, verbose=False)
    task, data = build(cfg, "task"), build(cfg, "datamodule")
    before = _measured(task, data)
    trainer = Trainer(max_epochs=EPOCHS, accelerator="cpu", logger=False, enable_checkpointing=False, limit_val_batches=0,
                      enable_progress_bar=False, enable_model_summary=False, plugins=[environment()])  # fmt: skip
    trainer.fit(task, datamodule=data)
    return plot_checkerboard(
        {"before training": before, "trained": _measured(task, data)}, f"{network_name(cfg.task)}, {EPOCHS} epochs"
    )


def checkpoint_checkerboard(path: str, trust: Sequence[str] = ()) -> Figure:
    """The checkerboard of the network of a checkpoint, and of the same network with random weights."""
    content = read_checkpoint(path)
    trained, cfg = load_task(content, path, trust=trust), compose_config("train", plain_overrides(content["overrides"], path))
    try:
        data = build(cfg, "datamodule")
    except OmegaConfBaseException as error:
        raise BadInput(f"checkpoint {path!r} does not say which data it was trained on: {str(error).splitlines()[0]}") from error
    seed_everything(cfg.seed, verbose=False)
    fresh = build_task(content, path, trust=trust)
    data.check("test")
    trained.check_kind(data.example_batch("test", 1))
    network = f"{network_name(trained.config['task'])}: {path}"
    return plot_checkerboard({"random weights": _measured(fresh, data), "the checkpoint": _measured(trained, data)}, network)


def _measured(task: Task, data: DataModule) -> Checkerboard:
    return measure(task, islice(data.batches("test"), BATCHES))
