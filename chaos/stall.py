"""Tells that nothing new was heard for too long, however long the whole takes.

A fixed limit of time would judge the machine: a hundred thousand tasks take as long as they take,
but a queue in which nothing happens for a while has stopped.
"""

from __future__ import annotations

import time


class Stall:
    """Whether so many seconds have passed since the last news; it begins with news."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._last: object = None
        self._heard_at = time.monotonic()

    def hear(self, state: object) -> None:
        """Take what is the case now; it is news if it differs from what was before."""
        if state != self._last:
            self._last, self._heard_at = state, time.monotonic()

    @property
    def is_over(self) -> bool:
        """Whether the patience with it is at its end."""
        return time.monotonic() - self._heard_at > self._seconds
