"""Compiles a network before its training begins, and says how long that takes."""

import copy
import time
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback
from omegaconf import DictConfig, open_dict

from ablate.console import console
from ablate.data.batch import SegmentationBatch
from ablate.errors import BadInput, Misfit
from ablate.task.segmentation import Segmentation

BACKEND = "inductor"


class Compile(Callback):
    """`torch.compile` of a segmenter, with trainer.compile=true.

    It is compiled for training and for validation by a step of each whose effects are undone, so that the time of the training,
    and the speed that is logged, are those of the compiled network; a last batch of an epoch that is smaller is compiled for when
    it comes. Weights keep their names, checkpoints are those of a network that is not compiled.

    Raises:
        Misfit: a task that is no segmentation: sequences of many lengths would be compiled again and again.
        BadInput: torch cannot compile here, for example without a C++ compiler.
    """

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        if not isinstance(pl_module, Segmentation):
            raise Misfit("trainer.compile=true is for segmenters, task=segmentation")

    def on_fit_start(self, trainer: Trainer, pl_module: Segmentation) -> None:
        data = trainer.datamodule
        batch = data.example_batch("train", data.batch_size, pl_module.device)
        if data.augmentation is not None:  # which may cut out windows
            batch = data.augmentation(batch, torch.Generator().manual_seed(0))
        start = time.perf_counter()
        pl_module.model.compile(backend=BACKEND)
        try:
            with undone(pl_module):
                self._try(trainer, pl_module, batch)
        except Exception as error:  # whatever dynamo, the backend or the system's compiler raise
            reason = " ".join(str(error).split())[:200]
            raise BadInput(f"trainer.compile=true: torch cannot compile the network here ({reason}): leave it out") from error
        console.print(f"compiled in {time.perf_counter() - start:.1f} s, before the training begins")

    def _try(self, trainer: Trainer, task: Segmentation, batch: SegmentationBatch) -> None:
        precision = trainer.precision_plugin
        task.train()
        with precision.train_step_context():
            task.step(batch).loss.backward()
        task.eval()
        with torch.inference_mode(), precision.val_step_context():
            task.step(batch)


def without_compile(cfg: DictConfig) -> tuple[DictConfig, bool]:
    """`cfg` with a trainer as Lightning takes it, and the one key of `trainer` that is ours."""
    without = copy.deepcopy(cfg)
    with open_dict(without.trainer):
        return without, bool(without.trainer.pop("compile", False))


@contextmanager
def undone(task: LightningModule) -> Iterator[None]:
    """Within, steps may be taken; afterwards weights, buffers, gradients, modes and random numbers are as before."""
    state = {name: value.clone() for name, value in task.state_dict().items()}
    training = {module: module.training for module in task.modules()}
    with torch.random.fork_rng(devices=[task.device] if task.device.type == "cuda" else []):
        try:
            yield
        finally:
            task.zero_grad(set_to_none=True)
            task.load_state_dict(state)
            for module, mode in training.items():
                module.training = mode
