"""The database answers statements with errors, before and after they took effect and at commits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chaos import workload
from chaos.plan import Strike
from chaos.scenarios.scenario import Scenario

if TYPE_CHECKING:
    import random

    from chaos.scenarios.scenario import Workload

SECONDS = 8.0
STRIKES = 16
ERRORS: Final = (
    "deadlock",
    "serialization",
    "lock-timeout",
    "statement-timeout",
    "too-many-connections",
    "read-only",
    "disk-full",
)
MOMENTS: Final = ("before", "after", "before-commit")
STATEMENTS: Final = ("claim", "heartbeat", "finish", "fail", "enqueue")


def _workload(rng: random.Random) -> Workload:
    calls = [
        *workload.mails(rng, 100, seconds=SECONDS),
        *workload.waves(rng, count=3, size=8, first=1.0, every=2.5),
        *workload.duplicates(rng, 8, seconds=SECONDS),
        *workload.flaky(rng, 25, seconds=SECONDS),
        *workload.slow(rng, 4, seconds=SECONDS - 1.0, work=2.0),
    ]
    statements = [STATEMENTS[number % len(STATEMENTS)] for number in range(STRIKES)]
    rng.shuffle(statements)
    return calls, [
        Strike(
            fault="statement-error",
            at_seconds=0.6 + 0.4 * number,
            for_seconds=0.5,
            options=_error(rng, statement),
        )
        for number, statement in enumerate(statements)
    ]


def _error(rng: random.Random, statement: str) -> dict[str, Any]:
    """Choose an error and its moment; every third time the connection is lost at a commit."""
    role = "producer" if statement == "enqueue" else "worker"
    options = {"statement": statement, "role": role}
    if rng.random() < 1 / 3:
        moment = rng.choice(("before-commit", "after-commit"))
        # An enqueue outside of a transaction is its own commit.
        at = "after-commit" if statement == "enqueue" else moment
        return {**options, "error": "connection-lost", "at": at}
    at = "before" if statement == "enqueue" else rng.choice(MOMENTS)
    return {**options, "error": rng.choice(ERRORS), "at": at}


STATEMENT_ERRORS = Scenario(
    name="statement_errors",
    summary="Deadlocks, timeouts, full disks and lost connections at statements and their commits",
    workload=_workload,
    exercises=("unjustified-redelivery", "backoff-violation", "uncounted-attempt"),
)
