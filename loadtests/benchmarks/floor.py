"""floor: the reference engine beside a bare loop that says the same to the database.

First the engine drains a queue while every statement that it sends is taken down, with its values
and the ends of its transactions. The transaction that ends most tasks and claims the next ones is
the exchange. Then processes that have psycopg and nothing else replay this exchange in a loop:
the same statements, the same number of tasks in each, the same durability; they run nothing. The
engine with two worker processes, one such loop and two of them drain equal queues in turn. The
floor of a block is the faster of the loops, as two may be in each other's way. The target is half
of the floor. PostgreSQL only.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
import os
import pickle
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

import numpy as np

from engine.contenders import contender_named, tables
from engine.contenders.background_task import BackgroundTask
from engine.contenders.contender import ContenderError
from engine.project.lifeline import PARENT
from engine.provenance import REPOSITORY
from loadtests.benchmarks.benchmark import WORKERS, Benchmark
from loadtests.benchmarks.draining import drain, fill, rate_of
from loadtests.benchmarks.exchange import FIRST_ID, Exchange, ExchangeError, exchange_of
from loadtests.benchmarks.figure import Figure, figure_of, ratio_of
from loadtests.benchmarks.recording import APP, TRACE, read_trace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from engine.contenders.contender import Site
    from loadtests.benchmarks.benchmark import Room
    from loadtests.laboratory import Bench
    from reports.load_steps import Target

TASKS: Final = 40_000
TARGET: Final = 0.5
ENGINE: Final = "background_task"
LOOPS: Final = {"one bare loop": 1, "two bare loops": 2}


class Recorded(BackgroundTask):
    """The reference engine with a recorder in its project, and with large ids."""

    def __init__(self, traces: Path) -> None:
        self._traces = traces

    def environment(self, site: Site) -> dict[str, str]:
        """Return the environment, with the recorder's app in the project's settings."""
        return {**super().environment(site), TRACE: str(self._traces)}

    def settings(self, site: Site) -> dict[str, Any]:
        """Return the settings with one app more."""
        settings = super().settings(site)
        return {**settings, "EXTRA_APPS": [*settings["EXTRA_APPS"], APP]}

    def empty(self, site: Site) -> None:
        """Empty the tables, and count ids from where no other number is."""
        super().empty(site)
        with tables.asking(self.name, site.database) as cursor:
            cursor.execute(
                "SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", (self.tables[0], FIRST_ID)
            )


def measure(room: Room) -> None:
    """Take the exchange down, then drain with the engine and with bare loops in turn."""
    bench = room.bench(contender_named(ENGINE), "postgresql")
    if bench is None:
        return
    room.say("taking down what the engine sends")
    tasks = room.sized(TASKS, quick=TASKS // 10)
    exchange = record(bench, tasks)
    arms: dict[str, Callable[[], float]] = {
        ENGINE: functools.partial(_engine_rate, bench, tasks),
        **{
            label: functools.partial(_replayed_rate, bench, exchange, tasks, loops)
            for label, loops in LOOPS.items()
        },
    }
    rates = room.interleave(arms)
    note = f"{sum(map(len, exchange.transactions))} statements for {exchange.batch} tasks"
    for label, samples in rates.items():
        figure = figure_of(label, "tasks/s", samples, note=note if label in LOOPS else "")
        room.figures.append(figure)
    room.figures.append(share_of_floor(rates, bench.target(), room.seed))


def share_of_floor(rates: Mapping[str, Sequence[float]], of: Target, seed: int) -> Figure:
    """Compare the engine with the faster loops of each block.

    Loops that the engine outruns are badly made: they are no floor, and bear no verdict.
    """
    floors = [max(values) for values in zip(*(rates[label] for label in LOOPS), strict=True)]
    pairs = list(zip(floors, rates[ENGINE], strict=True))
    label = f"{ENGINE} / the faster of the loops"
    share = ratio_of(label, pairs, of=of, target=TARGET, seed=seed)
    if all(floor >= ours for floor, ours in pairs):
        return share
    outrun = "The engine outran the loops, so these are no floor."
    return dataclasses.replace(share, note=outrun, bears_verdict=False)


def record(bench: Bench, tasks: int) -> Exchange:
    """Drain so many tasks and return what the engine typically sent.

    Raises:
        ContenderError: it sent nothing that could be replayed.
    """
    with tempfile.TemporaryDirectory(dir=bench.folder) as folder:
        traces = Path(folder)
        drain(dataclasses.replace(bench, contender=Recorded(traces)), tasks)
        try:
            return exchange_of(read_trace(traces))
        except ExchangeError as error:
            raise ContenderError(f"what the engine sent cannot be replayed: {error}") from error


def _engine_rate(bench: Bench, tasks: int) -> float:
    return drain(bench, tasks).rate


def _replayed_rate(bench: Bench, exchange: Exchange, tasks: int, loops: int) -> float:
    with bench.scratch("floor", WORKERS) as site:
        fill(bench, site, tasks)
        order = site.folder / "order"
        order.write_bytes(pickle.dumps((bench.database.url, exchange)))
        ends = np.sort(np.concatenate(_replay(order, loops)))
        left = bench.contender.held(site)
    if left or len(ends) != tasks:
        raise ContenderError(f"the bare loops ended {len(ends)} of {tasks} tasks and left {left}")
    return rate_of(ends, int(ends[-1]))


def _replay(order: Path, count: int) -> list[NDArray[np.int64]]:
    """Run the loops at the same time; return when the tasks of each were ended."""
    with contextlib.ExitStack() as stack:
        loops = [stack.enter_context(_loop(order)) for _ in range(count)]
        for loop in loops:
            _answer(loop)
        for loop in loops:
            _pipe(loop.stdin).write("go\n")
            _pipe(loop.stdin).flush()
        answers = [json.loads(_answer(loop)) for loop in loops]
    return [
        np.repeat(np.array([at for at, _ in ends], np.int64), [tasks for _, tasks in ends])
        for ends in answers
    ]


@contextlib.contextmanager
def _loop(order: Path) -> Iterator[subprocess.Popen[str]]:
    """Start a loop, and see to it that it is gone afterwards."""
    with subprocess.Popen(
        [sys.executable, "-m", "loadtests.benchmarks.bare_loop", str(order)],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), PARENT: str(os.getpid())},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _answer(loop: subprocess.Popen[str]) -> str:
    answer = _pipe(loop.stdout).readline()
    if not answer:
        last = (_pipe(loop.stderr).read().strip().splitlines() or ["it said nothing"])[-1]
        raise ContenderError(f"a bare loop failed: {last}")
    return answer


def _pipe(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None  # noqa: S101 - as it was asked for
    return pipe


BENCHMARK: Final = Benchmark(
    name="floor",
    summary="the engine beside bare loops that send the same statements and run nothing",
    guide=__doc__,
    databases=("postgresql",),
    choices=("postgresql",),
    minutes=2.5,
    measure=measure,
)
