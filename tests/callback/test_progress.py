"""The bar of a terminal has counts, an estimate and values; a pipe gets a line an epoch; history.json holds each value once."""

import io
import json
import re

import lightning.pytorch as pl
import pytest
import torch
from commands import QUIET, TINY, succeed
from rich.console import Console

from ablate.callback.progress import Progress


class Line(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def training_step(self, batch, index):
        loss = (self.weight - batch).square().mean()
        self.log("train/loss", loss, batch_size=1)
        return loss

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 0.1)


@pytest.mark.parametrize("terminal", [True, False])
def test_progress(terminal):
    bar, shown = Progress(), io.StringIO()
    bar.console = Console(file=shown, force_terminal=terminal, width=150)
    trainer = pl.Trainer(max_epochs=2, callbacks=[bar], **QUIET | {"enable_progress_bar": True})
    trainer.fit(Line(), torch.utils.data.DataLoader(torch.ones(6, 1)))
    text = re.sub(r"\x1b\[[\d;?]*\w", "", shown.getvalue())
    if terminal:
        assert "12/12" in text and "left" in text and re.search(r"\d:\d\d:\d\d", text) and "train/loss" in text
    else:
        assert [line.split("  ")[0] for line in text.splitlines()] == ["epoch 1/2", "epoch 2/2"]
        assert "train/loss" in text


@pytest.mark.slow
def test_validation_is_kept_where_it_happened(tmp_path):
    succeed("train", *TINY, "trainer.max_epochs=5", "trainer.check_val_every_n_epoch=2", cwd=tmp_path)
    curves = json.loads(next(tmp_path.glob("logs/*/*/history.json")).read_text())
    assert [step for step, _ in curves["train/loss"]] == [3, 6, 9, 12, 15]
    assert [step for step, _ in curves["val/miou"]] == [step for step, _ in curves["val/loss"]] == [6, 12]
