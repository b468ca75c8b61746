"""Tasks that kill their own worker, beside healthy ones that must not suffer."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from chaos import workload
from chaos.plan import Call, Strike
from chaos.scenarios.scenario import Scenario

if TYPE_CHECKING:
    import random

    from chaos.scenarios.scenario import Workload

SECONDS = 3.0
LONG_AFTER_ITS_END = 8.0


def _again() -> list[Call]:
    """Tasks that are called again when they have ended, which makes them no duplicates."""
    return [
        Call(key=f"again-{number}", kind="send_mail", producer=number % 2, at_seconds=at_seconds)
        for number in range(6)
        for at_seconds in (0.3 + 0.2 * number, 2.8 + 0.2 * number)
    ]


def _workload(rng: random.Random) -> Workload:
    poison = workload.poison(3, first=0.5, every=0.6)
    calls = [
        *workload.mails(rng, 80, seconds=SECONDS),
        *workload.waves(rng, count=2, size=10, first=1.0, every=1.0),
        *workload.duplicates(rng, 8, seconds=SECONDS),
        *workload.delayed(rng, 10, seconds=SECONDS / 2),
        *_again(),
        *poison,
        dataclasses.replace(poison[0], at_seconds=LONG_AFTER_ITS_END),
    ]
    return calls, [
        Strike(
            fault="sigkill", on_start_of=task.key, every_start=True, options={"target": "itself"}
        )
        for task in poison
    ]


POISON = Scenario(
    name="poison",
    summary="Tasks that SIGKILL their own worker, every time they run, beside healthy tasks",
    workload=_workload,
    exercises=("attempt-overrun", "uncounted-attempt", "stale-key"),
    is_smoke=True,
)
