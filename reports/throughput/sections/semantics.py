"""What kills under load did to the tasks of each queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.throughput.blocks import Paragraph, Section, Table, columns
from reports.throughput.cases import say_target
from reports.throughput.pieces import Mark, say
from reports.throughput.quantities import count, milliseconds, seconds
from reports.throughput.sections.missing import missing
from reports.throughput.wording import run_name

if TYPE_CHECKING:
    from reports.load_schema import Semantics
    from reports.throughput.context import Context
    from reports.throughput.pieces import Piece
    from reports.throughput.stored import LoadRun

_FAULTS = {"child": "the body's process", "worker": "the whole worker"}


def section(context: Context) -> Section:
    """Show every trial of every run."""
    trials = [(run, trial) for run in context.runs for trial in run.findings.semantics]
    if not trials:
        blocks: tuple[Paragraph | Table, ...] = (missing("semantics", "A kill under load"),)
        return Section(id="semantics", title="Semantics, measured", blocks=blocks)
    names = (
        "Kills",
        "Acknowledged",
        "Lost",
        "Stuck",
        "Duplicated",
        "Given up",
        "Recovered",
        "Recovery p50",
        "Slowest",
        "Patience",
    )
    table = Table(
        caption="Kills that landed in the middle of a body, and what became of the tasks. Lost: "
        "never ended, no longer held and not given up either. Given up: by the queue's own rules, "
        "and kept where people find them. Stuck: still held and not ended when patience ran out.",
        columns=columns("Queue", "Killed", "Run", *names, figures=len(names)),
        rows=tuple(_row(run, trial) for run, trial in trials),
    )
    says = Paragraph(
        text="What was counted, not what is promised: a zero says that it did not happen in "
        "these kills. Chaos runs look at the same questions with more kinds of faults."
    )
    return Section(id="semantics", title="Semantics, measured", blocks=(says, table))


def _row(run: LoadRun, trial: Semantics) -> tuple[Piece, ...]:
    return (
        say_target(trial.target.contender, trial.target.database),
        _FAULTS[trial.fault],
        run_name(run),
        count(trial.kills),
        count(trial.acknowledged),
        _bad(trial.lost),
        _bad(trial.stuck),
        _bad(trial.duplicated),
        count(trial.dead_lettered),
        count(trial.recovered),
        _recovery(trial.recovery_ms_p50),
        _recovery(trial.recovery_ms_max),
        seconds(trial.patience_seconds),
    )


def _bad(value: int) -> Piece:
    """Mark a count that should be zero in words too."""
    if not value:
        return count(value)
    return say("{n} {mark}", n=count(value), mark=Mark(text="!", tone="bad"))


def _recovery(value: float | None) -> Piece:
    return Mark(text="none", tone="quiet") if value is None else milliseconds(value)
