"""drain: how fast two worker processes empty a queue of tasks that do nothing.

All tasks are enqueued beforehand, through each queue's public interface. Then its workers start,
and the bodies write down when they end. The first tenth of the tasks is the warm-up, whichever the
queue; the rest counts, until the queue holds no task any more: the last end is written down.
In each block every queue runs once and the reference engine once more, the A/A control; every
second block goes the other way round. A ratio is taken within a block.

Durability is equal: PostgreSQL has fsync and synchronous_commit on, and Redis appendfsync always,
so that what either has acknowledged survives a power cut. Celery acknowledges late, has a prefork
pool of two processes and its default prefetch multiplier of 4. The application's connections are
kept for a minute (CONN_MAX_AGE), which helps django-tasks-db and django-ox.

Slower queues get fewer tasks, so that each drain takes a few seconds; a shallow queue is to their
advantage. django-ox needs Python 3.12 or later.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Final

from engine.contenders import contender_named
from loadtests.benchmarks.benchmark import Benchmark
from loadtests.benchmarks.draining import drain
from loadtests.benchmarks.figure import figure_of, ratio_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from loadtests.benchmarks.benchmark import Room
    from loadtests.benchmarks.figure import Figure
    from loadtests.laboratory import Bench

OURS: Final = "background_task"
CONTROL: Final = "background_task again (A/A)"
TASKS: Final = {
    OURS: 40_000,
    "celery-redis-always-late": 5_000,
    "django-tasks-db": 1_000,
    "django-ox": 1_500,
}
TARGETS: Final = {"celery-redis-always-late": 10.0, "django-tasks-db": 20.0, "django-ox": 20.0}
SETTINGS: Final = {"worker_prefetch_multiplier": 4}


def measure(room: Room) -> None:
    """Drain each queue in turn, on every database that is asked for."""
    for database in room.databases:
        benches = {name: room.bench(contender_named(name), database) for name in TASKS}
        arms = {name: _arm(room, bench) for name, bench in benches.items() if bench is not None}
        ours = benches[OURS]
        if ours is None:
            continue
        rates = room.interleave({**arms, CONTROL: arms[OURS]})
        for name, samples in rates.items():
            room.figures.append(figure_of(f"{name}, {database}", "tasks/s", samples))
        for name in (CONTROL, *TARGETS):
            if name in rates:
                room.figures.append(_ratio(room, ours, name, rates))


def _arm(room: Room, bench: Bench) -> Callable[[], float]:
    tasks = TASKS[bench.contender.name]
    return functools.partial(_rate, bench, room.sized(tasks, quick=tasks // 10))


def _rate(bench: Bench, tasks: int) -> float:
    return drain(bench, tasks, settings=SETTINGS).rate


def _ratio(room: Room, ours: Bench, name: str, rates: dict[str, list[float]]) -> Figure:
    return ratio_of(
        f"{OURS} / {name}, {ours.database.name}",
        list(zip(rates[name], rates[OURS], strict=True)),
        of=ours.target(),
        target=TARGETS.get(name),
        seed=room.seed,
    )


BENCHMARK: Final = Benchmark(
    name="drain",
    summary="two worker processes drain a full queue, beside Celery, django-tasks-db, django-ox",
    guide=__doc__,
    databases=("postgresql",),
    choices=("postgresql",),
    minutes=5.0,
    own_servers=True,
    measure=measure,
)
