"""Loggers: several at once, a table that a continued run goes on with, and those that need a package of their own."""

import csv
from importlib.util import find_spec

import pytest
from commands import trained_run

from ablate.run.logger import CSV

TINY = ("experiment=copy", "debug=fast")


def rows(folder):
    with (folder / "metrics.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_table_goes_on_from_the_step_of_the_checkpoint(tmp_path):
    before, after = (CSV(str(tmp_path)) for _ in range(2))
    for step in (1, 2, 3):
        before.log_metrics({"loss": step / 4}, step)
    before.save()
    after.continue_from(2)
    after.log_metrics({"loss": 9.0, "lr": 0.5}, 3)
    after.save()
    assert [(row["step"], row["loss"], row["lr"]) for row in rows(tmp_path)] == [
        ("1", "0.25", ""),
        ("2", "0.5", ""),
        ("3", "9.0", "0.5"),
    ]


@pytest.mark.slow
def test_several_loggers_have_the_same_scalars(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run = trained_run(tmp_path, *TINY, "logger=many")
    events = EventAccumulator(str(run))
    events.Reload()
    table = {
        (tag, int(row["step"])): float(row[tag]) for row in rows(run) for tag in row if tag not in ("step", "epoch") and row[tag]
    }
    shown = {(tag, point.step): point.value for tag in events.Tags()["scalars"] for point in events.Scalars(tag)}
    assert table == pytest.approx(shown, nan_ok=True) and "test/loss" in {tag for tag, _ in table}
    assert (run / "hparams.yaml").read_text().count("\n") > 50


@pytest.mark.slow
@pytest.mark.parametrize("name, words", [("wandb", ["logger.offline=true"]), ("mlflow", [])])
def test_a_logger_with_a_package_of_its_own_gets_scalars_and_pictures(name, words, tmp_path):
    if find_spec(name) is None:
        pytest.skip(f"{name} is not installed: pip install {name}")
    trained_run(tmp_path, "experiment=scene_captions", "debug=fast", f"logger={name}", *words)
    assert [path for path in tmp_path.rglob("*.png") if "attention" in str(path) and {"media", "artifacts"} & {*path.parts}]
