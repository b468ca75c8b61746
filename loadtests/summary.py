"""The end of a session, for people and for exit codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console

    from loadtests.session import Ended
    from reports.load_schema import Knee

MEASURED: Final = 0
BELOW: Final = 1
UNKNOWN: Final = 2


def exit_code(ended: Sequence[Ended], *, at_least: float | None, named: bool) -> int:
    """Return 0 if all was measured, 1 if a knee is below ``at_least``, 2 if that is not known.

    What cannot be had here counts only if it was ``named``.
    """
    tried = [end for end in ended if not end.is_missing or named]
    knees = [knee for end in tried if end.book for knee in end.book.findings.knees]
    if at_least is not None:
        if any(knee.high is not None and knee.high <= at_least for knee in knees):
            return BELOW
        if any(knee.low is None or knee.low < at_least for knee in knees) or not knees:
            return UNKNOWN
    return UNKNOWN if any(end.reason for end in tried) else MEASURED


def print_summary(ended: Sequence[Ended], console: Console) -> None:
    """Print each knee with what limits it, and where the runs are stored."""
    knees = [(end, knee) for end in ended if end.book for knee in end.book.findings.knees]
    if knees:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
        for heading in ("queue", "database", "tasks per second", "limited by"):
            table.add_column(heading)
        for end, knee in knees:
            table.add_row(*_row(end, knee))
        console.print(table)
    for sentence in _sentences(ended):
        console.print(f"- {escape(sentence)}", soft_wrap=True)
    for end in ended:
        if end.book is not None:
            console.print(f"stored in {end.book.folder}", soft_wrap=True)


def bracket(knee: Knee) -> str:
    """Write a bracket as people read it, with what it is worth if that is less than a bracket."""
    if knee.low is None:
        return f"below {knee.high:g}" if knee.high is not None else "unknown"
    if knee.high is None:
        return f"at least {knee.low:g} ({knee.status.replace('_', ' ')})"
    return f"{knee.low:g} to {knee.high:g}" + (" (unstable)" if knee.status == "unstable" else "")


def _row(end: Ended, knee: Knee) -> tuple[str, ...]:
    assert end.book is not None  # noqa: S101 - it has a knee
    limits = [
        f"{found.label.replace('_', ' ')} ({found.confidence})"
        for found in end.book.findings.bottlenecks
        if found.target == knee.target
    ]
    return (knee.target.contender, knee.target.database or "-", bracket(knee), ", ".join(limits))


def _sentences(ended: Sequence[Ended]) -> Iterator[str]:
    for end in ended:
        if end.book is None:
            continue
        yield from (knee.note for knee in end.book.findings.knees if knee.note)
        yield from (found.sentence for found in end.book.findings.bottlenecks)
