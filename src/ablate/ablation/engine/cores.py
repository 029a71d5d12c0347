"""Many short computations of one kind, in copies of this process."""

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Any

FEW = 4  # items that are not worth a copy
MOST = 16  # copies, on a machine that many log in to


def on_all_cores(function: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
    """`function` of each item, in their order. The first is computed here, so that the copies have what it has read."""
    copies = min(os.cpu_count() or 1, MOST, len(items) - 1) if sys.platform == "linux" else 1  # elsewhere they cost too much
    if len(items) < FEW or copies < 2:
        return [function(item) for item in items]
    first = function(items[0])
    with multiprocessing.get_context("fork").Pool(copies, _end_at_once) as pool:
        return [first, *pool.map(function, items[1:], chunksize=1)]


def _end_at_once() -> None:
    """The process that asked says what a signal means, and ends its copies."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
