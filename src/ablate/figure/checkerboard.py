"""The checkerboard of a network with random weights and of the same network trained."""

from itertools import islice
from pathlib import Path

from hydra.utils import instantiate
from lightning.pytorch import Trainer, seed_everything
from matplotlib.figure import Figure
from omegaconf import OmegaConf

from ablate.analysis.checkerboard import Checkerboard, measure
from ablate.callback.checkerboard import draw_checkerboard
from ablate.command.benchmark.common import composed
from ablate.run.build import build
from ablate.run.checkpoint import read_checkpoint
from ablate.run.load import load_task
from ablate.task.base import Task

EPOCHS = 2
NETWORK = ["model/decoder=transposed_conv", "model.decoder.kernel=3", "model.encoder.width=8", "data.dataset.sizes.train=1024"]
BATCHES = 8


def checkerboard(checkpoint: Path | None = None) -> Figure:
    """Answers to a flat picture and spectra, before and after training: of a checkpoint, or of a small network trained here.

    The small one has transposed convolutions of kernel 3 and is trained for two epochs of 1,024 scenes, about half a minute.
    """
    if checkpoint:
        return _of_checkpoint(str(checkpoint))
    cfg = composed([*NETWORK, f"trainer.max_epochs={EPOCHS}"])
    seed_everything(cfg.seed, verbose=False)
    task, data = build(cfg, "task"), build(cfg, "datamodule")
    before = _measured(task, data)
    trainer = Trainer(max_epochs=EPOCHS, accelerator="cpu", logger=False, enable_checkpointing=False, limit_val_batches=0,
                      enable_progress_bar=False, enable_model_summary=False)  # fmt: skip
    trainer.fit(task, datamodule=data)
    return draw_checkerboard({"before training": before, "trained": _measured(task, data)})


def _of_checkpoint(path: str) -> Figure:
    content = read_checkpoint(path)
    trained = load_task(content, path)
    config = OmegaConf.create(content["config"])
    seed_everything(config.seed, verbose=False)
    fresh = instantiate(dict(content["config"]["task"], optimizer=None, scheduler=None), _convert_="all")
    data = build(config, "datamodule")
    data.check("test")
    return draw_checkerboard({"random weights": _measured(fresh, data), "the checkpoint": _measured(trained, data)})


def _measured(task: Task, data) -> Checkerboard:
    return measure(task, islice(data.batches("test"), BATCHES))
