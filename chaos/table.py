"""The end of a session, for people and for programs: a table, or JSON."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any, Final

from rich.markup import escape
from rich.table import Table

from reports.schema import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chaos.session import Cell
    from reports.schema import CheckResult

STYLES: Final = {
    Verdict.VALID: "[green]✔ VALID[/]",
    Verdict.INVALID: "[bold red]✘ INVALID[/]",
    Verdict.UNKNOWN: "[yellow]? UNKNOWN[/]",
}


def session_verdict(cells: Sequence[Cell], *, named: bool) -> Verdict:
    """Return the worst verdict; a database that was asked for and not tested is UNKNOWN."""
    tested = [cell.results.verdict for cell in cells if cell.results is not None]
    missing = [
        Verdict.UNKNOWN for cell in cells if cell.results is None and cell.is_applicable and named
    ]
    return Verdict.worst([*tested, *missing])


def table_of(cells: Sequence[Cell]) -> Table:
    """Return the table: a row for each scenario on each database.

    It fits 80 columns: ``again`` counts the retried tasks, ``twice`` the duplicated ones, and the
    recovery is the median and the longest time from a kill to the next start of its task.
    """
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for heading in ("scenario", "database", "verdict"):
        table.add_column(heading, no_wrap=True)
    for heading in ("tasks", "kills", "again", "lost", "twice"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("p50/max ms", justify="right", no_wrap=True)
    for cell in cells:
        table.add_row(*_row(cell))
    return table


LEGEND: Final = (
    "again: tasks started more than once. twice: effects too many. "
    "p50/max ms: from a kill to the next start of the task that it interrupted."
)


def remarks(cells: Sequence[Cell]) -> Iterator[str]:
    """Yield a line for each thing that is wrong or unknown, with its first proof."""
    for cell in cells:
        if cell.results is None:
            continue
        for check in cell.results.checks:
            if check.verdict is not Verdict.VALID and check.is_required:
                yield f"{cell.scenario} on {cell.database}: {_remark(check)}"
    for reason in dict.fromkeys(cell.reason for cell in cells if cell.results is None):
        yield f"not tested: {escape(reason)}"


def to_json(cells: Sequence[Cell], verdict: Verdict, seed: int) -> str:
    """Return the session as JSON: the verdict, the seed, and each cell with its counts."""
    return json.dumps(
        {
            "verdict": verdict.value,
            "seed": seed,
            "cells": [_cell_as_dict(cell) for cell in cells],
        },
        indent=2,
    )


def _row(cell: Cell) -> list[str]:
    if cell.results is None:
        why = "not tested" if cell.is_applicable else "not applicable"
        return [cell.scenario, cell.database, f"[dim]{why}[/]", *["-"] * 6]
    counts = cell.results.counts
    numbers = (
        counts.acknowledged,
        counts.kills_landed,
        counts.retried,
        counts.lost,
        counts.duplicated,
    )
    recovery = "-"
    if counts.recovery_ms_p50 is not None and counts.recovery_ms_max is not None:
        recovery = f"{counts.recovery_ms_p50:.0f}/{counts.recovery_ms_max:.0f}"
    verdict = STYLES[cell.results.verdict]
    return [cell.scenario, cell.database, verdict, *map(str, numbers), recovery]


def _remark(check: CheckResult) -> str:
    name = f"[bold]{check.name}[/] {STYLES[check.verdict]}"
    if check.anomalies:
        return f"{name} ({check.count}): {escape(check.anomalies[0].proof)}"
    return f"{name}: {escape(check.note)}"


def _cell_as_dict(cell: Cell) -> dict[str, Any]:
    if cell.results is None:
        return {
            "scenario": cell.scenario,
            "database": cell.database,
            "verdict": None,
            "reason": cell.reason,
        }
    anomalies = {check.name: check.count for check in cell.results.checks if check.count}
    return {
        "scenario": cell.scenario,
        "database": cell.database,
        "verdict": cell.results.verdict.value,
        "counts": dataclasses.asdict(cell.results.counts),
        "anomalies": anomalies,
        "folder": str(cell.folder),
    }
