"""Every config composes, and every experiment trains; values of wrong types are found, by their dotted names."""

import copy
import json
import math
import re
from functools import cache

import digests
import pytest
from commands import CONF, choices, compose, succeed, trained_run
from hydra.utils import get_class
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import InterpolationKeyError

from ablate.cli.check import check_settings, wrong_values
from ablate.cli.fit import experiments, explained
from ablate.errors import BadInput, user_line
from ablate.files import options
from ablate.run.build import build
from ablate.run.train import assume_vocabularies, make_trainer, metric_tags

GROUPS = ("augmentation", "model/encoder", "model/decoder", "optimizer", "scheduler", "probe", "trainer", "debug")
EXPERIMENTS = options("experiment")
DATA = {name: re.search(r"override /data: (\w+)|$", (CONF / f"experiment/{name}.yaml").read_text())[1] for name in EXPERIMENTS}
LONE = [f"data={option}" for option in options("data") if option not in DATA.values()]  # no experiment has these
TURNS = [[f"{g}={options(g)[i % len(options(g))]}" for g in GROUPS] for i in range(max(len(options(g)) for g in GROUPS))]
CONFIGS = [
    *([f"experiment={name}"] for name in EXPERIMENTS),
    *([option] for option in LONE),
    *TURNS,
    *(["experiment=names", f"model={baseline}"] for baseline in ("bag_of_words", "window_mlp")),
]
KEYED = [
    (group, option)
    for group in ("data", *GROUPS[:6], "model", "model/cell", "model/attention", "model/search", "task", "callbacks")
    for option in options(group)
    if (group, option) != ("callbacks", "default")
]
SAME_FILES = ("pairs", "tagged", "text")  # as multi30k, ewt and shakespeare read; tests/test_readme.py trains them on a user's own
pytestmark = pytest.mark.xdist_group("configs")  # one process composes each experiment once


@cache
def fitting(data):
    """Words that choose data that no experiment has, and what goes with them."""
    known = sorted(experiments(data), key=lambda words: "autoencoder" in words)  # which reads no classes: last
    known = known or [f"data={data} model=sequence_classifier task=sequence_classification"]
    return known[0].split()


@pytest.mark.slow
@pytest.mark.parametrize("words", CONFIGS, ids=" ".join)
def test_every_option_composes_and_resolves(words):
    cfg = compose(*(fitting(words[0].removeprefix("data=")) if words[0] in LONE else words))
    assume_vocabularies(cfg)
    OmegaConf.resolve(cfg.task)
    OmegaConf.resolve(cfg.datamodule)
    if "decoder" in cfg.task.model and "vocabulary_size" in cfg.task.model.decoder:
        assert cfg.task.model.decoder.vocabulary_size == cfg.data.vocabulary_size
    else:
        assert cfg.task.model.get("num_classes", cfg.data.num_classes) == (
            3 if "reconstruction" in cfg.task._target_ else cfg.data.num_classes
        )
    assert cfg.data.class_names is None or len(cfg.data.class_names) == cfg.data.num_classes
    assert cfg.task.model.get("window") in (None, cfg.data.get("max_length"))
    if "palette" not in cfg.data:
        assert cfg.datamodule.bucket == cfg.data.get("bucket", 0) and (
            cfg.data.get("vocabulary_size") is None or cfg.data.get("input_size") is None
        )
    else:
        assert len(cfg.data.palette) >= cfg.data.num_classes


@pytest.mark.slow
@pytest.mark.parametrize("cell", options("model/cell"))
@pytest.mark.parametrize("name", ["scene_captions", "reversal", "babi", "scene_questions"])
def test_every_cell_reads_or_writes_texts(name, cell):
    counted = ["data.vocabulary_size=9"] if name == "babi" else []
    cfg = compose(f"experiment={name}", f"model/cell={cell}", *counted)
    net = build(cfg, "task").model
    reader_or_writer = net.decoder if hasattr(net, "decoder") else net.question
    assert isinstance(reader_or_writer.recurrent.layers[0][0], get_class(cfg.model.cell._target_))


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_opens_with_question_command_time_and_result(name):
    head = (CONF / "experiment" / f"{name}.yaml").read_text().split("defaults:")[0]
    assert head.startswith("# @package _global_")
    says = dict(re.findall(r"^# (Question|Command|Time|Result): (.+)", head, re.MULTILINE))
    assert list(says) == ["Question", "Command", "Time", "Result"] and says["Question"].endswith("?")
    python, script, *words = says["Command"].split()
    assert (python, script) == ("python", "scripts/train.py") and f"experiment={name}" in words
    assert compose(*(word.partition(",")[0] for word in words if word != "-m")).name


def with_option(group, option):
    """A config with an option of a group, and with what fits it; most options are files that need not be composed."""
    node = group.replace("/", ".")
    if group in ("data", "augmentation", "model", "task", "callbacks"):
        same = [[f"experiment={name}"] for name in EXPERIMENTS if choices(f"experiment={name}")[group] == option]
        others = (
            fitting(option)
            if group == "data" and not same
            else [f"experiment={'ram_digits' if option.startswith('picture') else 'names'}"] * (group == "model")
        )
        cfg = compose(*(same[-1] if same else dict.fromkeys([*others, f"{group}={option}"])))
    else:
        cfg = compose("experiment=copy" if group in ("model/cell", "model/attention", "model/search") else "experiment=upsampling")
        file = OmegaConf.load(CONF / group / f"{option}.yaml")
        OmegaConf.update(cfg, f"{node}.{option}" if group == "probe" else node, file, merge=False, force_add=True)
    cfg.paths.output = "run"
    assume_vocabularies(cfg)
    return cfg


def leaves(node, prefix):
    """Keys below a node that a user sets: not what is taken from elsewhere."""
    for name in node:
        child = node._get_node(name)
        if isinstance(child, DictConfig) and not child._is_none() and not child._is_interpolation():
            yield from leaves(child, f"{prefix}.{name}")
        elif not name.startswith("_") and not child._is_interpolation():
            yield f"{prefix}.{name}"


@pytest.mark.parametrize("group, option", KEYED)
def test_a_value_of_a_wrong_type_is_named_by_its_key(group, option):
    cfg, node = with_option(group, option), group.replace("/", ".")
    keys = [*leaves(OmegaConf.select(cfg, node), node)]
    for key in keys:
        OmegaConf.update(cfg, key, {"of": "a wrong type"}, merge=False)
    named = [str(error) for error in wrong_values(cfg, "train")]
    silent = {key for key in keys if not any(re.match(rf"{key}[=.]", line) for line in named)}
    assert silent <= {"data.labels"}  # there a mapping is right
    assert all(re.match(r"[\w.]+[=.]", line) and line.split("=")[0].startswith(node) for line in named)


VALUES = (None, "text", -1, math.nan, [1], 10**30)


@pytest.mark.parametrize("shift", [0, *(pytest.param(i, marks=pytest.mark.slow) for i in range(1, len(VALUES), 2))])
def test_whatever_a_key_is_set_to_is_one_line_or_a_config(shift):
    """Each key of all experiments once, in the first that has it; the slow ones go through other values, and build."""
    seen = {"paths.output"}
    for name in EXPERIMENTS:
        cfg = compose(f"experiment={name}")
        cfg.paths.output = "run"
        for key in [each.lstrip(".") for each in leaves(cfg, "")]:
            if key in seen:
                continue
            seen.add(key)
            before = OmegaConf.select(cfg, key)
            OmegaConf.update(cfg, key, value := VALUES[(len(seen) + shift) % len(VALUES)], merge=False)
            try:
                check_settings(cfg)
                if shift:
                    build_all(cfg)
            except (BadInput, InterpolationKeyError) as error:
                assert user_line(explained(error, choices(f"experiment={name}"))), (name, key, value, error)
            except Exception as error:
                pytest.fail(f"{name}: {key}={value}: {error!r}")
            OmegaConf.update(cfg, key, before, merge=False)


def build_all(cfg):
    """What a run is made of, but for its logger, and for data that are no copy of its own."""
    cfg = copy.deepcopy(cfg)
    cfg.logger, cfg.paths.output = None, "run"
    metric_tags(cfg)
    make_trainer(cfg)
    build(cfg, "datamodule")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["scene_captions", "scene_questions", "dates"])
def test_bfloat16_trains_and_draws(name, tmp_path):
    words = [f"experiment={name}", "debug=fast", "data.batch_size=2", "trainer=gpu", "trainer.accelerator=cpu"]
    done = succeed("train", *words, cwd=tmp_path)
    assert "bf16-mixed on cpu" in done.stdout
    assert [path for path in tmp_path.glob("logs/*/*/*.png") if path.stem in ("captions", "answers", "attention")]


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in EXPERIMENTS if name not in (*digests.OWN, *SAME_FILES)])
def test_every_experiment_trains_to_the_recorded_losses(name, tmp_path, request):
    """Losses to three digits, which other processors find too; `python tests/digests.py check` compares every bit."""
    if name in digests.FOLDERS:
        request.getfixturevalue("real_data")
    metrics = json.loads((trained_run(tmp_path, *digests.words(name)) / "metrics.json").read_text())
    recorded = {tag: value for tag, value in json.loads(digests.FIXTURE.read_text())[name]["metrics"].items() if "loss" in tag}
    assert {tag: metrics[tag] for tag in recorded} == pytest.approx(recorded, rel=1e-3)
