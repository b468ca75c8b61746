"""More tasks than workers can run at once, of different priorities: who comes first?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos.plan import Call
from chaos.scenarios.scenario import Scenario

if TYPE_CHECKING:
    import random

    from chaos.scenarios.scenario import Workload

PRIORITIES = (0, 0, 0, 5, -5)
WORK_SECONDS = 0.1


def _workload(rng: random.Random) -> Workload:
    """A backlog of about six seconds, so that some wait for seconds before their turn comes."""
    return [
        Call(
            key=f"queued-{number:03}",
            kind="write_invoice",
            args=(WORK_SECONDS,),
            producer=number % 2,
            at_seconds=rng.uniform(0, 2.0),
            priority=rng.choice(PRIORITIES),
        )
        for number in range(120)
    ], []


BACKLOG = Scenario(
    name="backlog",
    summary="A backlog of several seconds, of different priorities, and no fault at all",
    workload=_workload,
    workers=2,
    processes=1,
    exercises=("order-inversion", "priority-inversion"),
)
