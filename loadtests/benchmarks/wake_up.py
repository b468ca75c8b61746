"""wake_up: how soon an idle worker starts a task that has just been enqueued.

A worker with two processes and all its default settings (``--sleep`` is 5 s) is idle; another
process enqueues one task after each of many random pauses between 0.1 and 1.5 seconds. The latency
is from the return of the enqueue, when its commit has been acknowledged, to the first line of the
body, by one clock. The target is a median of 10 ms on PostgreSQL and SQLite.

Before that the worker is left alone, and the CPU time that it takes is its price for being ready:
it and all its processes, in percent of one core.
"""

from __future__ import annotations

import contextlib
import random
import time
from typing import TYPE_CHECKING, Final

import numpy as np
import psutil

from engine.contenders import contender_named
from engine.contenders.contender import ContenderError
from engine.databases import NAMES
from engine.project.ledger import Kind, read_ledger
from loadtests.benchmarks.asking import ask
from loadtests.benchmarks.benchmark import WORKERS, Benchmark
from loadtests.benchmarks.draining import STALL_SECONDS, count_ends
from loadtests.benchmarks.figure import Figure, figure_of
from loadtests.fleet import working_fleet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.contenders.contender import Site
    from loadtests.benchmarks.benchmark import Room
    from loadtests.fleet import Fleet
    from loadtests.laboratory import Bench

TARGET_MS: Final = 10.0
HELD_TO_IT: Final = ("postgresql", "sqlite")
ENQUEUES: Final = 50
ENOUGH: Final = 30
GAP_SECONDS: Final = (0.1, 1.5)
IDLE_SECONDS: Final = 8.0
_LOOK_SECONDS: Final = 0.05


def measure(room: Room) -> None:
    """Leave a worker alone, then wake it again and again, on each database."""
    for database in room.databases:
        bench = room.bench(contender_named("background_task"), database)
        if bench is None:
            continue
        with bench.scratch("wake-up", WORKERS) as site:
            bench.contender.empty(site)
            with working_fleet(bench.contender, site, site.folder / "logs") as fleet:
                room.say(f"idle on {database}")
                cpu = idle_cpu(fleet, room.sized(IDLE_SECONDS, quick=2.0))
                room.say(f"waking up on {database}")
                latencies = _latencies_ms(room, bench, site)
        room.figures += figures(database, latencies)
        room.figures.append(figure_of(f"CPU of an idle worker, {database}", "% of a core", [cpu]))


def figures(database: str, latencies: Sequence[float]) -> list[Figure]:
    """Return the median with the interval of it, and the tail."""
    of_tasks = f"of {len(latencies)}, {database}"
    draws = np.random.default_rng(0).choice(latencies, size=(4000, len(latencies)))
    low, high = np.percentile(np.median(draws, axis=1), [2.5, 97.5])
    median = Figure(
        label=f"from enqueued to started, median {of_tasks}",
        unit="ms",
        value=round(float(np.median(latencies)), 2),
        low=round(float(low), 2),
        high=round(float(high), 2),
        samples=tuple(round(latency, 2) for latency in latencies),
        target=TARGET_MS if database in HELD_TO_IT else None,
        is_minimum=False,
        bears_verdict=len(latencies) >= ENOUGH,
    )
    tail = figure_of(f"99th percentile {of_tasks}", "ms", [float(np.percentile(latencies, 99))])
    return [median, tail]


def idle_cpu(fleet: Fleet, seconds: float) -> float:
    """Return the CPU time that workers take while there is nothing to do, in percent of a core."""
    before, begun = _cpu_seconds(fleet), time.monotonic()
    time.sleep(seconds)
    return (_cpu_seconds(fleet) - before) / (time.monotonic() - begun) * 100


def _cpu_seconds(fleet: Fleet) -> float:
    spent = 0.0
    for pid in fleet.tree():
        with contextlib.suppress(psutil.NoSuchProcess):
            times = psutil.Process(pid).cpu_times()
            spent += times.user + times.system
    return spent


def _latencies_ms(room: Room, bench: Bench, site: Site) -> list[float]:
    rng = random.Random(room.seed)  # noqa: S311 - pauses are no secret
    gaps = [rng.uniform(*GAP_SECONDS) for _ in range(room.sized(ENQUEUES, quick=10))]
    pacing = {"producer": bench.contender.producer, "gaps": gaps}
    returned = [after for _, after in ask(bench.contender, site, "pacing", pacing)]
    deadline = time.monotonic() + STALL_SECONDS
    while count_ends(site.ledger) < len(gaps):
        if time.monotonic() > deadline:
            raise ContenderError("an idle worker left tasks waiting that were due")
        time.sleep(_LOOK_SECONDS)
    started = {
        each.key: each.time_ns for each in read_ledger(site.ledger) if each.kind == Kind.STARTED
    }
    # A body may start before its enqueue has returned: that is no time at all.
    return [max(0.0, (started[key] - after) / 1e6) for key, after in enumerate(returned)]


BENCHMARK: Final = Benchmark(
    name="wake_up",
    summary="from an enqueue to the start of its body in an idle worker, and its CPU while idle",
    guide=__doc__,
    databases=NAMES,
    choices=NAMES,
    minutes=3.5,
    measure=measure,
)
