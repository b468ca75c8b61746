"""Interleavings: sessions against the real database, one SQL statement at a time, in any order."""

from __future__ import annotations

from properties.interleaving.exhaustive import every_schedule
from properties.interleaving.faults import (
    ERRORS,
    ClockStep,
    Crash,
    Fault,
    LostConnection,
    Refusal,
)
from properties.interleaving.ladder import Step, ladder
from properties.interleaving.patience import Stuck
from properties.interleaving.play import Play
from properties.interleaving.schedules import (
    Bounded,
    Choices,
    Priorities,
    Schedule,
    bounded,
    one_after_the_other,
    policies,
    priorities,
    schedules,
    uniform,
)
from properties.interleaving.session import COMMIT, ROLLBACK, Ended, Killed, gate
from properties.interleaving.sessions import Sessions

__all__ = [
    "COMMIT",
    "ERRORS",
    "ROLLBACK",
    "Bounded",
    "Choices",
    "ClockStep",
    "Crash",
    "Ended",
    "Fault",
    "Killed",
    "LostConnection",
    "Play",
    "Priorities",
    "Refusal",
    "Schedule",
    "Sessions",
    "Step",
    "Stuck",
    "bounded",
    "every_schedule",
    "gate",
    "ladder",
    "one_after_the_other",
    "policies",
    "priorities",
    "schedules",
    "uniform",
]
