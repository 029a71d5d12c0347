"""What the ablation engine itself costs: an ablation whose experiment does nothing."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import yaml
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from ablate.console import print_table
from ablate.errors import BadInput
from ablate.files import SCRIPTS, write_json
from ablate.run import folder as run_folder
from ablate.schema.options import Range, check_values

CELLS = 10


def nothing(cfg: DictConfig) -> None:
    """A run without any work: the files of a finished one, with numbers that its config gives."""
    folder = Path(HydraConfig.get().runtime.output_dir)
    run_folder.start(folder, cfg, HydraConfig.get().overrides.task, resume=True)
    score = cfg.quality + 0.001 * cfg.seed
    write_json(folder / "history.json", {"val/score": [[step, score * step / 20] for step in range(1, 21)]})
    run_folder.finish(folder, {"test/score": score}, seconds=0.0, device="cpu", parameters=1, multiply_adds=1)


def run(overrides: Sequence[str]) -> None:
    """Seconds of all runs, of asking again, and of the report, for runs=1000 or another number."""
    count = _runs(overrides)
    with tempfile.TemporaryDirectory() as folder:
        _write(Path(folder) / "conf", seeds=-(-count // CELLS))
        words = ["reproduce.py", f"--config-dir={folder}/conf", "ablation=nothing", "config=nothing", "budget=full",
                 "job=ablate.command.benchmark.ablation.nothing", "metric_tags=null"]  # fmt: skip
        first, again = _seconds(words, folder), _seconds(words, folder)
        report = _seconds(["report.py", "logs/ablation/nothing"], folder)
    rows = [
        (f"{count} runs, and their report", f"{first:.1f}", f"{(first - again) / count:.3f}"),
        ("asking again, and the report", f"{again:.1f}", ""),
        ("the report alone", f"{report:.1f}", ""),
        ("asking again", f"{again - report:.1f}", ""),
    ]
    print_table(f"an ablation of {count} runs that do nothing, {os.cpu_count()} processors", ["", "s", "s a run"], rows)


def _runs(overrides: Sequence[str]) -> int:
    if not overrides:
        return 1000
    key, _, value = overrides[0].partition("=")
    if key != "runs" or len(overrides) > 1 or not (value.isascii() and value.isdigit()):
        raise BadInput(f"{' '.join(overrides)!r} is unknown; benchmark.py ablation takes runs=NUMBER alone")
    check_values({"runs": Annotated[int, Range(CELLS, 10**5)]}, {"runs": int(value)})
    return int(value)


def _write(conf: Path, seeds: int) -> None:
    cells = {f"cell{i}": [f"quality={i / CELLS}"] for i in range(CELLS)}
    claim = {"statement": "Cells differ.", "source": "none", "metric": "test/score", "direction": "greater",
             "least_effect": 0.05, "contrast": {"order": list(cells)}}  # fmt: skip
    ablation = {"name": "nothing", "question": "What does the engine cost?", "source": "none", "cells": cells,
                "budgets": {"full": {"seeds": seeds}}, "metrics": {"test/score": "maximise"},
                "claims": {"differ": claim}}  # fmt: skip
    experiment = {"defaults": [{"hydra": "ablate"}, "_self_"], "seed": 0, "quality": 0.0, "name": "nothing",
                  "log_dir": "logs", "ckpt_path": None}  # fmt: skip
    (conf / "ablation").mkdir(parents=True)
    (conf / "nothing.yaml").write_text(yaml.safe_dump(experiment, sort_keys=False), encoding="utf-8")
    (conf / "ablation/nothing.yaml").write_text(yaml.safe_dump(ablation, sort_keys=False), encoding="utf-8")


def _seconds(words: Sequence[str], folder: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, str(SCRIPTS / words[0]), *words[1:]], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start
