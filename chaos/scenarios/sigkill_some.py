"""Some processes of workers die, supervisors or not, whatever they do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos import workload
from chaos.plan import Strike
from chaos.scenarios.scenario import Scenario

if TYPE_CHECKING:
    import random

    from chaos.scenarios.scenario import Workload

SECONDS = 5.0


def _workload(rng: random.Random) -> Workload:
    # One of these runs at each strike, so that a supervisor has something to lose.
    triggers = [
        workload.slow_at(f"work-{number}", 1.5, at_seconds=0.8 + 1.6 * number)
        for number in range(3)
    ]
    calls = [
        *workload.mails(rng, 100, seconds=SECONDS),
        *workload.waves(rng, count=3, size=8, first=1.0, every=1.5),
        *workload.duplicates(rng, 6, seconds=SECONDS),
        *workload.delayed(rng, 8, seconds=SECONDS / 2),
        *workload.flaky(rng, 6, seconds=SECONDS),
        *workload.slow(rng, 8, seconds=SECONDS, work=0.8),
        *triggers,
    ]
    return calls, [
        Strike(fault="sigkill", on_start_of=trigger.key, options={"target": "some"})
        for trigger in triggers
    ]


SIGKILL_SOME = Scenario(
    name="sigkill_some",
    summary="SIGKILL half of all processes, by chance, again and again",
    workers=3,
    workload=_workload,
    exercises=("unjustified-redelivery", "uncounted-attempt"),
)
