"""Processes get no memory or no descriptors for a while."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos import workload
from chaos.plan import Strike
from chaos.scenarios.scenario import Scenario

if TYPE_CHECKING:
    import random

    from chaos.scenarios.scenario import Workload

SECONDS = 5.0
SHORTAGE_SECONDS = 1.5
APART_SECONDS = 2.2
"""The end of one shortage would end the next one, if they overlapped."""


def _workload(rng: random.Random, fault: str, need: str) -> Workload:
    """Return three strikes, at a task's process, its supervisor and a whole worker."""
    needy = [
        workload.poisonous(f"needy-{number}", need, 0.4, at_seconds=0.6 + APART_SECONDS * number)
        for number in range(3)
    ]
    victim = workload.victims(1, first=3.1, every=1.0)[0]
    calls = [
        *workload.mails(rng, 80, seconds=SECONDS),
        *workload.waves(rng, count=2, size=8, first=1.0, every=1.5),
        *workload.flaky(rng, 6, seconds=SECONDS),
        *needy,
        victim,
    ]
    strikes = [
        Strike(
            fault=fault,
            on_start_of=call.key,
            for_seconds=SHORTAGE_SECONDS,
            options={"target": target},
        )
        for call, target in zip(needy, ("task", "supervisor", "worker"), strict=True)
    ]
    # Whoever loses a process now has to start another one with what there is.
    death = Strike(fault="sigkill", on_start_of=victim.key, options={"target": "task"})
    return calls, [*strikes, death]


def _memory(rng: random.Random) -> Workload:
    return _workload(rng, "memory_limit", "need_memory")


def _descriptors(rng: random.Random) -> Workload:
    return _workload(rng, "descriptors", "need_files")


MEMORY_LIMIT = Scenario(
    name="memory_limit",
    summary="no more memory for a task's process, a supervisor and a whole worker, for a while",
    workload=_memory,
    exercises=("unjustified-redelivery", "uncounted-attempt"),
)
DESCRIPTORS = Scenario(
    name="descriptors",
    summary="no more descriptors for a task's process, a supervisor and a worker, for a while",
    workload=_descriptors,
    exercises=("unjustified-redelivery", "uncounted-attempt"),
)
