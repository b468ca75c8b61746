"""memory: what a supervisor and its processes hold in memory, over a million tasks.

Two worker processes drain a million tasks that do nothing. Each time that another 50,000 have
ended, the resident memory of the supervisor and of each of its processes is read. The first fifth
is left out: it fills what is only ever filled once. The figure is the slope of what is left
(Theil-Sen), in MB per million tasks; flat is at most 5.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

import psutil
from scipy import stats

from engine.contenders import contender_named
from loadtests.benchmarks.benchmark import Benchmark
from loadtests.benchmarks.draining import drain
from loadtests.benchmarks.figure import Figure, figure_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loadtests.benchmarks.benchmark import Room
    from loadtests.fleet import Fleet

TASKS: Final = 1_000_000
TARGET: Final = 5.0
SAMPLES: Final = 20
FILLED_AFTER: Final = 0.2
SUPERVISOR: Final = "supervisor"
CHILDREN: Final = "worker processes, the largest"
_MB: Final = 1e6


@dataclasses.dataclass(slots=True)
class Readings:
    """What was read, by who holds it: (tasks ended, MB)."""

    every: int
    by_role: dict[str, list[tuple[int, float]]] = dataclasses.field(
        default_factory=lambda: {SUPERVISOR: [], CHILDREN: []}
    )

    def look(self, fleet: Fleet, ended: int) -> None:
        """Read if another so many tasks have ended."""
        taken = len(self.by_role[SUPERVISOR])
        if ended < (taken + 1) * self.every:
            return
        supervisors = set(fleet.pids())
        children = [resident(pid) for pid in fleet.tree() if pid not in supervisors]
        self.by_role[SUPERVISOR].append((ended, max(map(resident, supervisors))))
        self.by_role[CHILDREN].append((ended, max(children, default=0.0)))


def resident(pid: int) -> float:
    """Return the resident memory of a process, in MB."""
    return float(psutil.Process(pid).memory_info().rss) / _MB


def slope(readings: Sequence[tuple[int, float]]) -> tuple[float, float, float] | None:
    """Return MB per million tasks with its 95 % interval; None for too few readings."""
    later = readings[int(len(readings) * FILLED_AFTER) :]
    if len(later) < 3:  # noqa: PLR2004 - a line through two points has no spread
        return None
    line = stats.theilslopes([mb for _, mb in later], [ended / 1e6 for ended, _ in later])
    return float(line.slope), float(line.low_slope), float(line.high_slope)


def measure(room: Room) -> None:
    """Drain a million tasks and read along."""
    tasks = room.sized(TASKS, quick=TASKS // 50)
    for database in room.databases:
        bench = room.bench(contender_named("background_task"), database)
        if bench is None:
            continue
        room.say(f"draining {tasks} tasks on {database}")
        readings = Readings(every=tasks // SAMPLES)
        drain(bench, tasks, watch=readings.look)
        for role, read in readings.by_role.items():
            room.figures += _figures(f"{role}, {database}", read)


def _figures(label: str, read: Sequence[tuple[int, float]]) -> list[Figure]:
    levels = figure_of(f"resident memory of {label}", "MB", [mb for _, mb in read])
    value, low, high = slope(read) or (None, None, None)
    grown = Figure(
        label=f"growth of {label}",
        unit="MB/million",
        value=value,
        low=low,
        high=high,
        target=TARGET,
        is_minimum=False,
    )
    return [levels, grown]


BENCHMARK: Final = Benchmark(
    name="memory",
    summary="resident memory of a worker over a million tasks",
    guide=__doc__,
    databases=("postgresql",),
    choices=("sqlite", "postgresql", "mysql", "mariadb"),
    minutes=3.0,
    measure=measure,
)
