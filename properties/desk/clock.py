"""The clocks of a worker and of its database: they move together, and only when they are told to.

What the engine does within milliseconds or seconds is stretched, so that the moments which the
steps themselves take do not matter; and what is megabytes to it is so little that it occurs.
"""

from __future__ import annotations

import contextlib
import datetime
from typing import TYPE_CHECKING, Any, Final
from unittest import mock

from django.db.models import F

from background_task import claims, cron_schedule, due
from background_task.models import ScheduledTask
from background_task.worker import crew, desk, holdings, listening, outage

if TYPE_CHECKING:
    from collections.abc import Iterator

LEASE: Final = 3000.0
FLUSH: Final = 400.0
HELD_BACK: Final = 1500.0
"""Longer than from one renewal to the next, so that claims are renewed while they wait."""

RESULT: Final = '"what the task returned"'
"""Two of these are written by one statement, and the third by the next one."""

_READERS: Final = (claims, crew, desk, due, holdings, listening, outage)
_CHANGED: Final[tuple[tuple[Any, str, float], ...]] = (
    (holdings, "FLUSH_SECONDS", FLUSH),
    (holdings, "HELD_BACK_SECONDS", HELD_BACK),
    (crew, "FLUSH_SECONDS", FLUSH),
    (crew, "HELD_BACK_SECONDS", HELD_BACK),
    (outage, "SHORTEST_SECONDS", 100.0),
    (outage, "LONGEST_SECONDS", 800.0),
    (desk, "REAP_SECONDS", 200.0),
    (holdings, "STATEMENT_BYTES", 2.5 * len(RESULT)),
    (cron_schedule, "DECLARE_SECONDS", 20_000.0),
)


class Clock:
    """The time of the machine; for the engine's modules it is the module ``time``.

    Attributes:
        now: the seconds that have passed, from some moment on.
    """

    def __init__(self) -> None:
        self.now = 10 * LEASE

    def monotonic(self) -> float:
        """Return the time."""
        return self.now

    def step(self, seconds: float) -> None:
        """Let time pass here, and for the database: what its rows say is that much longer ago."""
        if not seconds:
            return
        self.now += seconds
        past = datetime.timedelta(seconds=seconds)
        rows = ScheduledTask.objects.all()
        rows.update(lease_until=F("lease_until") - past, run_at=F("run_at") - past)

    @contextlib.contextmanager
    def installed(self) -> Iterator[None]:
        """Have the engine read this clock, and take its time."""
        with contextlib.ExitStack() as stack:
            for module in _READERS:
                stack.enter_context(mock.patch.object(module, "time", self))
            for module, name, seconds in _CHANGED:
                stack.enter_context(mock.patch.object(module, name, seconds))
            yield
