"""Imports point one way, and a new decoder or cell is one file and one config."""

import ast
import importlib
import shutil
from pathlib import Path

import hydra
import pytest
from commands import ROOT, TINY, script
from hydra.utils import instantiate
from sequence_data import dataset

import ablate.model.cell

SOURCE = ROOT / "src/ablate"
FORBIDDEN = {  # package -> what it must not import
    "data": ("ablate.model", "ablate.task", "ablate.loss", "ablate.metric", "ablate.callback", "ablate.ablation"),
    "model": ("ablate.data", "ablate.task", "ablate.loss", "ablate.metric", "ablate.callback", "lightning", "hydra"),
    "loss": ("ablate.model", "ablate.data", "ablate.task", "ablate.callback", "lightning", "hydra"),
    "metric": ("ablate.model", "ablate.data", "ablate.task", "ablate.callback", "lightning", "hydra"),
    "operator": ("ablate.model", "ablate.data", "ablate.task", "ablate.callback", "lightning", "hydra", "torchmetrics"),
    "task": ("ablate.callback", "ablate.ablation", "ablate.experiment", "hydra"),
    "ablation": ("ablate.model", "ablate.data", "ablate.task", "ablate.loss", "ablate.metric", "ablate.experiment"),
}


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("package", FORBIDDEN)
def test_imports_point_one_way(package):
    files = sorted((SOURCE / package).rglob("*.py"))
    assert files
    for path in files:
        for name in imported(path):
            hit = [f for f in FORBIDDEN[package] if name == f or name.startswith(f"{f}.")]
            assert not hit, f"{path.relative_to(SOURCE)} imports {name}"


def test_a_decoder_is_one_file_and_one_config(tmp_path):
    project = tmp_path / "project"
    for name in ("conf", "scripts", "src"):
        shutil.copytree(ROOT / name, project / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    (project / "src/ablate/model/decoder/repeat_pixels.py").write_text(
        "import torch\n"
        "from ablate.model.decoder.nearest import nearest\n\n"
        "def repeat_pixels(channels, *, skip='none'):\n"
        "    print('REPEATING', channels)\n"
        "    return nearest(channels, skip=skip)\n"
    )
    (project / "conf/model/decoder/repeat_pixels.yaml").write_text(
        "_target_: ablate.model.decoder.repeat_pixels.repeat_pixels\n_partial_: true\nskip: none\n"
    )
    words = [*TINY, "debug=fast", "model/decoder=repeat_pixels"]
    command = project / "scripts/train.py"
    done = script(str(command.with_suffix("")), *words, cwd=tmp_path, PYTHONPATH=str(project / "src"))
    assert done.returncode == 0, done.stderr
    assert "REPEATING (4, 8)" in done.stdout and "test/miou" in done.stdout


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_every_module_imports_with_its_annotations_checked(path):
    importlib.import_module(".".join(path.relative_to(SOURCE.parent).with_suffix("").parts))


def test_a_cell_is_one_file_and_one_config(tmp_path, monkeypatch):
    """In this process: `conf` of its own, the module where it would lie."""
    conf = shutil.copytree(ROOT / "conf", tmp_path / "conf")
    (tmp_path / "keeping.py").write_text(
        "from ablate.model.cell.base import Cell, HiddenState\n\n"
        "class Keeping(Cell):\n"
        "    def __init__(self, input_size, hidden_size):\n"
        "        super().__init__(input_size, hidden_size)\n"
        "        self.initialise('uniform', 1.0)\n\n"
        "    def step(self, projected, state):\n"
        "        return HiddenState((state.hidden + projected.tanh()) / 2)\n"
    )
    (conf / "model/cell/keeping.yaml").write_text("_target_: ablate.model.cell.keeping.Keeping\n_partial_: true\nhidden_size: 5\n")
    monkeypatch.setattr(ablate.model.cell, "__path__", [*ablate.model.cell.__path__, str(tmp_path)])
    words = ["data=echo", "model=sequence_tagger", "model/cell=keeping", "model.bidirectional=true", "task=sequence_tagging"]
    with hydra.initialize_config_dir(str(conf), version_base="1.3"):
        task = instantiate(hydra.compose("train", words).task, _convert_="all")
    data = dataset("echo")(split="val")
    task.step(data.collate([data[0], data[1]])).loss.backward()
    cell = task.model.recurrent.layers[0][1]
    assert type(cell).__name__ == "Keeping" and cell.weight_input.grad.abs().sum() > 0
