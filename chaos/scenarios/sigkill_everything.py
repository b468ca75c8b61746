"""The whole host dies in the middle of tasks, supervisors first, and comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos import workload
from chaos.plan import Strike
from chaos.scenarios.scenario import Scenario

if TYPE_CHECKING:
    import random

    from chaos.scenarios.scenario import Workload

SECONDS = 4.0


def _workload(rng: random.Random) -> Workload:
    victims = workload.victims(2, first=1.0, every=rng.uniform(2.0, 2.6))
    calls = [
        *workload.mails(rng, 120, seconds=SECONDS),
        *workload.waves(rng, count=3, size=10, first=1.0, every=1.0),
        *workload.duplicates(rng, 8, seconds=SECONDS),
        *workload.delayed(rng, 10, seconds=SECONDS / 2),
        *victims,
    ]
    return calls, [
        Strike(fault="sigkill", on_start_of=victim.key, options={"target": "everything"})
        for victim in victims
    ]


SIGKILL_EVERYTHING = Scenario(
    name="sigkill_everything",
    summary="SIGKILL every worker with all its processes at once, as if the host had died",
    workload=_workload,
    exercises=("unjustified-redelivery", "uncounted-attempt", "duplicated-effect"),
    is_smoke=True,
)
