"""The one console: what commands, runs and reports print on standard output, whatever it can show and however long it is read."""

import functools
import io
import json
import os
import shlex
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from ablate.errors import user_line

CONTROLS = dict.fromkeys([*range(9), *range(11, 32), *range(127, 160)], "�")  # all but tabs and line ends
TENSORBOARD = "http://localhost:6006"  # where it is by default
WIDEST = 1000  # characters of a table
READER_GONE = 141  # exit status: as of a process that SIGPIPE ends


class TextConsole(Console):
    """Prints text: control characters, which a terminal would obey, are replaced. The words of a network may be somebody else's."""

    def print(self, *objects: Any, **options: Any) -> None:
        super().print(*(each.translate(CONTROLS) if isinstance(each, str) else each for each in objects), **options)

    def on_broken_pipe(self) -> None:
        raise SystemExit(READER_GONE)


console = TextConsole(
    markup=False, emoji=False, highlight=False, soft_wrap=True
)  # [x] and :x: of a path or a name stay as they are


def script(main: Callable[[], Any]) -> Callable[[], Any]:
    """`main` as a script, whose ends are quiet: 130 after Ctrl-C, 141 where `head`, or another reader, has read enough.

    A user's mistake is one line, and 1.

    A letter that the console lacks becomes a question mark, in other processes that it starts, too.
    """

    @functools.wraps(main)
    def run() -> Any:
        os.environ["PYTHONIOENCODING"] = os.environ.get("PYTHONIOENCODING", "").partition(":")[0] + ":replace"
        streams = [stream for stream in (sys.stdout, sys.stderr) if isinstance(stream, io.TextIOWrapper)]
        for stream in streams:
            stream.reconfigure(errors="replace")
        try:
            try:
                return main()
            finally:
                for stream in streams:  # here, and not when Python ends, which would say more
                    stream.flush()
        except KeyboardInterrupt:
            sys.exit(130)
        except BrokenPipeError:
            for stream in streams:
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
            sys.exit(READER_GONE)
        except Exception as error:
            if (line := user_line(error)) is None:
                raise
            print(f"error: {line}", file=sys.stderr)
            sys.exit(1)

    return run


def look_at(folder: Path, tags: Sequence[str]) -> str:
    """The command that shows a folder in TensorBoard, and the address at which these tags stand first.

    TensorBoard sorts groups of tags by name, so that train/ stands between test/ and val/; what is pinned stands above all.
    """
    pinned = json.dumps([{"plugin": "scalars", "tag": tag} for tag in tags], separators=(",", ":"))
    address = f"{TENSORBOARD}/?pinnedCards={quote(pinned)}#timeseries"
    command = f"look at it: tensorboard --logdir {shlex.quote(str(folder))}"
    return f"{command}\nwith {' and '.join(tags)} first: {address}"


def print_table(title: str | None, headings: Sequence[str], rows: Iterable[Sequence[object]], bold: int | None = None) -> None:
    """Print a table, its first column left-aligned, the others right-aligned, row number `bold` in bold letters.

    In a file or a pipe, which have no width, no cell is shortened.
    """
    table = Table(title=title, title_justify="left")
    for i, heading in enumerate(headings):
        table.add_column(heading, justify="right" if i else "left")
    for i, row in enumerate(rows):
        table.add_row(*(str(each).translate(CONTROLS) for each in row), style="bold" if i == bold else None)
    width = console.width
    if not console.is_terminal:
        console.width = max(width, Measurement.get(console, console.options.update_width(WIDEST), table).maximum)
    console.print(table)
    console.width = width
