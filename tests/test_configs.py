"""Every config composes, and every experiment trains."""

import pytest
from commands import CONF, compose, script
from omegaconf import OmegaConf

GROUPS = ("data", "augmentation", "model/encoder", "model/decoder", "optimizer", "scheduler", "trainer", "debug", "experiment")
OPTIONS = [f"{group}={path.stem}" for group in GROUPS for path in sorted((CONF / group).glob("*.yaml"))]
EXPERIMENTS = [path.stem for path in sorted((CONF / "experiment").glob("*.yaml"))]


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_composes_and_resolves(option):
    cfg = compose(option)
    OmegaConf.resolve(cfg.task)
    OmegaConf.resolve(cfg.datamodule)
    assert cfg.task.model.num_classes == (3 if cfg.task.name == "reconstruction" else cfg.data.num_classes)
    assert len(cfg.data.class_names) == cfg.data.num_classes
    assert len(cfg.data.palette) >= cfg.data.num_classes


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_opens_with_question_command_time_and_result(name):
    head = (CONF / "experiment" / f"{name}.yaml").read_text().split("defaults:")[0]
    assert head.startswith("# @package _global_")
    for word in ("Question:", "Command:", "Time:", "Result:"):
        assert word in head, f"{name}.yaml does not say {word}"
    assert f"experiment={name}" in head


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_trains_two_steps(name, tmp_path, request):
    words = [f"experiment={name}", "debug=fast", "trainer.limit_train_batches=2", "data.batch_size=2"]
    if compose(f"experiment={name}").data.root is not None:
        words.append(f"data.root={request.getfixturevalue('real_data')}/camvid_half/CamVid")
    done = script("train", *words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert compose(f"experiment={name}").callbacks.best.monitor.replace("val/", "test/") in done.stdout
