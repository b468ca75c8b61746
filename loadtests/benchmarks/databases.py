"""databases: how fast the reference engine drains a queue on each database, with durable commits.

Two worker processes, tasks that do nothing, enqueued beforehand. SQLite is in WAL mode with
synchronous=FULL; PostgreSQL has fsync and synchronous_commit on; MySQL and MariaDB have
innodb_flush_log_at_trx_commit=1 and their default of sync_binlog. What the servers say of these
is stored with the run. In each block every database runs once; every second block goes the other
way round. Databases that are not to be had are named, and the others are measured.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Final

from engine.contenders import contender_named
from engine.databases import NAMES
from loadtests.benchmarks.benchmark import Benchmark
from loadtests.benchmarks.draining import drain
from loadtests.benchmarks.figure import figure_of

if TYPE_CHECKING:
    from loadtests.benchmarks.benchmark import Room
    from loadtests.laboratory import Bench

TARGET: Final = 3000.0
TASKS: Final = 20_000


def measure(room: Room) -> None:
    """Drain each database in turn."""
    contender = contender_named("background_task")
    benches = {name: room.bench(contender, name) for name in room.databases}
    tasks = room.sized(TASKS, quick=TASKS // 10)
    arms = {
        name: functools.partial(_rate, bench, tasks)
        for name, bench in benches.items()
        if bench is not None
    }
    for name, samples in room.interleave(arms).items():
        room.figures.append(figure_of(f"drain on {name}", "tasks/s", samples, target=TARGET))


def _rate(bench: Bench, tasks: int) -> float:
    return drain(bench, tasks).rate


BENCHMARK: Final = Benchmark(
    name="databases",
    summary="two worker processes drain a full queue on each database, with durable commits",
    guide=__doc__,
    databases=NAMES,
    choices=NAMES,
    minutes=3.0,
    measure=measure,
)
