"""``python -m loadtests.benchmarks.filling``: fill a queue with tasks that do nothing.

It runs with the Python of the contender and enqueues through its public interface. Standard input
is a ``Filling`` as JSON; standard output tells the seconds that the enqueues took, as JSON.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import json
import sys
import time
from typing import Any, Final

from engine.project.lifeline import die_with_parent

IN_ONE_CALL: Final = 50_000


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """What to enqueue.

    Attributes:
        producer: the module of the contender's producer.
        first_key: of the tasks; the others follow.
        in_bulk: with ``enqueue_many`` of the reference engine, instead of one by one.
        changes: options of ``enqueue_many``.
    """

    producer: str
    tasks: int
    first_key: int = 0
    in_bulk: bool = False
    changes: dict[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class NoOp:
    """A job that does nothing, and does not sleep for no time either."""

    work_ms: float = 0.0
    is_cpu: bool = True
    payload_bytes: int = 0
    fails_first: bool = False
    delay_seconds: float = 0.0


def main() -> None:
    """Enqueue all of them."""
    die_with_parent()
    filling = Filling(**json.load(sys.stdin))
    producer = importlib.import_module(filling.producer)
    producer.connect()
    seconds = _in_bulk(filling) if filling.in_bulk else _one_by_one(filling, producer)
    sys.stdout.write(json.dumps({"seconds": seconds}))


def _one_by_one(filling: Filling, producer: Any) -> float:
    begun = time.monotonic()
    for key in _keys(filling):
        producer.enqueue(key, 0, NoOp())
    return time.monotonic() - begun


def _in_bulk(filling: Filling) -> float:
    from engine.contenders.apps.background.tasks import work

    seconds, keys = 0.0, _keys(filling)
    for first in range(0, len(keys), IN_ONE_CALL):
        calls = [(key, 0, 0.0, True, False, "") for key in keys[first : first + IN_ONE_CALL]]
        begun = time.monotonic()
        work.enqueue_many(calls, **filling.changes)
        seconds += time.monotonic() - begun
    return seconds


def _keys(filling: Filling) -> range:
    return range(filling.first_key, filling.first_key + filling.tasks)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
