"""What several benchmarks need: a composed config, the device, a step that is timed, batches without a loader."""

import atexit
import itertools
import shutil
import tempfile
from collections.abc import Callable, Sequence
from typing import Any

import torch
from omegaconf import DictConfig
from torch import Tensor, nn

from ablate.cli.check import check_settings
from ablate.cli.compose import compose_run
from ablate.data.datamodule import DataModule

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def composed(overrides: Sequence[str]) -> DictConfig:
    """conf/train.yaml with overrides, outside any run; the files of a run go into a folder that goes when this process ends."""
    folder = tempfile.mkdtemp(prefix="ablate_benchmark_")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    cfg = compose_run("train", folder, overrides)
    check_settings(cfg)
    return cfg


def step(network: nn.Module, outputs: Callable[..., Tensor]) -> Callable[[], None]:
    """Forward, a scalar of the outputs, backward."""

    def work() -> None:
        network.zero_grad()
        outputs().square().mean().backward()

    return work


def loading(data: DataModule) -> Callable[[], Any]:
    """Draws or reads, and collates, one batch of the training split after the other."""
    dataset, order = data.datasets["train"], itertools.count()
    return lambda: dataset.collate([dataset[next(order) % len(dataset)] for _ in range(data.batch_size)])
