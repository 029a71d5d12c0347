"""The options of a constructor, read from its source: nothing is imported, torch least of all."""

import ast
import builtins
import collections.abc
import datetime
import pathlib
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ablate.files import SOURCE
from ablate.schema import options as schema
from ablate.schema.library import OPTIONS


@dataclass(frozen=True)
class Signature:
    """Arguments by name, each with its annotation; `open` where it takes others, too."""

    options: Mapping[str, Any] = field(default_factory=dict)
    open: bool = False


class Names(dict):
    """Names in an annotation: those of typing and of the schema, and the aliases of the file that it stands in.

    What is not among them is, in our own source, something that a config builds.
    """

    def __init__(self, path: Path, others: Any) -> None:
        super().__init__({name: getattr(module, name) for module in MODULES for name in dir(module)})
        self.path, self.others = path, others

    def __missing__(self, name: str) -> Any:
        return _alias(self.path, name) or self.others


class _Class(type):
    def __getattr__(cls, name: str) -> Any:  # nn.Module
        if name.startswith("__"):
            raise AttributeError(name)
        return cls

    def __getitem__(cls, item: object) -> Any:  # Float[Tensor, "b"]
        return cls


class _Part(schema.Part, metaclass=_Class):
    pass


MODULES = (typing, collections.abc, datetime, pathlib, builtins, schema)


@cache
def signature(target: str) -> Signature | None:
    """The signature of what `_target_` names; None where its source is not found."""
    if (found := _find(target)) is None:
        return None
    path, node = found
    known = _of_class(path, node) if isinstance(node, ast.ClassDef) else _of_function(path, node)
    return known and Signature({**known.options, **OPTIONS.get(target, {})}, known.open)


def _of_class(path: Path, node: ast.ClassDef) -> Signature | None:
    """Of `__init__`; of the fields, where it is a dataclass; else of the first base class."""
    own = {each.name: each for each in node.body if isinstance(each, ast.FunctionDef)}
    if "__init__" in own:
        mine = _of_function(path, own["__init__"], skip=1)
        if not own["__init__"].args.kwarg:
            return mine
    else:
        fields = [each for each in node.body if isinstance(each, ast.AnnAssign)]
        kept = [each for each in fields if not ast.unparse(each.annotation).startswith("ClassVar")]
        kept = [each for each in kept if not (each.value and "init=False" in ast.unparse(each.value))]
        hints = {ast.unparse(each.target): _hint(path, each.annotation) for each in kept}
        mine = Signature(hints if node.decorator_list else {})
    bases = [found for base in node.bases if (found := _local(path, ast.unparse(base).partition("[")[0]))]
    inherited = [_of_class(*each) for each in bases if isinstance(each[1], ast.ClassDef)]
    known = [each for each in inherited if each and (each.options or each.open)]
    merged = {name: hint for each in known for name, hint in each.options.items()}
    return Signature({**merged, **mine.options}, any(each.open for each in known) or "__init__" in own and not known)


def _of_function(path: Path, node: ast.FunctionDef, skip: int = 0) -> Signature:
    taken = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs][skip:]
    return Signature({each.arg: _hint(path, each.annotation) for each in taken}, node.args.kwarg is not None)


def _hint(path: Path, annotation: ast.expr | None) -> Any:
    """An annotation's value; Any where it says nothing that is known here."""
    if annotation is None:
        return Any
    others = _Part if path.is_relative_to(SOURCE) else Any
    try:
        return eval(ast.unparse(annotation), {"__builtins__": {}}, Names(path, others))  # an annotation, not a program
    except Exception:  # one that is made otherwise, in a library
        return others


def _alias(path: Path, name: str) -> Any:
    """What `NAME = Literal[…]` says in a file of ours, or in the one that it is imported from; None where nothing does."""
    if not path.is_relative_to(SOURCE):
        return None
    for node in _statements(path):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return _hint(path, node.value)
        if isinstance(node, ast.ImportFrom) and node.module and name in [each.name for each in node.names]:
            package, *names = node.module.split(".")
            return _alias(SOURCE.joinpath(*names).with_suffix(".py"), name) if package == "ablate" else None
    return None


def _find(target: str) -> tuple[Path, Any] | None:
    """The file and the class or function of a dotted name, through the names that a package imports from elsewhere."""
    package, *names = target.split(".")
    try:
        spec = find_spec(package)
    except ValueError:
        return None
    if spec is None or not spec.submodule_search_locations or not names:
        return None
    path = Path(list(spec.submodule_search_locations)[0])
    while names and (path / names[0]).is_dir():
        path = path / names.pop(0)
    if names and (path / f"{names[0]}.py").is_file():
        return _local(path / f"{names[0]}.py", ".".join(names[1:]))
    return _local(path / "__init__.py", ".".join(names)) if (path / "__init__.py").is_file() else None


def _local(path: Path, name: str) -> tuple[Path, Any] | None:
    """A class or function of a file by its name there."""
    for node in _statements(path):
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == name:
            return path, node
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    return _find(f"{node.module}.{alias.name}")
    return None


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _statements(path: Path) -> Iterator[ast.stmt]:
    yield from _tree(path).body
