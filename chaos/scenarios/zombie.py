"""Workers freeze for longer than a lease, and wake up when others have run their tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos import workload
from chaos.plan import Strike
from chaos.scenarios.scenario import Scenario

if TYPE_CHECKING:
    import random

    from chaos.scenarios.scenario import Workload

SECONDS = 3.0
FROZEN_SECONDS = 6.0
"""Longer than the lease of four seconds that subjects have in a run."""

WORK_SECONDS = (3.5, 6.5)
"""When the zombie wakes up, it returns at once or a little later, and its heir is still at work."""


def _workload(rng: random.Random) -> Workload:
    # What justifies another start is the freeze alone: nothing here fails by itself.
    sleepers = [
        workload.slow_at(f"sleeper-{number}", work, at_seconds=rng.uniform(0, 1.0))
        for number, work in enumerate(WORK_SECONDS)
    ]
    calls = [
        *workload.mails(rng, 80, seconds=SECONDS),
        *workload.waves(rng, count=3, size=10, first=1.0, every=2.0),
        *sleepers,
    ]
    return calls, [
        Strike(
            fault="sigstop",
            on_start_of=sleepers[0].key,
            for_seconds=FROZEN_SECONDS,
            options={"target": "worker"},
        )
    ]


ZOMBIE = Scenario(
    name="zombie",
    summary="SIGSTOP a whole worker for longer than its leases last, then let it go on",
    workload=_workload,
    exercises=("unjustified-redelivery", "double-claim"),
    is_smoke=True,
)
