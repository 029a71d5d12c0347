"""The version of the code that a run executes. A result counts as long as this stays the same."""

import ast
import hashlib
import json
from pathlib import Path
from typing import Any

from ablate.files import SOURCE
from ablate.run.provenance import provenance

EXECUTED = (
    *("data", "model", "loss", "metric", "optim", "operator", "task", "analysis", "callback"),
    *("run/build.py", "run/checkpoint.py", "run/train.py"),
)

CODE_DIGITS = 10  # of the version, as results name it


def code_version(source: Path = SOURCE) -> str:
    """Digest of the modules `EXECUTED` and of the versions of the packages.

    Comments, formatting, docstrings and the texts of error messages do not change it.
    """
    entries = [source / name for name in EXECUTED]
    files = [path for entry in entries for path in (sorted(entry.rglob("*.py")) if entry.is_dir() else [entry])]
    parts = [f"{path.relative_to(source).as_posix()}\n{executed(path.read_text(encoding='utf-8'))}" for path in files]
    return hashlib.sha256("\0".join([*parts, json.dumps(provenance()["versions"])]).encode()).hexdigest()


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
