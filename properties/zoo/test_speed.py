"""How fast schedules are: measured and stored, and not judged, as the machine may be busy."""

from __future__ import annotations

import platform
import statistics
import time
from typing import TYPE_CHECKING, Final

import django

from properties.interleaving import Bounded, Schedule
from properties.races import RACES, play
from properties.zoo.speed import Speed, store
from properties.zoo.test_zoo import DATABASE, FOLDER

if TYPE_CHECKING:
    from background_task.databases import QueueDatabase
    from properties.interleaving import Sessions

PLAYS: Final = 40
MEASURED: Final = ("two enqueues", "two claims", "two workers", "zombie finish")


def test_the_speed_of_schedules_is_measured(database: QueueDatabase, sessions: Sessions) -> None:
    """From empty tables to the verdict, with recovery."""
    speeds = [measure(race, database, sessions, name=DATABASE) for race in MEASURED]
    store(FOLDER, speeds)

    assert all(speed.steps > 3 for speed in speeds)


def measure(race: str, database: QueueDatabase, sessions: Sessions, *, name: str) -> Speed:
    """Play a race by a different schedule each time, and take the time."""
    taken, steps = list[float](), list[int]()
    for number in range(PLAYS):
        preemptions = ((1 + number % 8, 1), (3 + number % 11, 0))
        order = tuple(range(RACES[race].sessions))
        schedule = Schedule(policy=Bounded(order=order, preemptions=preemptions))
        begun = time.perf_counter()
        played = play(RACES[race], database, sessions, schedule)
        taken.append((time.perf_counter() - begun) * 1000)
        steps.append(len(played.steps))
    return Speed(
        database=name,
        race=race,
        steps=round(statistics.median(steps)),
        plays=PLAYS,
        median_ms=round(statistics.median(taken), 1),
        p90_ms=round(statistics.quantiles(taken, n=10)[-1], 1),
        versions=f"Python {platform.python_version()}, Django {django.get_version()},"
        f" {database.connection.vendor} {_version(database)}",
    )


def _version(database: QueueDatabase) -> str:
    return ".".join(str(part) for part in database.connection.get_database_version())
