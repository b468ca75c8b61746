"""Processes die at statements: before or after each, and before or after its commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos import workload
from chaos.plan import Strike
from chaos.scenarios.scenario import Scenario

if TYPE_CHECKING:
    import random

    from chaos.scenarios.scenario import Workload

SECONDS = 8.0
STATEMENTS = ("claim", "heartbeat", "finish", "fail", "enqueue")
MOMENTS = ("before", "after", "before-commit", "after-commit")
REAP_MOMENTS = ("before", "after")
"""What looks for leases that ran out has a transaction of its own only when it found one."""


def _workload(rng: random.Random) -> Workload:
    statements = [*rng.sample(STATEMENTS, k=len(STATEMENTS)), "reap"]
    calls = [
        *workload.mails(rng, 100, seconds=SECONDS),
        *workload.waves(rng, count=3, size=8, first=1.0, every=2.5),
        *workload.flaky(rng, 20, seconds=SECONDS),
        *workload.orders(rng, 20, seconds=SECONDS),
        *workload.slow(rng, 4, seconds=SECONDS, work=2.0),
    ]
    return calls, [
        Strike(
            fault="crash",
            at_seconds=0.8 + 0.9 * number,
            for_seconds=3.0,
            options={
                "statement": statement,
                "at": rng.choice(REAP_MOMENTS if statement == "reap" else MOMENTS),
            },
        )
        for number, statement in enumerate(statements)
    ]


CRASH_AT_STATEMENT = Scenario(
    name="crash_at_statement",
    summary="processes die at a claim, heartbeat, finish, fail, enqueue and reap, or their commits",
    workers=3,
    workload=_workload,
    exercises=("unjustified-redelivery", "uncounted-attempt", "attempt-overrun"),
)
