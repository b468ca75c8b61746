"""Tasks outlive their leases: somebody renews them, or nobody does while the task goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos import workload
from chaos.plan import Strike
from chaos.scenarios.scenario import Scenario

if TYPE_CHECKING:
    import random

    from chaos.plan import Call
    from chaos.scenarios.scenario import Workload

SECONDS = 3.0
TOO_LONG_SECONDS = 6.0
"""Longer than the lease of four seconds that subjects have in a run."""


def _around(rng: random.Random) -> list[Call]:
    return [
        *workload.mails(rng, 60, seconds=SECONDS),
        *workload.waves(rng, count=2, size=8, first=1.0, every=2.0),
    ]


def _deaf(rng: random.Random) -> Workload:
    # So many that each worker has one, whichever it is that goes deaf; and nothing that fails by
    # itself, so that only the deafness can justify another start.
    lasting = workload.slow(rng, 4, seconds=0.3, work=TOO_LONG_SECONDS + 1)
    strike = Strike(
        fault="deaf_heartbeat",
        on_start_of=lasting[0].key,
        for_seconds=TOO_LONG_SECONDS,
        options={"seconds": TOO_LONG_SECONDS},
    )
    return [*_around(rng), *lasting], [strike]


def _stopped(rng: random.Random) -> Workload:
    tasks = workload.slow(rng, 2, seconds=1.0, work=1.0)
    strike = Strike(
        fault="sigstop",
        on_start_of=tasks[0].key,
        for_seconds=TOO_LONG_SECONDS,
        options={"target": "task"},
    )
    return [*_around(rng), *workload.flaky(rng, 5, seconds=SECONDS), *tasks], [strike]


def _hog(rng: random.Random) -> Workload:
    hog = workload.poisonous("hog", "hold_gil", TOO_LONG_SECONDS, at_seconds=0.6)
    strike = Strike(
        fault="poison",
        on_start_of=hog.key,
        for_seconds=TOO_LONG_SECONDS,
        options={"harm": "grip", "seconds": TOO_LONG_SECONDS - 1},
    )
    return [*_around(rng), *workload.flaky(rng, 5, seconds=SECONDS), hog], [strike]


DEAF_HEARTBEAT = Scenario(
    name="deaf_heartbeat",
    summary="a worker's heartbeat stands still for longer than a lease, while its tasks go on",
    processes=4,
    workload=_deaf,
    exercises=("unjustified-redelivery", "double-claim"),
)
ZOMBIE_TASK = Scenario(
    name="zombie_task",
    summary="SIGSTOP a task's process for longer than the lease, which is renewed for it",
    workload=_stopped,
    exercises=("unjustified-redelivery",),
)
GIL_HOG = Scenario(
    name="gil_hog",
    summary="a task holds the GIL of its process for longer than the lease, which is renewed",
    workload=_hog,
    exercises=("unjustified-redelivery",),
)
