"""Figures as people read them: tables in the terminal, and Markdown for ``docs/performance.md``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.table import Table

from engine.provenance import REPOSITORY
from loadtests.benchmarks.stored import FILE, StoredRunError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from loadtests.benchmarks.figure import Figure
    from loadtests.benchmarks.stored import Result, Run

BEGIN: Final = "<!-- figures: written by nox -s benchmarks -- report; do not edit -->"
END: Final = "<!-- end of figures -->"
COLUMNS: Final = ("", "median", "spread", "target", "")
_MARKS: Final = {
    "met": "[green]met[/]",
    "missed": "[red]missed[/]",
    "unclear": "[yellow]unclear[/]",
}
_FACTS: Final = ("cpu_model", "cpus", "kernel", "filesystem", "fsync_us_p50", "python", "django")


def table_of(result: Result) -> Table:
    """Return the figures of a benchmark for the terminal."""
    table = Table(
        *COLUMNS, title=f"{result.benchmark} ({result.seconds:.0f} s)", title_justify="left"
    )
    for figure in result.figures:
        *cells, verdict = _cells(figure)
        table.add_row(*cells, _MARKS.get(verdict, verdict))
    return table


def markdown(run: Run, folder: Path) -> str:
    """Return a run as Markdown: where it comes from, then a table for each benchmark."""
    return "\n".join(_lines(run, folder))


def write_into(page: Path, text: str) -> None:
    """Put the text between the marks of a page.

    Raises:
        StoredRunError: the page cannot be read, or has no such marks.
    """
    try:
        before, begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    except OSError as error:
        raise StoredRunError(f"{page} cannot be read: {error.strerror}") from error
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise StoredRunError(f"{page} has no place for figures: it needs {BEGIN} and {END}")
    page.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")


def _lines(run: Run, folder: Path) -> Iterator[str]:
    facts = [f"{name} {run.environment.get(name)}" for name in _FACTS]
    path = folder.resolve() / FILE
    # A path of somebody's machine is no use to whoever reads the page.
    is_inside = path.is_relative_to(REPOSITORY)
    data = path.relative_to(REPOSITORY) if is_inside else path.relative_to(folder.resolve().parent)
    yield f"Data: `{data}`, commit {run.environment.get('commit')}, {run.started_at}."
    yield f"Machine: {', '.join(facts)}; load average {run.load:g} at the beginning."
    if run.is_quick:
        yield "**A quick run: it shows that everything works, and its figures say nothing.**"
    for result in run.results:
        yield from _section(result)


def _section(result: Result) -> Iterator[str]:
    yield from (
        "",
        f"### {result.benchmark}",
        "",
        f"`{result.command}`, {result.seconds:.0f} s.",
        "",
    )
    if result.figures:
        yield "| | median | spread | target | |"
        yield "|---|---:|---:|---:|---|"
    for figure in result.figures:
        yield f"| {' | '.join(_cells(figure))} |"
    for sentence in filter(None, (*result.missing, result.failure)):
        yield from ("", f"Not measured: {sentence}")
    for sentence in durabilities(result):
        yield from ("", sentence)


def durabilities(result: Result) -> Sequence[str]:
    """Say on which settings the survival of an acknowledged task depended, once for each server."""
    said = {}
    for contender in result.contenders:
        servers = ", ".join(f"{name} {version}" for name, version in contender["services"].items())
        settings = ", ".join(f"{name}={value}" for name, value in contender["durability"].items())
        said[servers, settings] = f"{contender['title']} on {servers}: {settings}."
    return tuple(said.values())


def _cells(figure: Figure) -> tuple[str, str, str, str, str]:
    sign = "at least" if figure.is_minimum else "at most"
    has_spread = figure.low is not None and figure.low != figure.high
    verdict = "; ".join(filter(None, (figure.verdict, figure.note)))
    return (
        figure.label,
        f"{_number(figure.value)} {figure.unit}",
        f"{_number(figure.low)} to {_number(figure.high)}" if has_spread else "",
        "" if figure.target is None else f"{sign} {_number(figure.target)}",
        verdict,
    )


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"  # noqa: PLR2004
