"""``replay``: carry the plans of stored runs out again, and count how often they end the same."""

from __future__ import annotations

import argparse
import dataclasses
from typing import TYPE_CHECKING, Final

from chaos.commands.carrying_out import carry_out, make_pages, stamp
from chaos.commands.command import Command
from chaos.commands.options import (
    add_databases,
    add_formats,
    add_project,
    add_subject,
    project_of,
    tell,
)
from chaos.commands.run import databases_of
from chaos.formats.describing import describe_session, describe_stored
from chaos.formats.wording import forbidden
from chaos.project import Project
from chaos.session import Job, Request
from chaos.stored import find_runs, read_run
from engine.command_line import a_path, add_out, add_places, make_folder
from engine.subjects import subject_named
from reports.session_schema import Agreement

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from rich.console import Console

    from chaos.plan import Plan
    from chaos.stored import StoredRun
    from reports.session_schema import CellSummary

MOST_TIMES: Final = 1000
EXAMPLES: Final = """\
  nox -s chaos -- replay reports/runs/SESSION/RUN               the same plan, once more
  nox -s chaos -- replay reports/runs/SESSION/RUN --times 10    how often does it come again?
  nox -s chaos -- replay reports/runs/SESSION --database mysql  the same plans elsewhere

The same plan is not the same run: which worker gets which task differs each time. How often the
verdict and the anomalies came again is stated as m of n.
"""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Original:
    """A stored run, and what its plan is carried out on now."""

    run: StoredRun
    plan: Plan
    subject: str
    databases: tuple[str, ...]
    project: Project | None


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folders", nargs="+", type=a_path, metavar="DIR", help="runs or sessions")
    parser.add_argument(
        "--times", type=_times, default=1, metavar="N", help="how often (default: %(default)s)"
    )
    add_subject(parser, None)
    add_databases(parser)
    add_project(parser)
    add_places(parser)
    add_out(parser)
    add_formats(parser)


def _execute(options: argparse.Namespace, terminal: Console) -> int:
    originals = [_original(read_run(found), options) for found in find_runs(options.folders)]
    folder = (options.out / f"{stamp()}-replay").resolve()
    requests = [
        _request(original, options, folder / f"{number:02}")
        for number, original in enumerate(originals)
    ]
    make_folder(folder)
    cells: list[CellSummary] = []
    agreements = []
    for original, request in zip(originals, requests, strict=True):
        again = carry_out([request], terminal)
        agreements += list(agree(original.run, again))
        cells += again
    document = describe_session(cells, agreements=agreements)
    code = tell(document, options, terminal)
    make_pages(folder, document, terminal)
    return code


def _times(text: str) -> int:
    if not (text.isdecimal() and 1 <= int(text) <= MOST_TIMES):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to {MOST_TIMES}")
    return int(text)


def agree(run: StoredRun, again: Sequence[CellSummary]) -> Iterator[Agreement]:
    """Count, per database, how often a plan came out as it did in the stored run."""
    former = describe_stored(run, run.results)
    before = tuple(forbidden(former))
    for database in dict.fromkeys(cell.database for cell in again):
        judged = [cell for cell in again if cell.database == database and cell.verdict]
        seen = [set(forbidden(cell)) for cell in judged]
        names = dict.fromkeys([*before, *(name for cell in judged for name in forbidden(cell))])
        if judged:
            yield Agreement(
                subject=judged[0].subject,
                scenario=judged[0].scenario,
                database=database,
                verdict=former.verdict if run.results else None,
                times=len(judged),
                same_verdict=sum(cell.verdict == former.verdict for cell in judged),
                anomalies={name: sum(name in one for one in seen) for name in names},
                before=before,
            )


def _original(run: StoredRun, options: argparse.Namespace) -> _Original:
    project = project_of(options)
    if project is None and run.project:
        project = Project.from_manifest(run.project)
    asked = bool(options.database or options.database_url)
    return _Original(
        run=run,
        plan=run.plan(),
        subject=options.subject or run.subject,
        databases=tuple(databases_of(options)) if asked else (run.database,),
        project=project,
    )


def _request(original: _Original, options: argparse.Namespace, folder: Path) -> Request:
    subject = subject_named(original.subject)
    project = original.project
    if project:
        subject = project.house(subject, {call.kind for call in original.plan.calls})
    theirs = project.as_options() if project else ""
    command = f"nox -s chaos -- replay {original.run.folder.resolve()}"
    jobs = [
        Job(
            plan=original.plan,
            summary=original.run.manifest.summary,
            command=f"{command} --subject {original.subject}{theirs}",
            repetition=number,
        )
        for number in range(1, options.times + 1)
    ]
    return Request(
        jobs=jobs,
        databases=original.databases,
        named=True,
        subject=subject,
        provider=options.provider,
        url=options.database_url,
        folder=folder,
        project=project.as_manifest() if project else {},
    )


REPLAY = Command(
    name="replay",
    summary="carry the plans of stored runs out again, and count how often they end the same",
    examples=EXAMPLES,
    configure=_configure,
    execute=_execute,
)
