"""A fixed sample of what a user may get wrong, over all scripts: one line that names it, and nothing on the disk but logs."""

import copy
import logging
import math
import runpy
import shlex
import sys

import pytest
import torch
from commands import ROOT, TINY, composed, error_line, script

from ablate.run.provenance import COMMAND
from ablate.run.train import train

pytestmark = pytest.mark.slow

# SCRIPT WORDS | what the line says, where that is not the key of the last word. `best`, `cut` and so on are checkpoints.
BAD = """
train seed=null
train seed=-1
train optimizer.lr=null
train optimizer.lr=nan
train trainer.devices=abc
train trainer.devices=1000
train trainer.max_epochs=null
train task.optimisation.gradient_clip=abc
train +optimizer.foo=3
train +trainer.val_check_interval=0
train data.num_classes=5
train data.class_names=[a,a]
train data.ignore_index=1000
train task.label_smoothing=nan
train callbacks.best.monitor=val/miuo | did you mean 'val/miou'
train callbacks.panel.pictures=abc
train callbacks.best=null
train +callbacks.mine.a=3 | callbacks.mine must be a Callback
train data.palette=null
train data.batch_size=10000000
train data.image_size=1000000
train data.dataset.sizes=abc
train data.num_workers=-1
train model.encoder.depth=30
train model.decoder.skip=ad | did you mean 'add'
train model.decoder.kernl=3 | did you mean
train model/decoder=nearst | did you mean 'nearest'
train model/decoder=null
train optmizer=sgd | did you mean 'optimizer'
train optimizer.lrr=1 | did you mean 'optimizer.lr'
train experiment=camvd | did you mean 'camvid'
train task.class_weight=median | median_frequency
train data=camvit | did you mean 'camvid'
train +experiment=camvid | leave the + out
train hparams_search=segmenter | pip install hydra-optuna-sweeper
train hydra/sweeper=optun | did you mean 'optuna'
train probe=[insid] | did you mean 'inside'
train task._target_=ablate.task.nowhere.X | nowhere.X
train ~optimizer | ~optimizer takes away optimizer
train ~trainer | trainer
train data.batch_size=${data.batchsize} | no key 'data.batchsize'
train seed | 'seed' is neither KEY=VALUE nor
train --confg-dir=x | unrecognized arguments: --confg-dir=x
train data=camvid data.root=nowhere | download.py camvid
train experiment=scene_questions task.blind=abc
train experiment=stdlib_lm data.vocabulary_size=5
train ckpt_path=cut | truncated
train seed=7 ckpt_path=last | no run with the overrides
evaluate checkpoint=nan | is not finite
evaluate checkpoint=parts | lacks a part: 'overrides'
evaluate checkpoint=best model.encoder.width=3
predict input=x | checkpoint=VALUE is missing
predict checkpoint=best input=nowhere
predict checkpoint=best input=x device=nowhere
explain checkpoint=best | input=VALUE is missing
explain checkpoint=best input=nowhere
explain checkpoint=best input=x explanation=gradcam | did you mean 'grad_cam'
explain checkpoint=best input=x explanation=occlusion explanation.window=0
explain checkpoint=best input=x device=nowhere
generate checkpoint=best temperature=abc
generate checkpoint=best | needs a language model
export checkpoint=best size=abc
export checkpoint=best fold=maybe
reproduce ablation=upsampling pilot=maybe
reproduce ablation=upsampling job=nowhere
report nowhere | nowhere is not a folder
report . --by seed --better most
figures unpoolin | did you mean 'unpooling'
figures unpooling --output= | --output= is empty
benchmark decoders --threads 0
benchmark decoder | did you mean 'decoders'
download canvid | did you mean 'camvid'
download camvid --checksum md5:1
"""
CASES = [line.partition(" | ")[::2] for line in BAD.strip().splitlines()]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A folder of checkpoints: a whole one, one that is cut, one with a weight that is not finite, one that lacks a part."""
    folder = tmp_path_factory.mktemp("trained")
    train(composed("train", folder / "run", *TINY, "debug=fast", "logger=none"))
    whole = folder / "run/checkpoints/best.ckpt"
    content = torch.load(whole, weights_only=True)
    (folder / "best").write_bytes(whole.read_bytes())
    (folder / "cut").write_bytes(whole.read_bytes()[:-999])
    torch.save({key: value for key, value in content.items() if key != "overrides"}, folder / "parts")
    spoilt = copy.deepcopy(content)
    next(iter(spoilt["state_dict"].values())).fill_(math.nan)
    torch.save(spoilt, folder / "nan")
    return folder


@pytest.fixture
def here(run, monkeypatch):
    """That folder as the working directory; what scripts change in this process is undone."""
    monkeypatch.chdir(run)
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    monkeypatch.setattr(logging, "raiseExceptions", True)
    for name in ("HYDRA_FULL_ERROR", "OMP_NUM_THREADS", "PYTHONIOENCODING", COMMAND):
        monkeypatch.setenv(name, "1")


def files(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file() and "logs" not in path.parts}


@pytest.mark.parametrize("words, said", CASES, ids=[words for words, _ in CASES])
def test_a_mistake_is_one_line(words, said, run, here, monkeypatch, capsys):
    name, *words = shlex.split(words)
    monkeypatch.setattr(sys, "argv", [f"{name}.py", *(["debug=fast"] if name == "train" else []), *words])
    before = files(run)
    with pytest.raises(SystemExit) as end:
        runpy.run_path(str(ROOT / f"scripts/{name}.py"), run_name="__main__")
    error = capsys.readouterr().err
    key = next((word for word in reversed(words) if word.startswith("--")), words[-1]).partition("=")[0].lstrip("+~")
    assert end.value.code == 1 and error.startswith("error: ") and error.count("\n") == 1, error
    assert (said or key) in error and before.items() <= files(run).items()


@pytest.mark.parametrize("words, said", CASES[::13], ids=[words for words, _ in CASES[::13]])
def test_the_command_says_the_same(words, said, run):
    name, *words = shlex.split(words)
    assert (said or words[-1].partition("=")[0]) in error_line(script(name, *words, cwd=run))
