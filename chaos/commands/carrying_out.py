"""Carries a request out with its progress shown: what ``run`` and ``replay`` have in common."""

from __future__ import annotations

import contextlib
import datetime
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from chaos.commands.options import as_json, write
from chaos.formats.describing import describe_cell
from chaos.session import run_session, write_pages
from chaos.table import state_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console

    from chaos.session import Request
    from reports.session_schema import CellSummary, SessionDocument


def carry_out(requests: Sequence[Request], terminal: Console) -> list[CellSummary]:
    """Carry requests out one after the other, and make the pages of what is stored.

    After Ctrl-C the runs that had ended are kept, and it is said where; of the one that had not,
    nothing is.
    """
    cells: list[CellSummary] = []
    try:
        with progress(terminal) as on_phase:
            for request in requests:
                for cell in run_session(request, on_phase):
                    cells.append(describe_cell(cell))
                    terminal.print(f"{escape(cells[-1].title)}: {state_of(cells[-1])}")
    except KeyboardInterrupt:
        for request in requests:
            _remove_unfinished(request.folder)
        if stored := [cell.folder for cell in cells if cell.folder]:
            folder = requests[0].folder
            terminal.print(f"{len(stored)} ended before and are kept in {folder}", soft_wrap=True)
        raise
    return cells


def _remove_unfinished(folder: Path) -> None:
    """Remove the run of a session that has neither ended nor failed, and what is empty then."""
    for run in folder.glob("*/"):
        if not (run / "results.json").exists() and not (run / "logs" / "harness.log").exists():
            shutil.rmtree(run, ignore_errors=True)
    with contextlib.suppress(OSError):
        folder.rmdir()


def make_pages(folder: Path, document: SessionDocument, terminal: Console) -> None:
    """Make the pages of stored runs and say where they are.

    The index has the cells without a run from ``session.json``, which is written for it.
    """
    runs = [Path(cell.folder) for cell in document.cells if cell.folder]
    write(folder / "session.json", as_json(document))
    if complaint := write_pages(folder, runs):
        terminal.print(f"a page was not made: {escape(complaint)}", soft_wrap=True)
    if runs:
        terminal.print(f"stored in {folder}", soft_wrap=True)


@contextlib.contextmanager
def progress(terminal: Console) -> Iterator[Any]:
    """Show what happens now, on a terminal; elsewhere the finished cells are progress enough."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=terminal, transient=True) as shown:
        task = shown.add_task("starting", total=None)
        yield lambda scenario, database, phase: shown.update(
            task, description=f"{scenario or 'killproof'} on {database}: {phase}"
        )


def stamp() -> str:
    """Return the moment as it begins the name of a session's folder."""
    return f"{datetime.datetime.now(tz=datetime.UTC):%Y%m%d-%H%M%S}"
