"""A thread that calls a function again and again, until it is stopped."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_END_SECONDS = 5.0


class Sampler:
    """Calls ``look`` about every ``period_seconds``; a slow look delays the next, none piles up.

    The look must not raise. It is called a last time when the sampler is stopped, so that the
    last interval is whole.
    """

    def __init__(self, name: str, period_seconds: float, look: Callable[[], None]) -> None:
        self._period_seconds = period_seconds
        self._look = look
        self._stopped = threading.Event()
        # A look may wait for a paused server for good, and must not keep the harness from ending.
        self._thread = threading.Thread(target=self._run, name=f"probe-{name}", daemon=True)

    @property
    def is_stopping(self) -> bool:
        """Whether the look under way is the last one."""
        return self._stopped.is_set()

    def start(self) -> None:
        """Take a first look and go on in the background."""
        self._look()
        self._thread.start()

    def stop(self) -> bool:
        """Take the last look and end; False if the look that is under way does not end."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(_END_SECONDS)
        return not self._thread.is_alive()

    def _run(self) -> None:
        due = time.monotonic()
        while not self._stopped.is_set():
            # What was missed is not made up for: looks in a row would see the same moment.
            due = max(due + self._period_seconds, time.monotonic())
            self._stopped.wait(due - time.monotonic())
            self._look()
