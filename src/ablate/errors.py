"""The one exception for a user's mistake: its text is the one line the user gets to read.

A message names an argument in backticks, as its own function knows it: "`width`=0 must be a whole number of at least 1". What
builds from a config (`ablate.run.build`) puts in the key that the user writes: "model.encoder.width=0 must be …".
"""

import re
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from errno import EDQUOT, ENOMEM, ENOSPC

_ARGUMENT = re.compile(r"`([A-Za-z_][\w.]*)`")
_NO_MEMORY = re.compile(  # of torch, whose errors have no class of their own; and of a loader that the machine has killed
    r"out of memory|(?:can't|not enough memory to) allocate|Storage size calculation overflowed|DataLoader worker .* killed", re.I
)


class BadInput(ValueError):
    """Something the user gave is wrong; the command line prints the message, without a traceback."""

    def renamed(self, key_of: Callable[[str], str | None]) -> "BadInput":
        """The same with each argument in backticks replaced by its key; where `key_of` knows none, it stays as it is."""
        return type(self)(_ARGUMENT.sub(lambda found: key_of(found[1]) or found[0], self.args[0]))

    def __str__(self) -> str:
        """The message as one line, without backticks."""
        return " ".join(self.args[0].replace("`", "").split())


class Misfit(BadInput):
    """Data, model and task are not made for each other."""


class BadValue(BadInput):
    """An option has a value that it cannot have, whatever the other options are."""


def did_you_mean(value: object, choices: Iterable[object]) -> str:
    """`"; did you mean 'nearest'? (one of: bilinear, nearest)"`, to be appended to a message."""
    names = sorted(map(str, choices))
    close = get_close_matches(str(value), names, n=1, cutoff=0.5)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    return f"{hint} (one of: {', '.join(names)})" if names else ""


def check_choice(name: str, value: str, choices: Iterable[str]) -> str:
    """Return `value` if it is among `choices`, else raise BadInput naming the nearest one."""
    choices = tuple(choices)
    if value not in choices:
        raise BadInput(f"`{name}`={value!r} is unknown{did_you_mean(value, choices)}")
    return value


def check_whole(name: str, value: object, least: int) -> int:
    """Return `value` if it is a whole number of at least `least`, else raise BadInput."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise BadInput(f"`{name}`={value!r} must be a whole number of at least {least}")
    return value


def check_positive(name: str, value: object) -> int:
    """Return `value` if it is a whole number of at least 1, else raise BadInput."""
    return check_whole(name, value, 1)


def check_fraction(name: str, value: float) -> float:
    """Return `value` if it is at least 0 and below 1, else raise BadInput."""
    if not 0 <= value < 1:
        raise BadInput(f"`{name}`={value} must be at least 0 and below 1")
    return value


def user_line(error: BaseException | None) -> str | None:
    """The message of the BadInput that caused `error`, or one on disk or memory that are too small, or on a forbidden file."""
    seen = set()
    while error is not None and id(error) not in seen:  # Hydra wraps what a constructor raised; a sweep's error is its own cause
        seen.add(id(error))
        if isinstance(error, BadInput):
            return str(error).rpartition("BadInput: ")[2]  # after the traceback of a process that loads batches
        if _is_full_disk(error) or _is_full_disk(error.__context__):  # the context: torch.save raises an error of its own
            return "the disk is full; what had ended is kept, and the same command goes on once there is room"
        if _is_out_of_memory(error):
            return f"there is not enough memory{_asked_for(error)}: make data.batch_size, the pictures or the network smaller"
        if type(error).__name__ == "UncompletedJobError":  # submitit's, which need not be installed
            return "its job ran out of time more often than hydra.launcher.max_num_timeout allows: raise hydra.launcher.timeout_min"
        if isinstance(error, OSError) and error.filename and error.strerror:
            return f"{error.filename}: {error.strerror}"
        error = error.__cause__
    return None


def _is_full_disk(error: BaseException | None) -> bool:
    return isinstance(error, OSError) and error.errno in (ENOSPC, EDQUOT)


def _is_out_of_memory(error: BaseException) -> bool:
    if isinstance(error, MemoryError) or isinstance(error, OSError) and error.errno == ENOMEM:
        return True
    return isinstance(error, RuntimeError) and _NO_MEMORY.search(str(error)) is not None


def _asked_for(error: BaseException) -> str:
    amount = re.search(r"allocate:? ([\d.]+ ?\w+)", str(error).replace("allocate memory", ""))
    return f" for {amount[1]}" if amount else ""
