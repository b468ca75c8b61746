"""Tasks that repeat, while the workers that run them die."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos import workload
from chaos.plan import Call, Strike
from chaos.scenarios.scenario import Scenario

if TYPE_CHECKING:
    import random

    from chaos.scenarios.scenario import Workload

SECONDS = 6.0


def _workload(rng: random.Random) -> Workload:
    repeating = [
        Call(
            key=f"report-{number:02}",
            kind="send_mail",
            producer=number % 2,
            at_seconds=rng.uniform(0, 0.5),
            repeat_seconds=1,
            repeat_for_seconds=SECONDS,
        )
        for number in range(8)
    ]
    victims = workload.victims(3, first=1.0, every=1.5)
    calls = [*workload.mails(rng, 40, seconds=SECONDS), *repeating, *victims]
    return calls, [
        *(
            Strike(fault="sigkill", on_start_of=victim.key, options={"target": target})
            for victim, target in zip(victims, ("task", "worker", "everything"), strict=True)
        ),
        *_between_two_runs(),
    ]


def _between_two_runs() -> list[Strike]:
    """Crash who ends a run and is about to write the next one."""
    return [
        Strike(
            fault="crash",
            at_seconds=0.7 + 1.5 * number,
            for_seconds=3.0,
            options={"statement": "repeat", "at": moment},
        )
        for number, moment in enumerate(("before", "after", "before-commit"))
    ]


PERIODIC = Scenario(
    name="periodic",
    summary="Tasks that are due every second, while all are killed, and at each next run",
    workload=_workload,
    exercises=("double-fire", "missed-fire"),
)
