"""Every kind of poison beside healthy tasks: each ends by itself, and the healthy do not suffer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos import workload
from chaos.plan import Strike
from chaos.scenarios.scenario import Scenario

if TYPE_CHECKING:
    import random

    from chaos.scenarios.scenario import Workload

SECONDS = 4.0
TIMEOUT_SECONDS = 2.0


def _workload(rng: random.Random) -> Workload:
    calls = [
        *workload.mails(rng, 70, seconds=SECONDS),
        *workload.waves(rng, count=2, size=8, first=1.0, every=1.5),
        *workload.duplicates(rng, 5, seconds=SECONDS),
        *workload.zoo(rng, seconds=SECONDS),
    ]
    return calls, [*map(_death_of, workload.DEADLY), _orphan()]


def _death_of(kind: str) -> Strike:
    seconds = TIMEOUT_SECONDS + 1 if kind == "loop" else 0.5
    return Strike(
        fault="poison",
        on_start_of=f"zoo-{kind}",
        every_start=True,
        for_seconds=seconds,
        options={"harm": "death"},
    )


def _orphan() -> Strike:
    return Strike(
        fault="poison",
        on_start_of="zoo-orphan",
        every_start=True,
        for_seconds=1.0,
        options={"harm": "orphan"},
    )


POISON_ZOO = Scenario(
    name="poison_zoo",
    summary="exits, crashes, endless loops and allocations, broken errors and results, orphans",
    workload=_workload,
    timeout_seconds=TIMEOUT_SECONDS,
    exercises=("attempt-overrun", "uncounted-attempt"),
)
