"""The end of a session, for people: a table, and a line for each thing that is wrong."""

from __future__ import annotations

import itertools
import string
from typing import TYPE_CHECKING, Final

from rich.markup import escape
from rich.table import Table

from chaos.formats.wording import (
    HEADINGS,
    LEGEND,
    agreement,
    anomalies,
    figures,
    first_reason,
    in_order,
    unsettled,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console

    from reports.session_schema import CellSummary, ComparisonDocument, SessionDocument

STYLES: Final = {
    "VALID": "[green]✔ VALID[/]",
    "INVALID": "[bold red]✘ INVALID[/]",
    "UNKNOWN": "[yellow]? UNKNOWN[/]",
}


def print_session(document: SessionDocument, terminal: Console) -> None:
    """Print the cells, what is wrong with them, and how often plans came out the same."""
    terminal.print(table_of(document.cells))
    terminal.print(LEGEND, style="dim")
    for line in remarks(document.cells):
        terminal.print(f"- {line}", soft_wrap=True)
    for said in document.agreements:
        for line in agreement(said):
            terminal.print(f"- {escape(line)}", soft_wrap=True)


def table_of(cells: Sequence[CellSummary]) -> Table:
    """Return the table: a row for each scenario on each database. It fits 80 columns."""
    table = _table("scenario", "database", "verdict")
    for cell in cells:
        # The words in full would be the widest of their column.
        state = "[dim]n/a[/]" if cell.status == "not applicable" else state_of(cell)
        table.add_row(cell.scenario, cell.database, state, *figures(cell))
    return table


def print_comparison(document: ComparisonDocument, terminal: Console) -> None:
    """Print the runs of several sides, those of one scenario and database below each other."""
    letters = {side.name: letter for side, letter in zip(document.sides, _letters(), strict=False)}
    for name, letter in letters.items():
        terminal.print(f"[bold]{letter}[/] {escape(name)}", soft_wrap=True)
    table = _table("scenario", "database", "", "verdict")
    last = None
    for side, cell in in_order(document):
        place = (cell.scenario, cell.database)
        shown = place if place != last else ("", "")
        last = place
        table.add_row(*shown, letters[side.name], state_of(cell), *figures(cell))
    terminal.print("", table, sep="\n")
    terminal.print(LEGEND, style="dim")
    for side, cell in in_order(document):
        if (found := anomalies(cell)) != "-":
            terminal.print(f"- {escape(cell.title)}, {letters[side.name]}: {found}", soft_wrap=True)


def remarks(cells: Sequence[CellSummary]) -> Iterator[str]:
    """Yield a line for each thing that is wrong or unknown, with its first proof."""
    titles = [cell.title for cell in cells]
    for cell in cells:
        is_ambiguous = titles.count(cell.title) > 1 and cell.folder
        title = escape(f"{cell.title} ({cell.folder})" if is_ambiguous else cell.title)
        for check in unsettled(cell):
            count = f" ({check.count})" if check.count else ""
            said = f"[bold]{check.name}[/] {STYLES[check.verdict]}{count}"
            yield f"{title}: {said}: {escape(first_reason(check))}"
        if cell.status in {"tested", "failed"} and cell.reason:
            yield f"{title}: {escape(cell.reason)}"
        yield from (f"{title}: {escape(change)}" for change in cell.changes)
    reasons = [cell.reason for cell in cells if cell.verdict is None and cell.status != "failed"]
    for reason in dict.fromkeys(reasons):
        yield f"not tested: {escape(reason)}"


def state_of(cell: CellSummary) -> str:
    """Return the verdict of a cell with its colour and sign, or its status."""
    return STYLES[cell.verdict] if cell.verdict else f"[dim]{cell.status}[/]"


def _letters() -> Iterator[str]:
    for length in itertools.count(1):
        yield from map("".join, itertools.product(string.ascii_uppercase, repeat=length))


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for heading in headings:
        table.add_column(heading, no_wrap=True)
    for heading in HEADINGS:
        table.add_column(heading, justify="right", no_wrap=True)
    return table
