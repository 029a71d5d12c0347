"""Warnings and log messages of libraries that do not help a user: each is decided on purpose here, or said elsewhere."""

import logging
import warnings

MESSAGES = ("does not have many workers", "Checkpoint directory", "number of training batches", "LeafSpec", "val_dataloader")


def silence() -> None:
    """Hide these warnings, and Lightning's messages below warnings but for those of a profiler (trainer.profiler=simple)."""
    for message in MESSAGES:
        warnings.filterwarnings("ignore", f".*{message}.*")
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("lightning.pytorch.profilers").setLevel(logging.INFO)
