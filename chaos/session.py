"""A session: every scenario on every database, one run after the other, each stored."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import importlib.metadata
import os
import platform
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, Final

from chaos.run import Run, contract_of
from chaos.scenarios import why_not
from engine.databases import Unavailable, open_database
from engine.databases.leftovers import temporary_folder
from engine.provenance import REPOSITORY, commit
from reports.schema import Manifest, Results, write_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from chaos.plan import Plan
    from chaos.scenarios import Scenario
    from engine.databases import Database
    from engine.subjects import Subject

FOLDER_PREFIX: Final = "killproof-chaos-"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a session was asked for.

    Attributes:
        databases: names; one that was ``named`` by the user must not be missing.
        url: the database to use instead of starting one.
        folder: where the runs are stored.
    """

    scenarios: Sequence[Scenario]
    databases: Sequence[str]
    named: bool
    subject: Subject
    seed: int
    provider: str | None
    url: str | None
    folder: Path


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One run of a session, or the reason why there is none.

    Attributes:
        results: None if the database could not be had, or has not what the scenario needs.
        reason: why not, in one line.
        is_applicable: false if the scenario has nothing to do there, such as cutting the network
            of a file: then nothing is missing.
        folder: the stored run.
    """

    scenario: str
    database: str
    results: Results | None = None
    reason: str = ""
    folder: Path | None = None
    is_applicable: bool = True


def run_session(request: Request, on_phase: Callable[[str, str, str], None]) -> Iterator[Cell]:
    """Yield a cell for each scenario on each database, as soon as it is known.

    ``on_phase`` is told the scenario, the database and what happens now. However this ends, no
    server, worker or temporary folder is left.
    """
    for name in request.databases:
        with contextlib.ExitStack() as stack:
            try:
                on_phase("", name, "starting the database")
                database = stack.enter_context(_started(name, request))
            except Unavailable as error:
                for scenario in request.scenarios:
                    yield Cell(scenario=scenario.name, database=name, reason=str(error))
                continue
            for scenario in request.scenarios:
                yield _run(scenario, database, request, on_phase)


@contextlib.contextmanager
def _started(name: str, request: Request) -> Iterator[Database]:
    with temporary_folder(FOLDER_PREFIX) as folder:
        opened = open_database(name, folder, provider=request.provider, url=request.url)
        with opened as database:
            database.check_answer()
            yield database


def _run(
    scenario: Scenario,
    database: Database,
    request: Request,
    on_phase: Callable[[str, str, str], None],
) -> Cell:
    plan = scenario.plan(request.seed)
    if reason := why_not(plan, database, request.subject):
        return Cell(
            scenario=scenario.name, database=database.name, reason=reason, is_applicable=False
        )
    folder = request.folder / f"{scenario.name}-{database.name}"
    begun, started_at = time.monotonic(), datetime.datetime.now(tz=datetime.UTC)
    run = Run(
        plan=plan,
        subject=request.subject,
        database=database,
        folder=folder,
        on_phase=lambda phase: on_phase(scenario.name, database.name, phase),
    )
    results = run.execute()
    manifest = _manifest(scenario, plan, database, request.subject)
    timed = dataclasses.replace(
        manifest,
        started_at=started_at.isoformat(timespec="seconds"),
        duration_seconds=round(time.monotonic() - begun, 3),
    )
    write_json(folder / "manifest.json", timed)
    return Cell(scenario=scenario.name, database=database.name, results=results, folder=folder)


def _manifest(scenario: Scenario, plan: Plan, database: Database, subject: Subject) -> Manifest:
    return Manifest(
        scenario=scenario.name,
        summary=scenario.summary,
        seed=plan.seed,
        command=(
            f"nox -s chaos -- --subject {subject.name} --scenario {scenario.name}"
            f" --database {database.name} --seed {plan.seed}"
        ),
        started_at="",
        duration_seconds=0.0,
        database={
            "name": database.name,
            "provider": database.provider,
            "version": database.version(),
            "durability": database.durability(),
        },
        subject={
            "name": subject.name,
            "version": subject.version(),
            "contract": dataclasses.asdict(contract_of(subject, plan)),
        },
        environment=_environment(),
    )


def _environment() -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "django": importlib.metadata.version("django"),
        "killproof": importlib.metadata.version("killproof"),
        "platform": platform.platform(),
        "cpus": os.cpu_count(),
        "commit": commit(),
    }


def write_pages(folder: Path, cells: Sequence[Cell]) -> None:
    """Have ``reports`` make a page of each run and an index over them; it knows only the files."""
    runs = [str(cell.folder) for cell in cells if cell.folder is not None]
    if not runs:
        return
    for arguments in (runs, ["--index", str(folder)]):
        subprocess.run(
            [sys.executable, "-m", "reports", *arguments],
            cwd=REPOSITORY,
            stdout=subprocess.DEVNULL,
            check=True,
        )
