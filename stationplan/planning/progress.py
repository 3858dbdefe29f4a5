"""The steps of a study: reported as each begins, with the seconds that each took."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from stationplan.errors import Message

_log = logging.getLogger(__name__)

Progress = Callable[[float, Message], None]
"""Called as each step begins, with its number (from 0) and a message that describes it."""


class StepClock:
    """Reports steps as they begin and records their duration; ``seconds`` maps the key of a step to its seconds."""

    def __init__(self, progress: Progress | None) -> None:
        self.seconds: dict[str, float] = {}
        self._progress = progress

    @contextmanager
    def step(self, key: str, message: Message) -> Iterator[None]:
        """Report that a step begins, and time the block."""
        if self._progress is not None:
            self._progress(len(self.seconds), message)
        _log.info("%s", message)
        begin = time.perf_counter()
        yield
        self.seconds[key] = round(time.perf_counter() - begin, 3)
