"""The last lines of a run's log, as a console shows them."""

import re
from pathlib import Path

from ablate.files import lies_in

LOG, LINES, BYTES = "run.log", 12, 20_000
_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def last_lines(run: Path, within: Path) -> str:
    """The last lines of run.log, without colours and overwritten progress bars; empty without a log in the folder `within`."""
    if not lies_in(run / LOG, within):
        return ""
    try:
        with (run / LOG).open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - BYTES))
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    shown = [_ESCAPE.sub("", line.rstrip("\r").rpartition("\r")[2]).rstrip() for line in text.split("\n")]
    return "\n".join([line for line in shown if line][-LINES:])
