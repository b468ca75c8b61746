"""Runs benchmarks one after the other, each with servers of its own, and stores what they find.

However it ends, the servers and processes of a benchmark end with it, and what was measured by
then is on disk.
"""

from __future__ import annotations

import dataclasses
import datetime
import os
import time
from typing import TYPE_CHECKING, Final

from rich.markup import escape

from engine.contenders.contender import ContenderError
from engine.databases import ServerFailed
from loadtests.benchmarks.benchmark import Room
from loadtests.benchmarks.report import table_of
from loadtests.benchmarks.stored import Result, Run
from loadtests.environment import environment
from loadtests.laboratory import Laboratory

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from rich.console import Console

    from loadtests.announcing import Announcer
    from loadtests.benchmarks.benchmark import Benchmark
    from loadtests.benchmarks.figure import Figure
    from loadtests.benchmarks.stored import Status

COMMAND: Final = "nox -s benchmarks --"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to run.

    Attributes:
        databases: of each benchmark, by its name.
        url: a database that somebody else runs, or None.
        arguments: what to type after a benchmark's name to run it again.
        folder: for the stored run; it is there.
    """

    benchmarks: tuple[Benchmark, ...]
    databases: Mapping[str, tuple[str, ...]]
    provider: str | None
    url: str | None
    seed: int
    is_quick: bool
    arguments: str
    folder: Path

    def command(self, *names: str) -> str:
        """Return the command that runs so much of it again."""
        return " ".join((COMMAND, *names, self.arguments))


def run_all(plan: Plan, announcer: Announcer, console: Console) -> Run:
    """Run the benchmarks, print each one's table, and return what is stored."""
    announcer.expect(sum(each.seconds(is_quick=plan.is_quick) for each in plan.benchmarks))
    announcer.phase("looking at the machine")
    run = Run(
        command=plan.command(*(each.name for each in plan.benchmarks)),
        seed=plan.seed,
        is_quick=plan.is_quick,
        started_at=_now(),
        environment=environment(plan.folder),
        load=round(os.getloadavg()[0], 2),
    )
    run.write(plan.folder)
    for benchmark in plan.benchmarks:
        result = _run(benchmark, plan, announcer)
        run = dataclasses.replace(run, results=(*run.results, result))
        run.write(plan.folder)
        _print(result, console)
    run = dataclasses.replace(run, status=_status(run))
    run.write(plan.folder)
    return run


def _run(benchmark: Benchmark, plan: Plan, announcer: Announcer) -> Result:
    """Run one benchmark; what fails ends it, and not the others."""
    started_at, begun, failure = _now(), time.monotonic(), ""
    with Laboratory(provider=plan.provider, url=plan.url) as laboratory:
        room = Room(
            laboratory=laboratory,
            announcer=announcer,
            databases=plan.databases[benchmark.name],
            seed=plan.seed,
            is_quick=plan.is_quick,
        )
        try:
            benchmark.measure(room)
        except (ContenderError, ServerFailed) as error:
            failure = laboratory.what_died() or str(error)
    return Result(
        benchmark=benchmark.name,
        command=plan.command(benchmark.name),
        started_at=started_at,
        seconds=round(time.monotonic() - begun, 1),
        figures=tuple(_figures(room)),
        missing=tuple(dict.fromkeys(room.missing)),
        failure=failure,
        contenders=tuple(dataclasses.asdict(facts) for facts in room.facts),
    )


def _figures(room: Room) -> Iterator[Figure]:
    for figure in room.figures:
        yield dataclasses.replace(figure, bears_verdict=False) if room.is_quick else figure


def _status(run: Run) -> Status:
    is_whole = all(each.figures and not (each.missing or each.failure) for each in run.results)
    return "complete" if is_whole else "incomplete"


def _print(result: Result, console: Console) -> None:
    if result.figures:
        console.print(table_of(result))
    for sentence in filter(None, (*result.missing, result.failure)):
        console.print(f"{result.benchmark}: {escape(sentence)}", soft_wrap=True)


def _now() -> str:
    return datetime.datetime.now(tz=datetime.UTC).isoformat(timespec="seconds")
