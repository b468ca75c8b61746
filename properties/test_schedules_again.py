"""Schedules that once were taken for anomalies, or left locks behind: each is played again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from properties.interleaving import (
    Bounded,
    Crash,
    LostConnection,
    Refusal,
    Schedule,
    one_after_the_other,
)
from properties.races import RACES, play

if TYPE_CHECKING:
    from background_task.databases import QueueDatabase
    from properties.interleaving import Sessions

_LOST_AND_NOT_ROLLED_BACK: Final = Schedule(
    policy=Bounded(order=(1, 0), preemptions=((9, 1),)),
    faults=(
        LostConnection(session=0, gate=5, after=True),
        Refusal(session=0, gate=6, error="deadlock"),
    ),
)
_PRUNED_AND_KILLED: Final = Schedule(
    policy=Bounded(order=(1, 0)), faults=(Crash(session=1, gate=7, after=True),)
)
_ENQUEUED_AND_KILLED: Final = one_after_the_other(3, Crash(session=1, gate=2, after=True))


@pytest.mark.parametrize(
    ("race", "schedule"),
    [
        ("replace", _LOST_AND_NOT_ROLLED_BACK),
        ("requeue and prune", _PRUNED_AND_KILLED),
        ("rolled back call", _ENQUEUED_AND_KILLED),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_schedule_that_once_misled_the_harness_is_clean(
    database: QueueDatabase, sessions: Sessions, race: str, schedule: Schedule
) -> None:
    """Also right behind itself, so that it leaves nothing."""
    play(RACES[race], database, sessions, schedule)
    play(RACES[race], database, sessions, schedule)
