"""Imports point one way, and a new decoder or cell is one file and one config."""

import ast
import importlib
import shutil
from pathlib import Path

import hydra
import pytest
from commands import ROOT, TINY, succeed
from hydra.utils import instantiate
from sequence_data import dataset

import ablate.model.recurrent.cell

SOURCE = ROOT / "src/ablate"
FLOORS = (  # from the ground up: a package imports from the floors below its own, and from itself
    ("errors",),
    ("files", "console"),
    ("schema",),
    ("operator", "data"),
    ("model", "loss", "metric", "optim"),
    ("explanation",),
    ("task",),
    ("analysis",),
    ("figure",),
    ("callback",),
    ("run",),
    ("cli",),
    ("ablation",),
    ("command",),
    ("__main__",),
)
LIBRARIES = {  # floors that know nothing of these
    ("lightning", "hydra"): ("errors", "files", "schema", "operator", "model", "loss", "metric", "optim", "explanation"),
    ("hydra",): ("task", "analysis", "callback"),
    ("torch", "lightning"): ("errors", "files", "console", "schema", "cli"),
    ("lightning",): ("ablation",),
}
BY_NAME_ONLY = {"ablation": ("ablate.run.train", "ablate.run.load")}


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def packages() -> dict[str, list[Path]]:
    """Every package and every module of the root, with its files."""
    entries = [path for path in sorted(SOURCE.iterdir()) if path.name not in ("__init__.py", "__pycache__")]
    found = {path.stem: sorted(path.rglob("*.py")) if path.is_dir() else [path] for path in entries if path.suffix in ("", ".py")}
    return {name: files for name, files in found.items() if files}


def test_every_package_has_a_floor():
    assert sorted(packages()) == sorted(name for floor in FLOORS for name in floor)


@pytest.mark.parametrize("package", packages())
def test_imports_point_one_way(package):
    height = next(i for i, floor in enumerate(FLOORS) if package in floor)
    below = {name for floor in FLOORS[:height] for name in floor} | {package}
    for path in packages()[package]:
        place = path.relative_to(SOURCE).as_posix()
        for name in imported(path):
            if name.startswith("ablate."):
                other = name.split(".")[1]
                assert other in below, f"{place} imports {name}, which is not below it"
            for libraries, floors in LIBRARIES.items():
                assert package not in floors or name.split(".")[0] not in libraries, f"{place} imports {name}"
            assert not name.startswith(BY_NAME_ONLY.get(package, ("nothing",))), f"{place} imports {name}"


def test_nothing_needs_posix_to_be_imported_and_text_files_are_in_utf_8_wherever():
    for path in [*SOURCE.rglob("*.py"), *(ROOT / "scripts").glob("*.py")]:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        top = {alias.name for node in tree.body if isinstance(node, ast.Import) for alias in node.names}
        top |= {node.module for node in tree.body if isinstance(node, ast.ImportFrom)}
        assert not top & {"fcntl", "grp", "pty", "pwd", "resource", "termios"}, path
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            as_text = ast.unparse(call.func).endswith((".read_text", ".write_text")) or ast.unparse(call.func) == "open"
            assert not as_text or "encoding" in {word.arg for word in call.keywords}, f"{path}:{call.lineno}"


@pytest.mark.slow
def test_a_decoder_is_one_file_and_one_config(tmp_path):
    project = tmp_path / "project"
    for name in ("conf", "scripts", "src"):
        shutil.copytree(ROOT / name, project / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    (project / "src/ablate/model/segmenter/decoder/repeat_pixels.py").write_text(
        "import torch\n"
        "from ablate.model.segmenter.decoder.nearest import nearest\n\n"
        "def repeat_pixels(channels, bottom, *, skip='none'):\n"
        "    print('REPEATING', channels)\n"
        "    return nearest(channels, bottom, skip=skip)\n"
    )
    (project / "conf/model/decoder/repeat_pixels.yaml").write_text(
        "_target_: ablate.model.segmenter.decoder.repeat_pixels.repeat_pixels\n_partial_: true\nskip: none\n"
    )
    words = [*TINY, "debug=fast", "model/decoder=repeat_pixels"]
    command = project / "scripts/train.py"
    done = succeed(str(command.with_suffix("")), *words, cwd=tmp_path, PYTHONPATH=str(project / "src"))
    assert "REPEATING (4, 8)" in done.stdout and "test/miou" in done.stdout


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_every_module_imports_with_its_annotations_checked(path):
    importlib.import_module(".".join(path.relative_to(SOURCE.parent).with_suffix("").parts))


def test_a_cell_is_one_file_and_one_config(tmp_path, monkeypatch):
    """In this process: `conf` of its own, the module where it would lie."""
    conf = shutil.copytree(ROOT / "conf", tmp_path / "conf")
    (tmp_path / "keeping.py").write_text(
        "from ablate.model.recurrent.cell.base import Cell, HiddenState\n\n"
        "class Keeping(Cell):\n"
        "    def __init__(self, input_size, hidden_size):\n"
        "        super().__init__(input_size, hidden_size)\n"
        "        self.initialise('uniform', 1.0)\n\n"
        "    def step(self, projected, state):\n"
        "        return HiddenState((state.hidden + projected.tanh()) / 2)\n"
    )
    (conf / "model/cell/keeping.yaml").write_text(
        "_target_: ablate.model.recurrent.cell.keeping.Keeping\n_partial_: true\nhidden_size: 5\n"
    )
    monkeypatch.setattr(ablate.model.recurrent.cell, "__path__", [*ablate.model.recurrent.cell.__path__, str(tmp_path)])
    words = ["data=echo", "model=sequence_tagger", "model/cell=keeping", "model.bidirectional=true", "task=sequence_tagging"]
    with hydra.initialize_config_dir(str(conf), version_base="1.3"):
        task = instantiate(hydra.compose("train", words).task, _convert_="all")
    data = dataset("echo")(split="val")
    task.step(data.collate([data[0], data[1]])).loss.backward()
    cell = task.model.recurrent.layers[0][1]
    assert type(cell).__name__ == "Keeping" and cell.weight_input.grad.abs().sum() > 0
