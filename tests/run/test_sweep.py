"""Sweeps: a folder and a name each, failures that stay alone, HPARAMS of the whole."""

import json

import pytest
from commands import TINY, composed, script, succeed
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
from tensorboard.plugins.hparams import metadata

from ablate.run.train import train

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("sweep")]  # one trained run for all
PARTS = {f"checkpoints/{name}.ckpt" for name in ("best", "last")} | {f"config/{name}.yaml" for name in ("config", "overrides")}
PARTS |= {"metrics.json", "panel.png", "confusion.png", "run.log"}
SWEEP = [*TINY, "-m", "model/decoder=nearest,max_unpool", "seed=0,1", "trainer.max_epochs=1"]


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sweep")
    succeed("train", *SWEEP, cwd=folder)
    (found,) = (folder / "logs/segmentation").iterdir()
    return found


def runs(folder):
    return {path.parent.name: path.parent for path in folder.glob("*/run.json")}


def test_every_run_has_a_folder_named_by_what_was_swept(sweep):
    names = {f"decoder={d},seed={s}" for d in ("nearest", "max_unpool") for s in (0, 1)}
    assert set(runs(sweep)) == names
    for run in runs(sweep).values():
        assert {str(path.relative_to(run)) for path in run.rglob("*")} >= PARTS
        state = json.loads((run / "run.json").read_text())
        assert state["status"] == "finished" and state["versions"]["torch"] and state["commit"] and "train.py" in state["command"]


def test_hparams_hold_what_was_swept_and_the_final_test_metrics(sweep):
    multiplexer = EventMultiplexer().AddRunsFromDirectory(str(sweep)).Reload()
    assert set(multiplexer.Runs()) == set(runs(sweep))  # one run a run
    for name, tags in multiplexer.PluginRunToTagToContent("hparams").items():
        session = metadata.parse_session_start_info_plugin_data(tags[metadata.SESSION_START_INFO_TAG])
        values = {k: v.string_value or v.number_value for k, v in session.hparams.items()}
        assert not {"hydra", "callbacks", "logger"} & set(values)
        assert f"decoder={values['model/decoder']},seed={values['seed']:.0f}" == name
        experiment = metadata.parse_experiment_plugin_data(tags[metadata.EXPERIMENT_TAG])
        assert {column.name for column in experiment.hparam_infos if column.differs} == {"model/decoder", "seed"}
        assert {column.name for column in experiment.hparam_infos} == set(values)
        kept = json.loads((runs(sweep)[name] / "metrics.json").read_text())
        shown = [score.name.tag for score in experiment.metric_infos]
        assert shown == ["val/miou", *(tag for tag in kept if tag.startswith("test/"))]
        value = multiplexer.Tensors(name, "test/miou")[-1].tensor_proto.float_val[0]
        assert value == pytest.approx(kept["test/miou"])


def test_a_run_that_fails_does_not_take_the_others_with_it(tmp_path):
    words = [*TINY, "-m", "model.encoder.depth=1,0,2", "debug=fast"]
    done = script("train", *words, cwd=tmp_path)
    assert done.returncode == 1
    (folder,) = (tmp_path / "logs/debug").iterdir()
    status = {name: json.loads((run / "run.json").read_text())["status"] for name, run in runs(folder).items()}
    assert status == {"depth=1": "finished", "depth=0": "failed", "depth=2": "finished"}
    failed = [line for line in done.stderr.splitlines() if line.startswith("failed: ")]
    assert len(failed) == 1 and failed[0].startswith("failed: depth=0: ")
    assert "Traceback" not in done.stderr


def test_a_sweep_continues_where_it_stopped(sweep, tmp_path):
    stamps = {name: (run / "metrics.json").stat().st_mtime_ns for name, run in runs(sweep).items()}
    gone = runs(sweep)["decoder=nearest,seed=1"]
    (gone / "metrics.json").unlink()
    state = json.loads((gone / "run.json").read_text())
    (gone / "run.json").write_text(json.dumps({**state, "status": "running"}))
    succeed("train", *SWEEP, f"hydra.sweep.dir={sweep}", "ckpt_path=last", cwd=tmp_path)
    assert (gone / "metrics.json").exists()
    for name, run in runs(sweep).items():
        if run != gone:
            assert (run / "metrics.json").stat().st_mtime_ns == stamps[name]


def test_a_sweeper_gets_a_best_score_of_zero_as_zero(tmp_path):
    """None of the texts of a network that is hardly trained is right."""
    words = ["data=dates", "model=sequence_to_sequence", "task=translation", "debug=fast", "logger=none", "~callbacks.translations"]
    small = ["model.embedding_size=4", "model.cell.hidden_size=4", "model.search.max_length=3"]
    assert train(composed("train", tmp_path / "run", *words, *small, "callbacks.best.monitor=val/exact_match")) == 0.0
