"""The whole database goes away, in every way that it can, and comes back with what it promised."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos import workload
from chaos.plan import Call, Strike
from chaos.scenarios.scenario import Scenario

if TYPE_CHECKING:
    import random

    from chaos.scenarios.scenario import Workload

SECONDS = 6.0
FIRST, SECOND = "slow-00", "slow-01"
SHORTEST = 0.05
CALM_SECONDS = 7.5
"""When workers have nothing left to do."""
LONGER_THAN_A_LEASE = 6.0
LONGER_THAN_SQLITE_WAITS = 21.5
"""Connections to SQLite wait for twenty seconds for the lock of another writer."""


def _calls(rng: random.Random, *, second: float = 5.0) -> list[Call]:
    return [
        *workload.mails(rng, 90, seconds=SECONDS),
        *workload.waves(rng, count=3, size=8, first=1.0, every=1.5),
        *workload.duplicates(rng, 6, seconds=SECONDS),
        *workload.delayed(rng, 8, seconds=SECONDS / 2),
        *workload.flaky(rng, 8, seconds=SECONDS),
        # Both are there before the first fault, which strikes when the first one runs.
        Call(key=FIRST, kind="write_invoice", args=(1.5,), at_seconds=0.7),
        Call(key=SECOND, kind="write_invoice", args=(1.0,), at_seconds=0.0, delay_seconds=second),
    ]


def _restart(rng: random.Random) -> Workload:
    return _calls(rng), [
        Strike(fault="database-restart", on_start_of=FIRST, for_seconds=rng.uniform(SHORTEST, 1.0)),
        Strike(fault="database-restart", on_start_of=SECOND, for_seconds=SHORTEST),
    ]


def _sigkill(rng: random.Random) -> Workload:
    return [*_calls(rng, second=CALM_SECONDS), *_just_before(CALM_SECONDS)], [
        Strike(fault="database-sigkill", on_start_of=FIRST, for_seconds=rng.uniform(SHORTEST, 2.0)),
        Strike(fault="database-sigkill", on_start_of=SECOND, for_seconds=SHORTEST),
    ]


def _just_before(at_seconds: float) -> list[Call]:
    """Tasks for later, until the server dies: nothing but their enqueue tells of them by then."""
    return [
        Call(
            key=f"trust-{number:03}",
            kind="send_mail",
            producer=number % 2,
            at_seconds=at_seconds - 0.1 + 0.005 * number,
            delay_seconds=2.0,
        )
        for number in range(100)
    ]


def _pause(rng: random.Random) -> Workload:
    return _calls(rng), [
        Strike(fault="database-pause", on_start_of=FIRST, for_seconds=LONGER_THAN_A_LEASE)
    ]


def _sqlite_writer(rng: random.Random) -> Workload:
    return _calls(rng), [
        Strike(
            fault="sqlite-writer",
            on_start_of=FIRST,
            for_seconds=LONGER_THAN_SQLITE_WAITS,
        )
    ]


PROMISES = ("duplicated-effect", "uncounted-attempt", "unjustified-redelivery", "conservation")

DATABASE_RESTART = Scenario(
    name="database_restart",
    summary="The database is restarted twice, in an orderly way, while everybody works",
    workload=_restart,
    exercises=PROMISES,
)
DATABASE_SIGKILL = Scenario(
    name="database_sigkill",
    summary="SIGKILL of the server with all its processes, twice; it recovers what was committed",
    workload=_sigkill,
    exercises=PROMISES,
)
DATABASE_PAUSE = Scenario(
    name="database_pause",
    summary="The server is frozen for longer than a lease, then goes on with what it was asked",
    workload=_pause,
    exercises=PROMISES,
)
SQLITE_WRITER = Scenario(
    name="sqlite_writer",
    summary="Another program keeps SQLite's write lock for longer than anybody waits for it",
    workload=_sqlite_writer,
    exercises=PROMISES,
)
