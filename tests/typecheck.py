"""How annotations are checked in tests: those with shapes by jaxtyping, others by beartype alone, which is far quicker."""

from collections.abc import Callable
from functools import partial
from inspect import isclass, isfunction
from typing import get_args

import jaxtyping
from beartype import BeartypeConf, beartype

checked = beartype(conf=BeartypeConf(is_pep484_tower=True))  # as Python's own numbers go, an int is a float
jaxtyped = jaxtyping.jaxtyped


def has_shape(hint: object) -> bool:
    """Whether an annotation has a shape, or may have one, as a name that is imported for types alone."""
    return (
        isinstance(hint, str) or isclass(hint) and issubclass(hint, jaxtyping.AbstractArray) or any(map(has_shape, get_args(hint)))
    )


def shapes_checked(function: object = None, *, typechecker: Callable) -> Callable:
    """What jaxtyping's import hook decorates every function with, but for those that have no shapes."""
    if function is None:
        return partial(shapes_checked, typechecker=typechecker)
    plain = isfunction(function) and not any(map(has_shape, function.__annotations__.values()))
    return typechecker(function) if plain else jaxtyped(function, typechecker=typechecker)


jaxtyping.jaxtyped = shapes_checked
jaxtyping.install_import_hook("ablate", "typecheck.checked")
