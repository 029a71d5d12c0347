"""Test scores of untrained networks of every task: in one process, or as one of two that share an uneven split."""

import os
from multiprocessing.connection import Connection

import torch
from commands import QUIET, compose
from lightning.pytorch import Trainer, seed_everything

from ablate.data.datamodule import DataModule
from ablate.run.build import build
from ablate.run.processes import environment
from ablate.run.train import silence
from ablate.task.base import Task

SAMPLES = 7  # of the test split: four for one process, three for the other
FEW = ["data.dataset.sizes={train: 16, val: 8, test: 8}"]
PICTURES = [*FEW, "data.image_size=16", "model.encoder.width=4", "model.encoder.depth=2"]
EXPERIMENTS = {  # of each task
    "upsampling": PICTURES,
    "autoencoder": FEW,
    "names": [],
    "adding": [],
    "echo": [],
    "stdlib_lm": [],
    "dates": ["data.dataset.read.sizes={train: 64, val: 8, test: 8}", "model.cell.hidden_size=8"],
    "scene_captions": [*FEW, "model.cell.hidden_size=8", "model/search=greedy"],
    "scene_questions": FEW,
    "expressions": [],
    "draw_digits": [],
    "ram_digits": [],
    "dram_pairs": [*FEW, "data.image_size=60"],
}


def scores(experiment: str, processes: int) -> dict[str, float]:
    """The test scores of the network as the seed makes it."""
    silence()
    cfg = compose(f"experiment={experiment}", "data.batch_size=2", *EXPERIMENTS[experiment])
    seed_everything(0, verbose=False)
    data = build(cfg, "datamodule", DataModule)
    for key, value in data.inferred_config().items():
        cfg.data[key] = value
    task = build(cfg, "task", Task)
    task.tokenisers = data.tokenisers
    test = data.datasets["test"]
    test.__class__ = type("Few", (type(test),), {"__len__": lambda self: SAMPLES})
    shared = dict(strategy="ddp", plugins=[environment()]) if processes > 1 else {}
    trainer = Trainer(devices=processes, use_distributed_sampler=False, **QUIET, **shared)
    return {tag: float(value) for tag, value in trainer.test(task, datamodule=data, verbose=False)[0].items()}


def share(rank: int, port: int, words: Connection) -> None:
    """The scores of all experiments, as the process `rank` of two."""
    os.environ |= {
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "NODE_RANK": "0",
        "LOCAL_RANK": str(rank),
        "WORLD_SIZE": "2",
    }
    torch.set_num_threads(1)
    words.send({experiment: scores(experiment, 2) for experiment in EXPERIMENTS})
