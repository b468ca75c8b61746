"""flat: whether a claim costs the same with a million other rows, and beside an old snapshot.

Claims: four databases are filled, one with 1,000 waiting tasks, and one each with a million
waiting tasks, a million completed ones, and a million of a higher priority that are due tomorrow.
The engine's own claim takes 20 tasks at a time; the value of a block is the median of 25 claims.
In each block every database has its turn, and the claimed tasks are put back. The ratio is to the
database with 1,000, and at most 1.5 is flat.

Old snapshot (PostgreSQL): the same drain, with and without another session that holds a snapshot
from before it began (REPEATABLE READ), so that no dead row can be removed. The ratio of the rates
shall be at least a half, and so shall that of the rates in the last quarter: it does not collapse.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import statistics
from typing import TYPE_CHECKING, Any, Final

from engine.contenders import contender_named, tables
from engine.contenders.background_task import BackgroundTask
from engine.databases import NAMES
from loadtests.benchmarks.asking import ask
from loadtests.benchmarks.benchmark import WORKERS, Benchmark
from loadtests.benchmarks.draining import drain, enqueue, settle
from loadtests.benchmarks.figure import figure_of, ratio_of
from loadtests.benchmarks.filling import Filling

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.contenders.contender import Site
    from loadtests.benchmarks.benchmark import Room
    from loadtests.benchmarks.draining import Drained
    from loadtests.laboratory import Bench

FEW: Final = 1000
MANY: Final = 1_000_000
CLAIMS: Final = 25
BATCH: Final = 20
MOST: Final = 1.5
LEAST_BESIDE_SNAPSHOT: Final = 0.5
SNAPSHOT_TASKS: Final = 60_000
TOMORROW: Final = 86_400
SCHEDULED, COMPLETED = BackgroundTask.tables[:2]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """What a claim has to cope with: rows beside ``FEW`` waiting tasks.

    Attributes:
        changes: options of the tasks.
        are_completed: whether these rows are moved to the completed tasks.
    """

    label: str
    changes: dict[str, Any] = dataclasses.field(default_factory=dict)
    are_completed: bool = False


CROWDS: Final = (
    Crowd(label="waiting"),
    Crowd(label="completed", are_completed=True),
    Crowd(
        label="of a higher priority due tomorrow", changes={"schedule": TOMORROW, "priority": 10}
    ),
)
ALONE: Final = Crowd(label="no others")


class Crowded(BackgroundTask):
    """The reference engine under another name, which gives it a database of its own."""

    def __init__(self, number: int) -> None:
        self.name = f"background_task-{number}"


def measure(room: Room) -> None:
    """Claim in each crowd, then drain beside a snapshot."""
    for database in room.databases:
        _claims(room, database)
        if database == "postgresql":
            _snapshot(room)


def _claims(room: Room, database: str) -> None:
    benches: dict[str, Bench] = {}
    many = room.sized(MANY, quick=MANY // 100)
    crowds = [dataclasses.replace(crowd, label=f"{many:,} {crowd.label}") for crowd in CROWDS]
    for number, crowd in enumerate((ALONE, *crowds)):
        bench = room.bench(Crowded(number), database)
        if bench is None:
            return
        room.say(f"filling {database}: {crowd.label}")
        _gather(bench, crowd, 0 if crowd is ALONE else many)
        benches[crowd.label] = bench
    of = benches[ALONE.label].target()
    values = room.interleave(
        {label: functools.partial(_claim_ms, bench) for label, bench in benches.items()}
    )
    for label, samples in values.items():
        room.figures.append(figure_of(f"claim, {label}, {database}", "ms", samples))
    for crowd in crowds:
        pairs = list(zip(values[ALONE.label], values[crowd.label], strict=True))
        label = f"claim, {crowd.label} / {ALONE.label}, {database}"
        room.figures.append(
            ratio_of(label, pairs, of=of, target=MOST, is_minimum=False, seed=room.seed)
        )


def _gather(bench: Bench, crowd: Crowd, many: int) -> None:
    """Fill the tables once, for all blocks."""
    with bench.scratch("crowd", WORKERS) as site:
        bench.contender.empty(site)
        producer = bench.contender.producer
        if many:
            filling = Filling(producer=producer, tasks=many, in_bulk=True, changes=crowd.changes)
            enqueue(bench, site, filling)
        if crowd.are_completed:
            _complete_all(bench, site)
        few = Filling(producer=producer, tasks=FEW, first_key=many, in_bulk=True)
        enqueue(bench, site, few)
        settle(bench, site)


def _complete_all(bench: Bench, site: Site) -> None:
    """Move all tasks to the completed ones, with SQL: what both tables have, and a time of end."""
    with tables.asking(bench.contender.name, site.database) as cursor:
        columns = [_columns(cursor, table) for table in (SCHEDULED, COMPLETED)]
        shared = ", ".join(column for column in columns[0] if column in columns[1])
        cursor.execute(
            f"INSERT INTO {COMPLETED} ({shared}, completed_at)"  # noqa: S608 - our constants
            f" SELECT {shared}, run_at FROM {SCHEDULED}"
        )
        cursor.execute(f"DELETE FROM {SCHEDULED}")  # noqa: S608 - our constants


def _columns(cursor: Any, table: str) -> list[str]:
    cursor.execute(f"SELECT * FROM {table} WHERE 1 = 0")  # noqa: S608 - our constants
    return [column[0] for column in cursor.description]


def _claim_ms(bench: Bench) -> float:
    with bench.scratch("claim", WORKERS) as site:
        seconds = ask(bench.contender, site, "claiming", {"claims": CLAIMS, "tasks": BATCH})
        with tables.asking(bench.contender.name, site.database) as cursor:
            cursor.execute(
                f"UPDATE {SCHEDULED} SET lease_until = NULL, attempts = 0"  # noqa: S608 - likewise
                " WHERE lease_until IS NOT NULL"
            )
        settle(bench, site)
    return float(statistics.median(seconds)) * 1000


def _snapshot(room: Room) -> None:
    bench = room.bench(contender_named("background_task"), "postgresql")
    if bench is None:
        return
    tasks = room.sized(SNAPSHOT_TASKS, quick=SNAPSHOT_TASKS // 20)
    values = room.interleave(
        {
            "without a snapshot": functools.partial(drain, bench, tasks),
            "beside an old snapshot": functools.partial(_drain_beside, bench, tasks),
        }
    )
    for label, drained in values.items():
        rates = [each.rate for each in drained]
        room.figures.append(figure_of(f"drain {label}", "tasks/s", rates))
    for part, begin in (("all", 0.1), ("the last quarter", 0.75)):
        pairs = [
            (calm.rate_between(begin, 1.0), beside.rate_between(begin, 1.0))
            for calm, beside in zip(*values.values(), strict=True)
        ]
        label = f"drain beside an old snapshot / without, {part}"
        room.figures.append(
            ratio_of(label, pairs, of=bench.target(), target=LEAST_BESIDE_SNAPSHOT, seed=room.seed)
        )


def _drain_beside(bench: Bench, tasks: int) -> Drained:
    with _held_open(bench):
        return drain(bench, tasks)


@contextlib.contextmanager
def _held_open(bench: Bench) -> Iterator[None]:
    """Hold a snapshot open in a session of its own, which reads nothing and locks nothing."""
    with contextlib.closing(bench.database.connect()) as connection:
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        connection.execute("SELECT 1")
        yield


BENCHMARK: Final = Benchmark(
    name="flat",
    summary="claims among a million rows, and a drain beside an old snapshot",
    guide=__doc__,
    databases=("postgresql",),
    choices=NAMES,
    minutes=4.5,
    own_servers=True,
    measure=measure,
)
