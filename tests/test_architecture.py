"""Imports point one way, and a new decoder is one file and one config."""

import ast
import importlib
import shutil
from pathlib import Path

import pytest
from commands import ROOT, TINY, script

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
