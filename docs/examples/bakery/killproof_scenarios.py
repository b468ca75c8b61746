"""Scenarios for the bakery: `nox -s chaos -- run --project docs/examples/bakery ...`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos.plan import Call, Strike
from chaos.scenarios import Scenario

if TYPE_CHECKING:
    import random


def oven_fails(rng: random.Random) -> tuple[list[Call], list[Strike]]:
    """Enqueue forty loaves within two seconds, and kill who bakes the fifth, tenth, ..."""
    calls = [
        Call(
            key=f"loaf-{number:02}",
            kind="bakery.tasks.bake",
            args=(rng.choice(["rye", "spelt"]),),
            at_seconds=rng.uniform(0, 2),
        )
        for number in range(40)
    ]
    strikes = [
        Strike(fault="sigkill", on_start_of=call.key, options={"target": "task"})
        for call in calls[4::5]
    ]
    return calls, strikes


SCENARIOS = [
    Scenario(
        name="oven_fails",
        summary="SIGKILL of the process that bakes every fifth loaf",
        workload=oven_fails,
        exercises=("duplicated-effect", "unjustified-redelivery"),
    )
]
