"""What the harness orders from the load generator, and what it gets back, as JSON files.

The generator runs with the Python of a contender, so this module and all that the generator
imports need Locust and HdrHistogram, and nothing else that is not in the standard library.
"""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any, Literal, Self

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ORDER = "KILLPROOF_ORDER"
"""The environment variable that names the file of the order."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """When things arrive.

    Attributes:
        kind: ``poisson`` or ``uniform`` arrivals at the rates of ``pieces``; ``trace`` at the
            times of ``times_seconds``.
        pieces: (seconds, rate per second), one after the other.
        times_seconds: of a trace, since its beginning, ascending.
    """

    kind: Literal["poisson", "uniform", "trace"]
    pieces: tuple[tuple[float, float], ...] = ()
    times_seconds: tuple[float, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One step's load.

    Attributes:
        producer: the module with ``connect`` and ``enqueue``; "loadtests.generator.null" sends
            nothing and measures the generator itself.
        arrivals: of all processes together: each process takes its share, seeded by its number.
        workload: the document of ``loadtests.workload.Workload``, of which jobs are drawn.
        bystander_rate: the application's own queries per second beside the enqueues; 0 for none.
        processes: Locust processes that send.
        users: concurrent senders in each of them.
        warmup_seconds: at the beginning; it counts in no histogram.
        window_seconds: measured, after the warm-up.
        results: the file that an Outcome is written to.
    """

    producer: str
    seed: int
    arrivals: Arrivals
    workload: Mapping[str, Any]
    bystander_rate: float = 0.0
    processes: int
    users: int
    warmup_seconds: float
    window_seconds: float
    results: str

    def write(self, path: Path) -> None:
        """Write it as JSON."""
        path.write_text(json.dumps(dataclasses.asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read it; raises OSError, ValueError or TypeError."""
        document = json.loads(path.read_text(encoding="utf-8"))
        arrivals = document.pop("arrivals")
        pieces = tuple((seconds, rate) for seconds, rate in arrivals.pop("pieces"))
        times = tuple(arrivals.pop("times_seconds"))
        return cls(arrivals=Arrivals(**arrivals, pieces=pieces, times_seconds=times), **document)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the generator's processes saw together.

    Attributes:
        begun_ns: CLOCK_MONOTONIC when the schedule began, warm-up included.
        window_ns: begin and end of the window, same clock.
        histograms: by name (service, send_lag, intended, bystander_<query>, loop_lag): the
            HdrHistogram of microseconds of the window, encoded, merged over all processes.
        planned: arrivals of the schedule within the window.
        sent: enqueues of the window that were begun, however late.
        acknowledged: those that returned; ``errors`` counts those that raised, by class.
        cpu_share_max: of one core over the window, of the busiest process.
        pids: of the processes that sent.
        locust: requests, failures, rate, p50_ms, p95_ms, p99_ms and max_ms of the enqueues, as
            Locust's own statistics have them.
    """

    begun_ns: int
    window_ns: tuple[int, int]
    histograms: Mapping[str, str]
    planned: int
    sent: int
    acknowledged: int
    errors: Mapping[str, int]
    cpu_share_max: float
    pids: tuple[int, ...]
    locust: Mapping[str, float | None]

    def write(self, path: Path) -> None:
        """Write it as JSON, at once."""
        fresh = path.with_suffix(".partial")
        fresh.write_text(json.dumps(dataclasses.asdict(self)), encoding="utf-8")
        fresh.replace(path)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read it; raises OSError, ValueError or TypeError."""
        document = json.loads(path.read_text(encoding="utf-8"))
        begin, end = document.pop("window_ns")
        return cls(window_ns=(begin, end), pids=tuple(document.pop("pids")), **document)
