"""Every kind of poison beside healthy tasks: each ends by itself, and the healthy do not suffer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos import workload
from chaos.plan import Strike
from chaos.scenarios.scenario import Scenario

if TYPE_CHECKING:
    import random

    from chaos.plan import Call
    from chaos.scenarios.scenario import Workload

SECONDS = 4.0
TIMEOUT_SECONDS = 2.0


def _workload(rng: random.Random) -> Workload:
    zoo = workload.zoo(rng, seconds=SECONDS)
    calls = [
        *workload.mails(rng, 70, seconds=SECONDS),
        *workload.waves(rng, count=2, size=8, first=1.0, every=1.5),
        *workload.duplicates(rng, 5, seconds=SECONDS),
        *zoo,
        *_neighbours(next(call for call in zoo if call.key == "zoo-loop")),
    ]
    return calls, [*map(_death_of, workload.DEADLY), _orphan()]


def _neighbours(loop: Call) -> list[Call]:
    """Tasks that are at work beside it when its attempts run into their timeout."""
    return [
        workload.slow_at(f"neighbour-{number}", 1.5, at_seconds=loop.at_seconds + late)
        for number, late in enumerate((1.0, 1.0, 4.0, 4.0))
    ]


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
