"""Enqueues that are rolled back, and in bulk, while workers die and connections are lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos import workload
from chaos.plan import Call, Strike
from chaos.scenarios.scenario import Scenario

if TYPE_CHECKING:
    import random

    from chaos.scenarios.scenario import Workload

SECONDS = 2.5
CALM_SECONDS = SECONDS + 2.5
"""When nobody enqueues any more, although producers begin seconds after faults on a busy machine."""
SEVERAL_STATEMENTS = 1001
"""So many rows do not fit into one INSERT of the engine."""


def _aborted(rng: random.Random, count: int) -> list[Call]:
    return [
        Call(
            key=f"aborted-{number:02}",
            kind="send_mail",
            producer=number % 2,
            at_seconds=rng.uniform(0, SECONDS),
            aborts=True,
        )
        for number in range(count)
    ]


def _torn() -> list[Call]:
    """One batch of several statements, when nobody else enqueues any more."""
    return [
        Call(
            key=f"torn-{number:04}",
            kind="send_mail",
            at_seconds=CALM_SECONDS + 0.4,
            batch="torn",
        )
        for number in range(SEVERAL_STATEMENTS)
    ]


def _batches(rng: random.Random, count: int, size: int) -> list[Call]:
    return [
        Call(
            key=f"bulk-{batch:02}-{number:02}",
            kind="send_mail",
            producer=batch % 2,
            at_seconds=at_seconds,
            batch=f"batch-{batch}",
        )
        for batch in range(count)
        for at_seconds in [rng.uniform(0, SECONDS)]
        for number in range(size)
    ]


def _workload(rng: random.Random) -> Workload:
    victims = workload.victims(2, first=1.0, every=1.5)
    calls = [
        *workload.mails(rng, 40, seconds=SECONDS),
        *_aborted(rng, 30),
        *_batches(rng, 10, 12),
        *_torn(),
        *victims,
    ]
    return calls, [
        *(
            Strike(fault="sigkill", on_start_of=victim.key, options={"target": "worker"})
            for victim in victims
        ),
        *map(_lost_after_an_insert, (0.8, 1.4, 2.0, CALM_SECONDS)),
    ]


def _lost_after_an_insert(at_seconds: float) -> Strike:
    """Take a producer's connection away between a statement of a batch and what follows it."""
    options = {"statement": "enqueue", "role": "producer", "error": "connection-lost"}
    return Strike(
        fault="statement-error",
        at_seconds=at_seconds,
        for_seconds=0.9,
        options={**options, "at": "after"},
    )


TRANSACTIONS = Scenario(
    name="transactions",
    summary="Enqueues that are rolled back, and in bulk, while workers die and connections break",
    workload=_workload,
    exercises=("aborted-enqueue-executed", "torn-batch"),
)
