"""Watches the generator itself: how late its event loop runs, and what share of a core it takes.

A tick is due every 5 ms on an absolute schedule, so that a loop that was blocked for a second
counts as late for the whole of it and not once.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import gevent

from loadtests.generator.recording import LOOP_LAG
from loadtests.generator.timetable import SECOND_NS

if TYPE_CHECKING:
    from collections.abc import Callable

    from loadtests.generator.recording import Recording
    from loadtests.generator.timetable import Timetable

TICK_NS: Final = 5_000_000


def sleep_until(due_ns: int) -> None:
    """Let others run, until a time of CLOCK_MONOTONIC at least, and once in any case."""
    gevent.sleep(max(0.0, (due_ns - time.monotonic_ns()) / SECOND_NS))
    while (left_ns := due_ns - time.monotonic_ns()) > 0:
        gevent.sleep(left_ns / SECOND_NS)


class Guard:
    """Guards one process through one step's window.

    Args:
        free_since_ns: tells since when the loop could have run. In a process with one user, whose
            driver may block, an enqueue that is under way holds the loop up rightfully: what it
            takes is the queue's time and no fault of the generator's.
        on_open: called when the window opens.
    """

    def __init__(
        self,
        timetable: Timetable,
        recording: Recording,
        *,
        free_since_ns: Callable[[], int],
        on_open: Callable[[], None],
    ) -> None:
        self._timetable = timetable
        self._recording = recording
        self._free_since_ns = free_since_ns
        self._on_open = on_open
        self._opened: tuple[float, float] | None = None
        self._closed: tuple[float, float] | None = None

    def run(self) -> None:
        """Watch until the window closes."""
        sleep_until(self._timetable.opens_ns)
        self._on_open()
        self._opened = _now()
        due_ns = self._timetable.opens_ns
        while due_ns < self._timetable.closes_ns:
            sleep_until(due_ns)
            due_ns = self._tick(due_ns)
        self._closed = _now()

    def cpu_share(self) -> float:
        """Return this process's CPU time by the window's time, up to now if it is still open."""
        if self._opened is None:
            return 0.0
        cpu, elapsed = self._closed or _now()
        cpu_before, before = self._opened
        return (cpu - cpu_before) / max(elapsed - before, 1e-9)

    def _tick(self, due_ns: int) -> int:
        """Record all ticks that fell due, and return when the next one is."""
        now_ns, free_ns = time.monotonic_ns(), self._free_since_ns()
        while due_ns <= now_ns:
            late_ns = now_ns - max(due_ns, free_ns)
            self._recording.took(LOOP_LAG, due_ns, due_ns + late_ns)
            due_ns += TICK_NS
        return due_ns


def _now() -> tuple[float, float]:
    return time.process_time(), time.monotonic()
