"""When each process of the generator sends: the seconds since the begin, one after the other.

The same seed gives the same times in every process, on every version of Python; all processes
together make the arrivals that were ordered. This module imports the standard library only.
"""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from loadtests.order import Arrivals


def arrival_times(
    arrivals: Arrivals, *, seed: int, process: int, processes: int
) -> Iterator[float]:
    """Return the ascending times of one of ``processes`` processes, of which the first is 0."""
    if arrivals.kind == "trace":
        return iter(arrivals.times_seconds[process::processes])
    if arrivals.kind == "uniform":
        return _uniform(arrivals, _phase(seed, process, processes), processes)
    # A string seeds through SHA-512, and random() is kept the same by Python over its versions:
    # neither depends on PYTHONHASHSEED.
    return _poisson(arrivals, random.Random(f"arrivals {seed} {process}"), processes)  # noqa: S311


def duration_seconds(arrivals: Arrivals) -> float:
    """Return how long the arrivals go on; for a trace until its last one."""
    if arrivals.kind == "trace":
        return arrivals.times_seconds[-1] if arrivals.times_seconds else 0.0
    return math.fsum(seconds for seconds, _ in arrivals.pieces)


def expected_arrivals(arrivals: Arrivals) -> float:
    """Return how many arrivals all processes send together, on average over all seeds."""
    if arrivals.kind == "trace":
        return float(len(arrivals.times_seconds))
    return math.fsum(seconds * rate for seconds, rate in arrivals.pieces)


def _poisson(arrivals: Arrivals, rng: random.Random, processes: int) -> Iterator[float]:
    begin = 0.0
    for seconds, rate in arrivals.pieces:
        time = begin
        while rate > 0:
            # Not expovariate(): its formula is an implementation detail of Python.
            time -= math.log(1.0 - rng.random()) * processes / rate
            # The wait that crosses the border is dropped and drawn anew at the next piece's rate:
            # an exponential wait has no memory, so the rate is exact on both sides.
            if time >= begin + seconds:
                break
            yield time
        begin += seconds


def _phase(seed: int, process: int, processes: int) -> float:
    """Return where a process begins in its interval: the same distance apart for all of them."""
    common = random.Random(f"phase {seed}").random()  # noqa: S311 - a schedule, no secret
    return (common + process) / processes


def _uniform(arrivals: Arrivals, phase: float, processes: int) -> Iterator[float]:
    """Send whenever the integral of the process's rate passes a whole number plus ``phase``."""
    begin, passed, number = 0.0, 0.0, 0
    for seconds, total_rate in arrivals.pieces:
        rate = total_rate / processes
        # Each time is computed from the border and not from the time before: errors do not add up.
        while number + phase < passed + seconds * rate:
            yield begin + (number + phase - passed) / rate
            number += 1
        begin += seconds
        passed += seconds * rate
