"""Data, model and task that do not go together, and numbers that no run can have, end in one line."""

import pytest
import yaml
from commands import compose, composed, error_line, script
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import InterpolationKeyError

from ablate.cli.check import check_settings
from ablate.cli.compose import compose_config
from ablate.cli.fit import experiments, explained, trained_by
from ablate.errors import BadInput, Misfit
from ablate.run.build import build


@pytest.mark.slow
@pytest.mark.parametrize(
    "words, line",
    [
        (
            ["data=names", "model=captioner"],
            "data=names goes with experiment=names; task=segmentation trains model=bilinear_",
        ),
        (["task=reconstruction"], "9 outputs for each pixel, pictures have 3 colours): data=scenes goes with"),
        (["experiment=autoencoder", "task=segmentation"], "3 outputs for each pixel, the data have 9 classes): data=scenes goes"),
        (["experiment=names", "model=fcn"], "task=sequence_classification trains model=bag_of_words or"),
        (["experiment=echo", "task=sequence_regression", "model=sequence_classifier"], "these data are sequences with a class for"),
    ],
)
def test_the_command_says_so_in_one_line(words, line, tmp_path):
    said = error_line(script("train", *words, "debug=fast", cwd=tmp_path))
    assert line in said and said.startswith("error: data=") and "do not go together" in said


@pytest.mark.parametrize(
    "data, known",
    [
        ("dates", ["experiment=dates"]),
        ("scenes", ["experiment=autoencoder", "experiment=fcn_small", "experiment=upsampling"]),
        ("coco", ["experiment=captions data=coco", "experiment=flickr8k data=coco", "experiment=glyphs data=coco"]),
        ("text", ["experiment=shakespeare", "experiment=text"]),
        ("voc", [f"experiment={name} data=voc" for name in ("camvid", "camvid_deconvnet", "camvid_fcn", "segnet_basic")]),
        ("mine", []),
    ],
)
def test_data_go_with_experiments(data, known):
    assert experiments(data) == known


@pytest.mark.parametrize(
    "task, models",
    [
        ("captioning", "model=captioner"),
        ("sequence_tagging", "model=language_model or model=sequence_tagger"),
        ("sequence_regression", "model=bag_of_words or model=sequence_classifier or model=window_mlp"),
    ],
)
def test_a_task_trains_models_of_its_kind(task, models):
    assert trained_by(task) == f"task={task} trains {models}"


def test_a_model_of_another_kind_is_a_misfit(tmp_path):
    cfg = composed("train", tmp_path, "experiment=marked_symbol", "model=sequence_tagger")
    with pytest.raises(Misfit) as caught:
        build(cfg, "task")
    line = str(explained(caught.value, HydraConfig.get().runtime.choices))
    assert "do not go together (SequenceClassification trains models of the class SequenceModel): data=" in line
    assert "data=marked_symbol goes with experiment=marked_symbol; " in line and line.endswith("model=window_mlp")


def test_a_model_without_a_part_that_the_experiment_chooses_is_a_misfit_too():
    with pytest.raises(BadInput, match="experiment=echo and model=fcn do not go together, .* model=language_model or model=seq"):
        compose_config("train", ["experiment=echo", "model=fcn"])


def test_an_argument_that_the_config_does_not_set_is_added_by_a_plus():
    with pytest.raises(BadInput, match=r"torch.optim.AdamW takes it: \+optimizer.betas=VALUE"):
        compose_config("train", ["optimizer.betas=[0.9,0.99]"])
    check_settings(compose("+optimizer.betas=[0.9,0.99]"))


def test_another_mistake_is_left_as_it_is():
    assert explained(error := BadInput("`width`=0 is wrong"), DictConfig({})) is error


def test_an_interpolation_of_the_users_own_blames_the_word():
    with pytest.raises(InterpolationKeyError) as caught:
        check_settings(compose(word := "data.batch_size=${data.batchsize}"))
    assert str(explained(caught.value, DictConfig({}), [word])).startswith(f"{word}: there is no key 'data.batchsize'")


def test_the_message_of_a_mistake_is_one_line_without_backticks():
    assert str(BadInput("`width`=0\n  is\twrong")) == "width=0 is wrong"


WRONG = [
    "seed=-1", "seed=abc", "seed=4294967296", "trainer.max_epochs=0", "trainer.max_epochs=abc", "trainer.log_every_n_steps=0",
    "trainer.check_val_every_n_epoch=0", "optimizer.lr=-1", "optimizer.lr=0", "optimizer.lr=abc", "optimizer.lr=nan",
    "optimizer.weight_decay=-1", "scheduler.warmup=2", "trainer.deterministic=maybe", "trainer.max_epochs=null",
    "trainer.max_steps=0", "trainer.max_steps=-5", "trainer.devices=0", "trainer.limit_train_batches=0",
    "trainer.limit_test_batches=0.0", "trainer.devices=abc",
]  # fmt: skip


@pytest.mark.parametrize("word", WRONG)
def test_a_number_that_cannot_work_is_named(word):
    key, _, value = word.partition("=")
    cfg = compose()
    OmegaConf.update(cfg, key, yaml.safe_load(value))
    with pytest.raises(BadInput, match=key):
        check_settings(cfg)


@pytest.mark.parametrize("word", ["debug=fast", "trainer.deterministic=warn", "optimizer=sgd", "scheduler=poly", "trainer=ddp"])
def test_what_works_is_left_alone(word):
    check_settings(compose(word))
