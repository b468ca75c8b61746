"""Markdown for a comment on a pull request, or for the summary of a job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

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
    from collections.abc import Iterable, Iterator, Sequence

    from reports.session_schema import (
        CellSummary,
        CheckSummary,
        ComparisonDocument,
        SessionDocument,
    )

SIGNS: Final = {"VALID": "✔ VALID", "INVALID": "✘ **INVALID**", "UNKNOWN": "? UNKNOWN"}


def session_markdown(document: SessionDocument) -> str:
    """Return a session: the verdict, a table of cells, the first proofs, how to repeat them."""
    seed = "" if document.seed is None else f", seed {document.seed}"
    subjects = ", ".join(dict.fromkeys(_plain(cell.subject) for cell in document.cells))
    lines = [f"### Chaos: {SIGNS[document.verdict]} ({subjects}{seed})", ""]
    rows = [[_plain(c.scenario), c.database, verdict(c), *figures(c)] for c in document.cells]
    lines += [*table(("scenario", "database", "verdict", *HEADINGS), rows), "", LEGEND]
    for cell in document.cells:
        lines += _findings(cell)
    lines += [f"- {_plain(line)}" for said in document.agreements for line in agreement(said)]
    return "\n".join(lines) + "\n"


def comparison_markdown(document: ComparisonDocument) -> str:
    """Return runs side by side: a table with a row per run."""
    rows = [
        [
            *(_plain(cell.scenario), cell.database, _plain(side.name), verdict(cell)),
            *(*figures(cell), _plain(anomalies(cell))),
        ]
        for side, cell in in_order(document)
    ]
    headings = ("scenario", "database", "run", "verdict", *HEADINGS, "anomalies")
    return "\n".join(["### Chaos, side by side", "", *table(headings, rows), "", LEGEND]) + "\n"


def verdict(cell: CellSummary) -> str:
    """Return the verdict of a cell, or its status."""
    return SIGNS[cell.verdict] if cell.verdict else cell.status


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table."""
    yield f"| {' | '.join(headings)} |"
    yield f"|{'---|' * len(headings)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _findings(cell: CellSummary) -> Iterator[str]:
    checks = list(unsettled(cell))
    if not checks and not cell.reason:
        return
    yield ""
    yield f"**{_plain(cell.title)}**"
    yield ""
    yield from (f"- {_finding(check)}" for check in checks)
    if cell.reason:
        yield f"- {_plain(cell.reason)}"
    if checks and cell.command:
        yield f"- again: `{cell.command}`"


def _finding(check: CheckSummary) -> str:
    count = f" ({check.count})" if check.count else ""
    return f"`{check.name}` {check.verdict}{count}: {_plain(first_reason(check))}"


def _plain(text: str) -> str:
    """Write text that may hold anything as Markdown that shows it as it is."""
    escaped = "".join(f"\\{letter}" if letter in "\\`*[]<>|~" else letter for letter in text)
    return " ".join(escaped.split())
