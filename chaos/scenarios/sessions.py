"""Workers lose their sessions again and again, or get no new ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaos import workload
from chaos.plan import Strike
from chaos.scenarios.scenario import Scenario

if TYPE_CHECKING:
    import random

    from chaos.scenarios.scenario import Workload

SECONDS = 7.0
STALL_SECONDS = 0.1
HOARD_SECONDS = 6.0
VICTIMS = (
    {"statement": "claim", "stall": STALL_SECONDS},
    {"statement": "claim"},
    {"statement": "claim", "idle": True},
    {"statement": "heartbeat", "stall": STALL_SECONDS},
    {"statement": "heartbeat", "idle": True},
    {"statement": "finish", "stall": STALL_SECONDS},
    {"statement": "finish"},
)


def _ended(rng: random.Random) -> Workload:
    calls = [
        *workload.mails(rng, 90, seconds=SECONDS),
        *workload.waves(rng, count=3, size=8, first=1.0, every=2.0),
        *workload.duplicates(rng, 6, seconds=SECONDS),
        *workload.delayed(rng, 8, seconds=SECONDS / 2),
        *workload.slow(rng, 4, seconds=SECONDS, work=2.0),
    ]
    victims: list[dict[str, Any]] = rng.sample(VICTIMS, k=len(VICTIMS))
    return calls, [
        Strike(
            fault="session-ended", at_seconds=0.6 + 0.8 * number, for_seconds=0.7, options=victim
        )
        for number, victim in enumerate(victims)
    ]


def _exhausted(rng: random.Random) -> Workload:
    victims = workload.victims(3, first=3.0, every=0.8)
    calls = [
        *workload.mails(rng, 80, seconds=SECONDS),
        *workload.waves(rng, count=2, size=8, first=1.0, every=4.0),
        *workload.delayed(rng, 8, seconds=SECONDS / 2),
        *victims,
    ]
    targets = ["worker", *rng.sample(("task", "worker"), k=2)]
    return calls, [
        Strike(fault="pool-exhausted", at_seconds=0.3, for_seconds=HOARD_SECONDS),
        *(
            Strike(fault="sigkill", on_start_of=victim.key, options={"target": target})
            for victim, target in zip(victims, targets, strict=True)
        ),
    ]


SESSION_ENDED = Scenario(
    name="session_ended",
    summary="Sessions of workers are ended as they claim, beat their hearts, finish and listen",
    workload=_ended,
    exercises=("double-claim", "uncounted-attempt", "dedupe-violation"),
)
POOL_EXHAUSTED = Scenario(
    name="pool_exhausted",
    summary="Workers die while the server has no connection left for those that follow",
    workload=_exhausted,
    exercises=("unjustified-redelivery", "uncounted-attempt"),
)
