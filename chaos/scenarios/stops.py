"""Workers are told to stop in the middle of what they do: politely, twice, and with a kill."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from chaos import workload
from chaos.plan import Strike
from chaos.scenarios.scenario import Scenario

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from chaos.plan import Call
    from chaos.scenarios.scenario import Workload

SECONDS = 4.0
FIRST = 1.0
APART = 2.5
AGAIN_SECONDS = 0.7
GRACE_SECONDS = 1.5


def _around(rng: random.Random) -> list[Call]:
    return [
        *workload.mails(rng, 50, seconds=SECONDS),
        *workload.waves(rng, count=3, size=30, first=FIRST, every=APART),
        *workload.flaky(rng, 5, seconds=SECONDS),
    ]


def _strikes(rng: random.Random, triggers: Sequence[Call], **options: Any) -> list[Strike]:
    """Return one for each trigger: of the worker that runs it, and of all workers at the last."""
    signals = rng.sample(["sigterm", "sigint", "sigterm"], k=len(triggers))
    targets = ["worker"] * (len(triggers) - 1) + ["everything"]
    return [
        Strike(
            fault=fault,
            on_start_of=trigger.key,
            for_seconds=max(options.values(), default=0.0) + 0.5,
            options={"target": target, **options},
        )
        for trigger, fault, target in zip(triggers, signals, targets, strict=True)
    ]


def _once(rng: random.Random) -> Workload:
    # Each begins when the worker before it has stopped: a second signal would be another test. It
    # is due with a wave and claimed first, so that there is something behind it to give back.
    works = [
        dataclasses.replace(
            workload.slow_at(f"work-{number}", 1.2, at_seconds=0.1),
            due_at_seconds=FIRST + APART * number,
            priority=1,
        )
        for number in range(3)
    ]
    return [*_around(rng), *works], _strikes(rng, works)


def _twice(rng: random.Random) -> Workload:
    victims = workload.victims(3, first=0.8, every=2.5)
    return [*_around(rng), *victims], _strikes(rng, victims, again_after=AGAIN_SECONDS)


def _killed(rng: random.Random) -> Workload:
    victims = workload.victims(2, first=0.8, every=3.5)
    return [*_around(rng), *victims], _strikes(rng, victims, kill_after=GRACE_SECONDS)


SIGTERM = Scenario(
    name="sigterm",
    summary="SIGTERM or SIGINT to workers in the middle of tasks: those end, the rest is released",
    workload=_once,
    exercises=("claim-after-stop", "unjustified-redelivery"),
)
SIGTERM_TWICE = Scenario(
    name="sigterm_twice",
    summary="a second SIGTERM or SIGINT to workers whose tasks do not come to an end",
    workload=_twice,
    exercises=("claim-after-stop", "unjustified-redelivery", "uncounted-attempt"),
)
SIGKILL_AFTER_GRACE = Scenario(
    name="sigkill_after_grace",
    summary="SIGTERM, and SIGKILL to workers whose tasks do not end within the grace period",
    workload=_killed,
    exercises=("claim-after-stop", "unjustified-redelivery", "uncounted-attempt"),
)
