"""``python -m loadtests.semantics_producer MODULE RATE WORK_MS SECONDS``: a steady, low load.

Enqueues through a contender's producer module, with the contender's Python, at a fixed rate on an
absolute schedule, and writes to the ledger what it was told. It ends when its standard input does,
or after so many seconds. This module imports the standard library and the producer only.
"""

from __future__ import annotations

import dataclasses
import importlib
import itertools
import select
import sys
import time
from typing import Any

from engine.project.ledger import Kind, Ledger, ledger
from engine.project.lifeline import die_with_parent


@dataclasses.dataclass(slots=True, kw_only=True)
class SteadyJob:
    """What every task of the load is asked to do: to wait for a while."""

    work_ms: float
    is_cpu: bool = False
    payload_bytes: int = 0
    fails_first: bool = False
    delay_seconds: float = 0.0


def main() -> None:
    """Enqueue until told to stop."""
    die_with_parent()
    module, rate, work_ms, seconds = sys.argv[1:]
    book = ledger()
    if book is None:
        raise SystemExit("set KILLPROOF_LEDGER to the folder of the ledger")
    producer = importlib.import_module(module)
    producer.connect()
    _enqueue_steadily(
        producer, book, SteadyJob(work_ms=float(work_ms)), float(rate), float(seconds)
    )


def _enqueue_steadily(
    producer: Any, book: Ledger, job: SteadyJob, rate: float, seconds: float
) -> None:
    begun_ns = time.monotonic_ns()
    for key in itertools.count():
        due_seconds = key / rate
        intended_ns = begun_ns + round(due_seconds * 1e9)
        if due_seconds > seconds or _is_told_to_stop(intended_ns):
            return
        book.write(Kind.SENT, key, intended_ns)
        try:
            producer.enqueue(key, intended_ns, job)
        except Exception:  # noqa: BLE001 - whatever it is, the task was not acknowledged
            book.write(Kind.REFUSED, key, intended_ns)
        else:
            book.write(Kind.ACKNOWLEDGED, key, intended_ns)


def _is_told_to_stop(until_ns: int) -> bool:
    """Wait for a time, or for the end of standard input."""
    pause_seconds = max(0.0, (until_ns - time.monotonic_ns()) / 1e9)
    return bool(select.select([0], [], [], pause_seconds)[0])


if __name__ == "__main__":
    main()
