"""Ctrl-C and SIGTERM: a command is interrupted, cleans up after itself, and ends within a second in any case.

Python delivers a signal between two of its own instructions. A solver or a compiled search may keep it waiting for
minutes, and a callback may swallow it. Therefore a thread watches for signals too, and ends the process if the command
has not ended shortly after one.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

GRACE_S = 0.7
"""Seconds that a command has to end by itself."""

_TIDY_S = 0.2
"""Seconds for removing drafts and ending processes, where the command did not."""

_STOPPING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM") if hasattr(signal, name))


class Terminated(KeyboardInterrupt):
    """The process was asked to end (SIGTERM)."""


def exit_code(number: int) -> int:
    """Return the exit code of a command that a signal stopped, as shells give it.

    >>> exit_code(signal.SIGINT)
    130
    """
    return 128 + number


@contextmanager
def interruptible(last_words: Callable[[], str]) -> Iterator[None]:
    """Let the first SIGINT or SIGTERM within a block interrupt it, and end the process if the block does not end.

    The block is left by ``KeyboardInterrupt`` (or :class:`Terminated`). If that takes longer than ``GRACE_S``, drafts
    are removed, the processes of this one ended, ``last_words`` written to standard error, and this process ended.
    Later signals are ignored. Outside the main thread, signals are left alone.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    ended = threading.Event()
    watched, told = socket.socketpair()
    told.setblocking(False)
    watcher = threading.Thread(target=_watch, args=(watched, ended, last_words), name="stopping", daemon=True)
    watcher.start()
    before = {number: signal.getsignal(number) for number in _STOPPING}
    # A caller that ignores SIGINT, such as a shell for a command in the background, is respected.
    heeded = [number for number, handler in before.items() if handler is not signal.SIG_IGN]
    wakeup = signal.set_wakeup_fd(told.fileno(), warn_on_full_buffer=False)
    for number in heeded:
        signal.signal(number, _interrupt)
    try:
        yield
    finally:
        ended.set()
        for number in heeded:
            signal.signal(number, signal.SIG_IGN if sys.is_finalizing() else before[number])
        signal.set_wakeup_fd(wakeup)
        told.close()
        watcher.join(GRACE_S)


def _interrupt(number: int, _frame: FrameType | None) -> None:
    for other in _STOPPING:
        signal.signal(other, signal.SIG_IGN)
    raise KeyboardInterrupt if number == signal.SIGINT else Terminated


def _watch(watched: socket.socket, ended: threading.Event, last_words: Callable[[], str]) -> None:
    """Wait for the number of a signal, which the handler in C writes at once, or for the end of the block."""
    with watched:
        while number := watched.recv(1):
            if number[0] in _STOPPING:
                if not ended.wait(GRACE_S):
                    _end_now(number[0], last_words)
                return


def _end_now(number: int, last_words: Callable[[], str]) -> None:
    tidy()
    with suppress(Exception):
        line = "\r\x1b[2K\x1b[?25h" if os.isatty(2) else ""  # over a progress bar, and with the cursor shown again
        os.write(2, f"{line}{last_words()}\n".encode(sys.stderr.encoding or "utf-8", "replace"))
    os._exit(exit_code(number))


def tidy() -> None:
    """End the processes of this one and remove its drafts, before it is ended without waiting for anything."""
    import multiprocessing
    from multiprocessing import util

    from stationplan.storage.files import remove_drafts

    def work() -> None:
        with suppress(Exception):
            for process in multiprocessing.active_children():
                process.kill()
        with suppress(Exception):
            remove_drafts()
        with suppress(Exception):  # or the tracker of resources reports what was left
            util._run_finalizers()  # type: ignore[attr-defined]

    worker = threading.Thread(target=work, daemon=True)  # which may wait for others
    worker.start()
    worker.join(_TIDY_S)
