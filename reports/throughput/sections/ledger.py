"""What one task costs, and the capacity that follows from it on other machines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.throughput.blocks import Column, Paragraph, Section, Table, columns
from reports.throughput.cases import say_target
from reports.throughput.pieces import Mark, say, stored
from reports.throughput.quantities import count, milliseconds, number, rate, size
from reports.throughput.sections.missing import missing
from reports.throughput.sections.naming import titled
from reports.throughput.wording import run_name, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.load_steps import Step
    from reports.throughput.blocks import Block
    from reports.throughput.cases import Case
    from reports.throughput.context import Context
    from reports.throughput.pieces import Piece

_ORDER = ("statements", "round_trips", "commits", "fsyncs", "wal_bytes")
_CPU = "cpu_ms_"


def section(context: Context) -> Section:
    """Show the ledger of every queue, then the predictions."""
    found = [(case, step) for case in context.searched() if (step := ledger_step(case))]
    if not found:
        what = "A ledger of one task"
        return Section(id="ledger", title="What one task costs", blocks=(missing("ledger", what),))
    blocks: list[Block] = [_ledger(found)]
    blocks += _predictions(context)
    return Section(id="ledger", title="What one task costs", blocks=tuple(blocks))


def ledger_step(case: Case) -> Step | None:
    """Return the step whose ledger speaks for a case: the passing one with the highest rate."""
    steps = [step for step in case.curve() if step.per_task]
    passed = [step for step in steps if step.verdict == "pass"]
    return max(passed or steps, key=lambda step: step.offered_rate, default=None)


def _ledger(found: Sequence[tuple[Case, Step]]) -> Table:
    cases = [case for case, _ in found]
    seen = {name for _, step in found for name in step.per_task}
    known = [name for name in _ORDER if name in seen]
    names = [*known, *sorted(seen - set(known))]
    rows = tuple(
        (
            titled(case, cases),
            rate(step.offered_rate),
            *(_say_cost(name, step.per_task.get(name)) for name in names),
        )
        for case, step in found
    )
    return Table(
        caption="Per task that ended, at the highest rate that passed. These figures belong to "
        "the code more than to the machine.",
        columns=(
            *columns("Queue", "At, tasks/s", figures=1),
            *(Column(name=_say_name(name), look="number") for name in names),
        ),
        rows=rows,
    )


def _say_name(name: str) -> Piece:
    if name.startswith(_CPU):
        return say("CPU, {role}", role=stored(name.removeprefix(_CPU)))
    return "log written" if name == "wal_bytes" else words(name)


def _say_cost(name: str, value: float | None) -> Piece:
    if value is None:
        return Mark(text="none", tone="quiet")
    if name.startswith(_CPU):
        return milliseconds(value)
    return size(value) if name.endswith("bytes") else number(value)


def _predictions(context: Context) -> list[Block]:
    rows = [
        (
            say_target(found.target.contender, found.target.database),
            run_name(run),
            words(found.bound_by),
            stored(found.basis),
            count(found.cores),
            say("{mark} {rate}", mark=Mark(text="predicted", tone="warn"), rate=rate(found.rate)),
        )
        for run in context.runs
        for found in run.findings.predictions
    ]
    if not rows:
        return [missing("ledger", "A prediction for other machines")]
    return [
        Paragraph(
            text="Predicted, not measured: computed from the ledger, as if nothing but the named "
            "resource ever bound.",
            tone="note",
        ),
        Table(
            caption="Predicted capacity in tasks per second.",
            columns=columns("Queue", "Run", "Bound by", "Formula", "Cores", "Capacity", figures=2),
            rows=tuple(rows),
        ),
    ]
