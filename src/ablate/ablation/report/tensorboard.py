"""The report in TensorBoard: its figures as images, its claims as a table."""

import shutil
from pathlib import Path

import numpy as np
from PIL import Image
from torch.utils.tensorboard import SummaryWriter

from ablate.ablation.judge.verdict import Outcome
from ablate.ablation.report.document import came_out, claims_legend, claims_table
from ablate.ablation.report.text import plain
from ablate.ablation.spec.ablation import Ablation


def log_report(folder: Path, ablation: Ablation, outcomes: list[Outcome]) -> Path:
    """Write an event file for the report that `write_report` wrote to `folder`; an earlier one is replaced."""
    events = folder / "report"
    shutil.rmtree(events, ignore_errors=True)
    with SummaryWriter(str(events)) as writer:
        tested = [outcome for outcome in outcomes if not outcome.claim.exploratory]
        text = f"**{plain(ablation.question)}**\n\n{came_out(outcomes)}.\n\n{claims_table(tested, {})}\n\n{claims_legend(outcomes)}"
        writer.add_text(f"ablation/{ablation.name}", text, 0)
        for path in sorted((folder / "figures").glob("*.png")):
            picture = np.asarray(Image.open(path).convert("RGB"))
            writer.add_image(f"ablation/{path.stem}", picture, 0, dataformats="HWC")
    return events
