"""``recheck``: judge stored histories with today's checkers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.markup import escape
from rich.progress import track

from chaos.commands.command import Command
from chaos.commands.options import add_formats, tell
from chaos.formats.describing import describe_session, describe_stored
from chaos.session import write_pages
from chaos.stored import LawlessHistoryError, StoredRunError, find_runs, read_run
from engine.command_line import USAGE_ERROR, a_path
from reports.schema import Verdict, write_json

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from pathlib import Path

    from rich.console import Console

    from chaos.stored import StoredRun
    from reports.schema import CheckResult, Results
    from reports.session_schema import CellSummary

EXAMPLES: Final = """\
  nox -s chaos -- recheck reports/runs                    every stored run
  nox -s chaos -- recheck reports/runs/SESSION            the runs of a session
  nox -s chaos -- recheck reports/runs/SESSION --write    and store what they say now

The contract is the one that the run was judged by, from its manifest. What is stored is left as it
is unless --write is given. Exit code: that of the worst verdict; 254 if a folder cannot be read.
"""


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folders", nargs="+", type=a_path, metavar="DIR", help="runs or sessions")
    parser.add_argument(
        "--write", action="store_true", help="write results.json and report.html anew"
    )
    add_formats(parser)


def _execute(options: argparse.Namespace, terminal: Console) -> int:
    cells: list[CellSummary] = []
    complaints: list[str] = []
    written: list[Path] = []
    folders = find_runs(options.folders)
    for folder in track(folders, "judging", console=terminal, transient=True):
        try:
            run = read_run(folder)
            cell, results = _recheck(run)
        except StoredRunError as error:
            complaints.append(str(error))
            continue
        cells.append(cell)
        if options.write and results:
            write_json(folder / "results.json", results)
            written.append(folder)
    if complaint := write_pages(None, written):
        terminal.print(f"a page was not made: {escape(complaint)}", soft_wrap=True)
    code = tell(describe_session(cells), options, terminal) if cells else USAGE_ERROR
    if cells and not any(cell.changes or cell.reason for cell in cells):
        terminal.print("judged as before")
    for sentence in complaints:
        terminal.print(f"chaos: {escape(sentence)}", soft_wrap=True)
    return USAGE_ERROR if complaints else code


def _recheck(run: StoredRun) -> tuple[CellSummary, Results | None]:
    """Judge a run; a history that cannot have happened proves nothing and is UNKNOWN."""
    try:
        results = run.judge()
    except LawlessHistoryError as error:
        return describe_stored(run, None, reason=str(error)), None
    return describe_stored(run, results, changes=list(changes(run.results, results))), results


def changes(former: Results | None, today: Results) -> Iterator[str]:
    """Say what is judged otherwise than before."""
    if former is None:
        yield "there are no results of before that could be read"
        return
    if former.verdict != today.verdict:
        yield f"was {former.verdict}, is {today.verdict}"
    before = {check.name: check for check in former.checks}
    for check in today.checks:
        old = before.pop(check.name, None)
        if old is None:
            yield from _newcomer(check)
        elif (old.verdict, old.count) != (check.verdict, check.count):
            yield f"{check.name} was {_state(old)}, is {_state(check)}{_why(check)}"
    for name, old in before.items():
        yield f"{name} was {_state(old)}, and is no longer judged"


def _newcomer(check: CheckResult) -> Iterator[str]:
    """Tell of a check that is new, if it found anything."""
    if check.count or (check.verdict is Verdict.UNKNOWN and check.is_required):
        yield f"{check.name} is new: {_state(check)}{_why(check)}"


def _state(check: CheckResult) -> str:
    return f"{check.verdict} ({check.count})" if check.count else str(check.verdict)


def _why(check: CheckResult) -> str:
    reason = check.anomalies[0].proof if check.anomalies else check.note
    return f": {reason}" if reason else ""


RECHECK = Command(
    name="recheck",
    summary="judge stored histories with today's checkers, and say what changed",
    examples=EXAMPLES,
    configure=_configure,
    execute=_execute,
)
