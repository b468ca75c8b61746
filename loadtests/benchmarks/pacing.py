"""``python -m loadtests.benchmarks.pacing``: enqueue now and then, and tell when each returned.

It runs with the Python of the contender. Standard input is a ``Pacing`` as JSON; standard output
has, for each task in order, CLOCK_MONOTONIC in nanoseconds before its enqueue and after it, which
is when its commit was acknowledged.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import json
import sys
import time

from engine.project.lifeline import die_with_parent
from loadtests.benchmarks.filling import NoOp


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Pacing:
    """What to do: wait so long before each task."""

    producer: str
    gaps: list[float]


def main() -> None:
    """Wait and enqueue by turns."""
    die_with_parent()
    pacing = Pacing(**json.load(sys.stdin))
    producer = importlib.import_module(pacing.producer)
    producer.connect()
    times = []
    for key, gap in enumerate(pacing.gaps):
        time.sleep(gap)
        begun = time.monotonic_ns()
        producer.enqueue(key, begun, NoOp())
        times.append((begun, time.monotonic_ns()))
    sys.stdout.write(json.dumps(times))


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
