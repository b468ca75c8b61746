"""Careless clients: idle in transaction with locked rows, a migration, a report that never ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos import workload
from chaos.plan import Strike
from chaos.scenarios.scenario import Scenario

if TYPE_CHECKING:
    import random

    from chaos.plan import Call
    from chaos.scenarios.scenario import Workload

SECONDS = 7.0


def _calls(rng: random.Random) -> list[Call]:
    return [
        *workload.mails(rng, 90, seconds=SECONDS),
        *workload.waves(rng, count=4, size=8, first=1.0, every=1.5),
        *workload.duplicates(rng, 6, seconds=SECONDS),
        *workload.delayed(rng, 10, seconds=SECONDS / 2),
        *workload.slow(rng, 2, seconds=2.0, work=1.5),
    ]


def _locks(rng: random.Random) -> Workload:
    # Sometimes for longer than a lease, so that nobody can renew it.
    table_seconds = rng.choice((1.0, 2.0, 5.0))
    return _calls(rng), [
        Strike(fault="row-locks", at_seconds=rng.uniform(0.5, 1.5), for_seconds=1.5),
        Strike(fault="table-lock", at_seconds=rng.uniform(3.2, 3.8), for_seconds=table_seconds),
    ]


def _snapshot(rng: random.Random) -> Workload:
    return _calls(rng), [
        Strike(fault="long-snapshot", at_seconds=rng.uniform(0.3, 1.0), for_seconds=SECONDS)
    ]


LOCKS = Scenario(
    name="locks",
    summary="A client idle in transaction on locked rows, then a migration",
    workload=_locks,
    exercises=("double-claim", "uncounted-attempt", "dedupe-violation"),
)
LONG_SNAPSHOT = Scenario(
    name="long_snapshot",
    summary="A client reads in one transaction for the whole run, and disturbs nobody",
    workload=_snapshot,
    exercises=("double-claim", "late", "dedupe-violation"),
)
