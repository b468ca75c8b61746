"""enqueue: what a call of a decorated task costs beside a bare INSERT, and how fast many are.

One at a time: blocks of calls of a decorated task, and blocks of the same number of inserts of
the same columns through the cursor of the same driver, on the same connection, each committed and
durable. The insert is the engine's own, taken down from its connection, without what it adds to
find duplicates. The target is 70 % of its rate. Blocks alternate within one process; every second
couple goes the other way round.

Bulk: ``enqueue_many`` of 40,000 calls into an empty queue, until it is committed. The target is
40,000 rows/s on PostgreSQL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.contenders import contender_named
from engine.databases import NAMES
from loadtests.analysis.statistics import abba_order
from loadtests.benchmarks.asking import ask
from loadtests.benchmarks.benchmark import WORKERS, Benchmark
from loadtests.benchmarks.draining import enqueue, settle
from loadtests.benchmarks.enqueueing import BARE, DECORATED
from loadtests.benchmarks.figure import figure_of, ratio_of
from loadtests.benchmarks.filling import Filling

if TYPE_CHECKING:
    from loadtests.benchmarks.benchmark import Room
    from loadtests.laboratory import Bench

TARGET_SHARE: Final = 0.7
TARGETS_IN_BULK: Final = {"postgresql": 40_000.0}
PAIRS: Final = 10
ROWS: Final = 1000
ROWS_IN_BULK: Final = 40_000


def measure(room: Room) -> None:
    """Enqueue on each database, one at a time and in bulk."""
    for database in room.databases:
        bench = room.bench(contender_named("background_task"), database)
        if bench is not None:
            _one_at_a_time(room, bench)
            _in_bulk(room, bench)


def _one_at_a_time(room: Room, bench: Bench) -> None:
    name = bench.database.name
    room.say(f"one at a time on {name}")
    order = abba_order((DECORATED, BARE), room.sized(PAIRS, quick=room.blocks), room.seed)
    turns = [turn for _, turn in order]
    question = {"turns": turns, "rows": room.sized(ROWS, quick=ROWS // 10)}
    with bench.scratch("enqueue", WORKERS) as site:
        bench.contender.empty(site)
        # The first turns pay for caches and growing files, so they are taken once more.
        rates = ask(bench.contender, site, "enqueueing", {**question, "turns": turns[:2] + turns})
    by_turn = {
        name: [rate for turn, rate in zip(turns, rates[2:], strict=True) if turn == name]
        for name in (DECORATED, BARE)
    }
    for turn, samples in by_turn.items():
        room.figures.append(figure_of(f"{turn}, {name}", "rows/s", samples))
    pairs = list(zip(by_turn[BARE], by_turn[DECORATED], strict=True))
    label = f"{DECORATED} / {BARE}, {name}"
    room.figures.append(
        ratio_of(label, pairs, of=bench.target(), target=TARGET_SHARE, seed=room.seed)
    )


def _in_bulk(room: Room, bench: Bench) -> None:
    name, rows = bench.database.name, room.sized(ROWS_IN_BULK, quick=ROWS_IN_BULK // 10)
    filling = Filling(producer=bench.contender.producer, tasks=rows, in_bulk=True)
    rates = []
    for block in range(room.blocks):
        room.say(f"bulk {block + 1} of {room.blocks} on {name}")
        with bench.scratch("bulk", WORKERS) as site:
            bench.contender.empty(site)
            settle(bench, site)
            rates.append(rows / enqueue(bench, site, filling))
    target = TARGETS_IN_BULK.get(name)
    room.figures.append(figure_of(f"enqueue_many, {name}", "rows/s", rates, target=target))


BENCHMARK: Final = Benchmark(
    name="enqueue",
    summary="one enqueue at a time beside a bare INSERT, and many at once",
    guide=__doc__,
    databases=NAMES,
    choices=NAMES,
    minutes=2.5,
    measure=measure,
)
