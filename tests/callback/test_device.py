"""What concerns the device: a compiled network, gradients gathered over batches, and the monitor of memory and use."""

import json
import subprocess
import sys

import lightning.pytorch.callbacks.device_stats_monitor as lightning_monitor
import pytest
import torch
from commands import QUIET, ROOT, TINY, compose, fitted, trained_run
from lightning.pytorch import Trainer, seed_everything
from refusals import refusals
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from ablate.callback.compile import Compile, undone
from ablate.callback.device_stats import DeviceStats
from ablate.run.build import build
from ablate.run.train import make_trainer

ODD = "data.dataset.sizes={train: 20, val: 8, test: 8}"  # the last batch of an epoch is smaller


def made(*words):
    cfg = compose(*TINY, ODD, *words)
    seed_everything(0, verbose=False)
    return build(cfg, "datamodule"), build(cfg, "task")


def weights_of(callbacks, folder, *words):
    data, task = made(*words)
    fitted(task, data, callbacks, folder)
    return task.state_dict()


@pytest.mark.slow
def test_a_compiled_network_learns_the_same(tmp_path):
    """But for the machine's code, which takes minutes; in a process without the checks of shapes, which torch cannot compile."""
    words = [*TINY, "model/decoder=max_unpool", "model.encoder.depth=1", "trainer.max_epochs=1", "logger=none"]
    plain = json.loads((trained_run(tmp_path, *words) / "metrics.json").read_text())
    argv = ["train.py", *words, "trainer.compile=true", f"hydra.run.dir={tmp_path}/compiled"]
    code = f"""
import runpy, sys
from ablate.callback import compile
compile.BACKEND, sys.argv = "eager", {argv!r}
runpy.run_path({str(ROOT / "scripts/train.py")!r}, run_name="__main__")"""
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0 and "compiled in" in done.stdout, done.stdout + done.stderr
    compiled = json.loads((tmp_path / "compiled/metrics.json").read_text())
    assert compiled.keys() == plain.keys()
    assert {tag: compiled[tag] for tag in plain if "loss" in tag} == pytest.approx(
        {t: plain[t] for t in plain if "loss" in t}, rel=1e-3
    )


def test_a_trial_step_leaves_nothing_behind():
    data, task = made("model.encoder.norm=batch")
    before = {name: value.clone() for name, value in task.state_dict().items()}
    task.model.head.eval()
    torch.manual_seed(5)
    with undone(task):
        task.train()
        task.step(data.example_batch("train", 4)).loss.backward()
        torch.rand(3)
        assert not torch.equal(task.model.encoder.levels[0][0][1].running_mean, before["model.encoder.levels.0.0.1.running_mean"])
    assert all(torch.equal(value, before[name]) for name, value in task.state_dict().items())
    assert all(p.grad is None for p in task.parameters()) and not task.model.head.training and task.model.encoder.training
    found = torch.rand(1)
    torch.manual_seed(5)
    assert torch.equal(found, torch.rand(1))


def test_trainer_compile_is_one_key_and_lightning_never_sees_it(tmp_path):
    for value, count in (("true", 1), ("false", 0)):
        cfg = compose(*TINY, f"trainer.compile={value}", f"paths.output={tmp_path}", "logger=none")
        found = [each for each in make_trainer(cfg).callbacks if isinstance(each, Compile)]
        assert len(found) == count and cfg.trainer.compile is (value == "true")


def broken(folder, monkeypatch):
    def fail(*_):
        raise RuntimeError("InvalidCxxCompiler: no working\nC++ compiler")

    monkeypatch.setattr(Compile, "_try", fail)
    weights_of([Compile()], folder)


def of_texts(folder, monkeypatch):
    words = ["experiment=names", "data.vocabulary_size=9", "data.num_classes=2", "data.class_names=[a,b]"]
    Compile().setup(Trainer(**QUIET), build(compose(*words), "task"), "fit")


test_what_cannot_be_compiled_is_one_line = refusals(
    (broken, "trainer.compile=true: torch cannot compile the network here .*no working C.. compiler.*: leave it out"),
    (of_texts, "trainer.compile=true is for segmenters"),
    fixtures=["tmp_path", "monkeypatch"],
)


def test_gathered_batches_take_the_step_of_one_that_is_larger(tmp_path):
    """Without batch norm, and where batches are equal; every batch has random numbers of its own."""
    words = ["model.encoder.norm=group", "model.decoder.norm=group", "data.dataset.sizes={train: 24, val: 8, test: 8}"]
    words += ["datamodule.shuffle=false", "optimizer=sgd", "optimizer.lr=0.1", "task.optimisation.gradient_clip=null"]
    states, offsets = [], []
    for size, batches in ((8, 1), (4, 2)):
        data, task = made(*words, f"data.batch_size={size}")
        inner = task.step
        task.step = lambda batch, inner=inner: (offsets.append(torch.rand(()).item()), inner(batch))[1]
        seed_everything(1, verbose=False)
        trainer = Trainer(max_epochs=1, accumulate_grad_batches=batches, limit_val_batches=0, **QUIET)
        trainer.fit(task, datamodule=data)
        assert trainer.global_step == 3
        states.append(task.state_dict())
    for name, value in states[0].items():
        torch.testing.assert_close(states[1][name], value, rtol=0, atol=1e-5)
    assert len(set(offsets[3:])) == 6


def test_the_devices_use_is_in_tensorboard(tmp_path):
    data, task = made()
    fitted(task, data, [DeviceStats()], tmp_path)
    tags = EventAccumulator(str(tmp_path)).Reload().Tags()["scalars"]
    assert any(tag.startswith("DeviceStats.on_train_batch_end/") and "percent" in tag for tag in tags)


def without_psutil(monkeypatch):
    monkeypatch.setattr(lightning_monitor, "_PSUTIL_AVAILABLE", False)
    trainer = Trainer(**QUIET | {"logger": True})
    DeviceStats().setup(trainer, made()[1], "fit")


test_what_the_monitor_needs_is_one_line = refusals(
    (without_psutil, "probe=device_stats reads the use of the CPU by psutil: pip install psutil"),
    (lambda _: DeviceStats().setup(Trainer(**QUIET), made()[1], "fit"), "probe=device_stats needs a logger"),
    fixtures=["monkeypatch"],
)
