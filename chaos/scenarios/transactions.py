"""Enqueues in transactions that are rolled back, and enqueues in bulk, while workers are killed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos import workload
from chaos.plan import Call, Strike
from chaos.scenarios.scenario import Scenario

if TYPE_CHECKING:
    import random

    from chaos.scenarios.scenario import Workload

SECONDS = 4.0


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
        *victims,
    ]
    return calls, [
        Strike(fault="sigkill", on_start_of=victim.key, options={"target": "worker"})
        for victim in victims
    ]


TRANSACTIONS = Scenario(
    name="transactions",
    summary="Enqueues that are rolled back, and enqueues in bulk, while workers are killed",
    workload=_workload,
    exercises=("aborted-enqueue-executed", "torn-batch"),
)
