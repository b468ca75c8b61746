"""Workers lose processes in the middle of tasks; each interrupted task has to run again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos import workload
from chaos.plan import Strike
from chaos.scenarios.scenario import Scenario

if TYPE_CHECKING:
    import random

    from chaos.scenarios.scenario import Workload

VICTIMS = 10
SECONDS = 4.0


def _workload(rng: random.Random) -> Workload:
    victims = workload.victims(VICTIMS, first=0.5, every=0.35)
    hit = rng.sample(victims, k=len(victims))
    calls = [
        *workload.mails(rng, 120, seconds=SECONDS),
        *workload.waves(rng, count=5, size=12, first=1.0, every=0.7),
        *workload.duplicates(rng, 10, seconds=SECONDS),
        *workload.delayed(rng, 15, seconds=SECONDS / 2),
        *workload.flaky(rng, 8, seconds=SECONDS),
        *workload.slow(rng, 1, seconds=0.5, work=6.0),
        *victims,
    ]
    return calls, [
        Strike(fault="sigkill", on_start_of=victim.key, options={"target": "task"})
        for victim in hit
    ]


SIGKILL_MID_TASK = Scenario(
    name="sigkill_mid_task",
    summary="SIGKILL the process that runs a task, in the middle of its body, again and again",
    workers=3,
    workload=_workload,
    exercises=(
        "unjustified-redelivery",
        "uncounted-attempt",
        "duplicated-effect",
        "premature",
        "attempt-overrun",
        "zombie-finish",
    ),
    is_smoke=True,
)
