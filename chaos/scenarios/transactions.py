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
CALM = "calm"
"""The task that starts when nobody enqueues any more."""
CALM_SECONDS = SECONDS + 0.7
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
    """One batch of several statements, a while into the calm, and one call that ends the calm."""
    batch = [
        Call(key=f"torn-{number:04}", kind="send_mail", at_seconds=CALM_SECONDS + 1.8, batch="torn")
        for number in range(SEVERAL_STATEMENTS)
    ]
    return [
        Call(key=CALM, kind="send_mail", at_seconds=0.0, due_at_seconds=CALM_SECONDS),
        *batch,
        Call(key="after-all", kind="send_mail", at_seconds=CALM_SECONDS + 4.0),
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
        _lost_after_an_insert(),
    ]


def _lost_after_an_insert() -> Strike:
    """Take the producer's connection away between two statements of the large batch."""
    options = {"statement": "enqueue", "role": "producer", "error": "connection-lost"}
    return Strike(
        fault="statement-error",
        on_start_of=CALM,
        for_seconds=2.0,
        options={**options, "at": "after"},
    )


TRANSACTIONS = Scenario(
    name="transactions",
    summary="Enqueues that are rolled back, and in bulk, while workers die and connections break",
    workload=_workload,
    exercises=("aborted-enqueue-executed", "torn-batch"),
)
