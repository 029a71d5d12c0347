"""How a process ends: with its parent; at a signal, though its main thread waits in a library that no handler interrupts."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import wait
from typing import NoReturn

PATIENCE = 1.0  # seconds
ENDING = (signal.SIGTERM, signal.SIGINT)


def end_with_parent() -> None:
    """Wait for the process that started this one, and end as soon as it has."""
    with suppress(OSError):
        wait([multiprocessing.parent_process().sentinel])
        os._exit(1)


def end_without_a_result(number: int, frame: object) -> NoReturn:
    """A handler of signals: the scheduler takes the machine away. It may start the job again, so nobody shall read a result now."""
    for child in (children := multiprocessing.active_children()):
        child.terminate()
    for child in children:
        child.join(PATIENCE)
    os._exit(128 + number)


@contextmanager
def signals_seen_by_a_thread(act: Callable[[int], object]) -> Iterator[None]:
    """Within, SIGTERM and SIGINT call `act` with their number, in a thread of its own. Only a main thread can ask for that."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    readable, writable = os.pipe()
    os.set_blocking(writable, False)
    thread = threading.Thread(target=_wait, args=(readable, act), daemon=True)
    before = {number: signal.signal(number, _pass) for number in ENDING}
    woken = signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
    thread.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(woken)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(writable)
        thread.join()
        os.close(readable)


def _pass(number: int, frame: object) -> None:
    """Nothing here: Python writes the number into the pipe."""


def _wait(readable: int, act: Callable[[int], object]) -> None:
    while number := os.read(readable, 1):
        if number[0] in ENDING:
            act(number[0])
