"""The version of the code that a run executes: what makes an earlier result still that of the present code."""

import ast
import hashlib
import json
from pathlib import Path

from ablate.files import SOURCE
from ablate.run.provenance import provenance

EXECUTED = ("data", "model", "loss", "metric", "optim", "operator", "task", "analysis", "callback", "run/build.py", "run/train.py")


def code_version(source: Path = SOURCE) -> str:
    """Digest of what a run executes: the modules `EXECUTED` and the versions of the packages.

    Comments, formatting, docstrings, and the words of error messages do not count.
    """
    entries = [source / name for name in EXECUTED]
    files = [path for entry in entries for path in (sorted(entry.rglob("*.py")) if entry.is_dir() else [entry])]
    parts = [f"{path.relative_to(source).as_posix()}\n{executed(path.read_text(encoding='utf-8'))}" for path in files]
    return hashlib.sha256("\0".join([*parts, json.dumps(provenance()["versions"])]).encode()).hexdigest()


def executed(source: str) -> str:
    """The syntax tree of a module without its docstrings and without the text of what it raises."""
    tree = _Silent().visit(ast.parse(source))
    return ast.dump(tree)


class _Silent(ast.NodeTransformer):
    """Takes docstrings and other bare strings out, and empties the strings below `raise`."""

    raising = False

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        text = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if text else self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        outer, self.raising = self.raising, True
        node = self.generic_visit(node)
        self.raising = outer
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        return ast.Constant("") if self.raising else self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        return ast.Constant("") if self.raising and isinstance(node.value, str) else node
