"""More at once than usual: workers, retries, tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos import workload
from chaos.plan import Call, Strike
from chaos.scenarios.scenario import Scenario

if TYPE_CHECKING:
    import random

    from chaos.scenarios.scenario import Workload

SECONDS = 3.0
BURST = 100_000
BATCH = 5_000


def _herd(rng: random.Random) -> Workload:
    calls = [
        *workload.mails(rng, 60, seconds=SECONDS),
        *workload.waves(rng, count=4, size=60, first=1.5, every=0.7),
        *workload.duplicates(rng, 8, seconds=SECONDS),
    ]
    return calls, [
        Strike(fault="herd", at_seconds=0.8, for_seconds=4.0, options={"workers": 6}),
    ]


def _resume(rng: random.Random) -> Workload:
    calls = [
        *workload.mails(rng, 60, seconds=SECONDS),
        *workload.waves(rng, count=4, size=60, first=1.0, every=0.5),
        *workload.duplicates(rng, 8, seconds=SECONDS),
    ]
    # Less than a lease: nobody loses anything, and all reach for what became due meanwhile.
    return calls, [
        Strike(fault="sigstop", at_seconds=0.8, for_seconds=2.2, options={"target": "everything"})
    ]


def _retries(rng: random.Random) -> Workload:
    """Tasks that are due at one instant, raise at once, and are due again together."""
    flaky = [
        Call(
            key=f"flaky-{number:03}",
            kind="fail_once",
            producer=number % 2,
            at_seconds=rng.uniform(0, 1.0),
            due_at_seconds=1.5,
        )
        for number in range(300)
    ]
    return [*workload.mails(rng, 40, seconds=SECONDS), *flaky], []


def _burst(rng: random.Random) -> Workload:
    """A hundred thousand tasks, in batches, within seconds."""
    burst = [
        Call(
            key=f"burst-{number:06}",
            kind="take_note",
            producer=number // BATCH % 2,
            at_seconds=0.5,
            batch=f"batch-{number // BATCH}",
        )
        for number in range(BURST)
    ]
    return [*workload.mails(rng, 40, seconds=SECONDS), *burst], []


HERD = Scenario(
    name="thundering_herd",
    summary="Six workers more start at the same moment, and reach for the same tasks",
    workload=_herd,
    exercises=("double-claim", "dedupe-violation"),
)
HERD_AT_RESUME = Scenario(
    name="herd_at_resume",
    summary="All workers freeze for less than a lease, and wake up to a backlog together",
    workload=_resume,
    workers=4,
    exercises=("double-claim",),
)
RETRIES_AT_ONCE = Scenario(
    name="retries_at_once",
    summary="Three hundred tasks raise at the same moment, and are due again together",
    workload=_retries,
    workers=3,
    exercises=("unjustified-redelivery", "uncounted-attempt"),
)
BURST_OF_TASKS = Scenario(
    name="burst",
    summary="A hundred thousand tasks are enqueued in bulk within seconds; takes minutes",
    workload=_burst,
    workers=2,
    processes=2,
)
