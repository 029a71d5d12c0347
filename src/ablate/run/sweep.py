"""A sweep (-m): what its workers are told, what its runs scored, and which of them failed."""

import json
import os
import shlex
import time
from collections.abc import Iterator
from pathlib import Path

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from ablate.console import console, print_table
from ablate.files import script_words
from ablate.run.folder import STATE, SWEPT_KEYS, override_key, read_state


class Sweep(Callback):
    """Hydra callback: tells the workers of a multirun which keys it varies, and ranks its runs at its end."""

    folder: Path | None = None
    started = 0.0

    def on_multirun_start(self, config: DictConfig, **_: object) -> None:
        overrides = OverridesParser.create().parse_overrides(list(config.hydra.overrides.task))
        swept = [o.get_key_element().lstrip("+~") for o in overrides if o.is_sweep_override()]
        swept += config.hydra.sweeper.get("params") or {}
        os.environ[SWEPT_KEYS] = json.dumps(swept)  # the environment reaches workers on any launcher
        Sweep.folder, Sweep.started = Path(config.hydra.sweep.dir), time.time()

    def on_multirun_end(self, config: DictConfig, **_: object) -> None:
        print_ranking(Path(config.hydra.sweep.dir))


def states() -> Iterator[tuple[str, dict]]:
    """Name and state of each run of this process's sweep."""
    for path in sorted(Sweep.folder.glob(f"*/{STATE}") if Sweep.folder else []):
        state = read_state(path.parent)
        if state.get("started", 0) >= Sweep.started:
            yield path.parent.name, state


def failed_in_sweep() -> dict[str, str]:
    """Name and reason of every run of this process's sweep that did not finish."""
    failed = {name: state for name, state in states() if state.get("status") != "finished"}
    return {name: state.get("error", "stopped before its end") for name, state in failed.items()}


def print_ranking(folder: Path) -> None:
    """Print the swept values of the finished runs and the score that their checkpoints are chosen by, the best first and bold."""
    finished = [state for _, state in states() if state.get("status") == "finished"]
    scored = [state for state in finished if state.get("score", {}).get("best") is not None]
    keys = json.loads(os.environ[SWEPT_KEYS])
    if not scored or not keys:
        return
    metric, mode = scored[0]["score"]["metric"], scored[0]["score"]["mode"]
    scored.sort(key=lambda state: state["score"]["best"], reverse=mode == "max")
    rows = []
    for state in scored:
        values = {override_key(word): word.partition("=")[2] for word in state["overrides"]}
        rows.append([*(values.get(key, "–") for key in keys), f"{state['score']['best']:.4f}"])
    print_table(None, (*keys, metric), rows, bold=0)
    grouped, better = ",".join(key for key in keys if key != "seed") or "seed", "maximise" if mode == "max" else "minimise"
    where = folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder
    words = [*script_words("report"), str(where), "--by", grouped, "--metric", metric, "--better", better]
    console.print(f"compare them: {shlex.join(words)}")
