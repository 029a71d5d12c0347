"""The version of the code that a run executes. A result counts as long as this stays the same."""

import ast
import hashlib
import json
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from ablate.files import SOURCE
from ablate.run.provenance import package_versions

EXECUTED = (
    *("data", "model", "loss", "metric", "optim", "operator", "task", "analysis", "callback"),
    *("run/build.py", "run/checkpoint.py", "run/train.py"),
)

TRAIN = "ablate.run.train"
CODE_DIGITS = 10  # of the version, as results name it


def code_version(targets: Iterable[str] = (), source: Path = SOURCE) -> str:
    """Digest of the modules among `EXECUTED` that runs import, directly or not, and of the versions of the packages.

    Comments, formatting, docstrings and the texts of error messages do not change it.

    Args:
        targets: dotted names of what is built from the config, beside the training itself.
    """
    paths = sorted(path for path in _imported(frozenset(targets), source) if _is_executed(path.relative_to(source)))
    parts = [f"{path.relative_to(source).as_posix()}\n{executed(path.read_text(encoding='utf-8'))}" for path in paths]
    return hashlib.sha256("\0".join([*parts, json.dumps(package_versions())]).encode()).hexdigest()


def targets_of(config: object) -> set[str]:
    """The dotted names of this package in a config."""
    return set(re.findall(r"\bablate(?:\.\w+)+", json.dumps(config)))


@cache
def _imported(targets: frozenset[str], source: Path) -> set[Path]:
    """The files of what is named, and of all that they import of this package."""
    found, waiting = set[Path](), [path for name in (TRAIN, *targets) if (path := _file(name, source))]
    while waiting:
        if (path := waiting.pop()) not in found:
            found.add(path)
            waiting += _imports(path, source)
    return found


@cache
def _imports(path: Path, source: Path) -> list[Path]:
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    names = [f"{n.module}.{alias.name}" for n in nodes if isinstance(n, ast.ImportFrom) and n.module for alias in n.names]
    names += [alias.name for n in nodes if isinstance(n, ast.Import) for alias in n.names]
    return [file for name in names if name.startswith("ablate.") and (file := _file(name, source))]


def _file(name: str, source: Path) -> Path | None:
    """The file of a module, or of the module in which a dotted name stands."""
    parts = name.split(".")[1:]
    paths = (source.joinpath(*parts[:n]).with_suffix(".py") for n in range(len(parts), 0, -1))
    return next((path for path in paths if path.is_file()), None)


def _is_executed(path: Path) -> bool:
    return any(path.is_relative_to(entry) for entry in EXECUTED)


@cache
def executed(source: str) -> str:
    """The syntax tree of a module, without docstrings and the texts of error messages."""
    return ast.dump(_WithoutTexts().visit(ast.parse(source)))


class _WithoutTexts(ast.NodeTransformer):
    """Removes bare strings; empties strings below `raise` and in `BadInput(…)`, and the first argument of `check_…(…)`."""

    in_message = False

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        is_text = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if is_text else self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        return self._message(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name.startswith("check_") and node.args:
            node.args[0] = self._message(node.args[0])
        return self._message(node) if name == "BadInput" else self.generic_visit(node)

    def _message(self, node: Any) -> Any:
        outer, self.in_message = self.in_message, True
        node = self.generic_visit(node) if isinstance(node, ast.Raise | ast.Call) else self.visit(node)
        self.in_message = outer
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        return ast.Constant("") if self.in_message else self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        return ast.Constant("") if self.in_message and isinstance(node.value, str) else node
