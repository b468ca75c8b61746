"""What each queue costs to operate: CPU, services, connections, and log written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reports.throughput.blocks import Paragraph, Section, Table, columns
from reports.throughput.pieces import Mark, listed, say, stored
from reports.throughput.quantities import count, milliseconds, number, size
from reports.throughput.sections.ledger import ledger_step
from reports.throughput.sections.missing import missing
from reports.throughput.sections.naming import titled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.load_steps import Step
    from reports.throughput.cases import Case
    from reports.throughput.context import Context
    from reports.throughput.pieces import Piece

MILLION: Final = 1_000_000
"""Tasks for which log and CPU are summed up."""
_GENERATOR: Final = "generator"
_A_FILE: Final = "sqlite"
_CPU: Final = "cpu_ms_"
_CONNECTIONS: Final = ("connections", "connections_max", "threads_connected")
_HOUR_MS: Final = 3_600_000.0


def section(context: Context) -> Section:
    """Show one row for each queue that was searched."""
    found = [(case, step) for case in context.searched() if (step := ledger_step(case))]
    if not found:
        blocks: tuple[Paragraph | Table, ...] = (missing("operation", "The cost of a task"),)
        return Section(id="operation", title="Cost to operate", blocks=blocks)
    says = Paragraph(
        text=say(
            "What {n} tasks cost, computed from the ledger without the generator. Beside CPU and "
            "log there is each service: somebody has to run, watch, back up and upgrade it.",
            n=count(MILLION),
        )
    )
    return Section(id="operation", title="Cost to operate", blocks=(says, _table(found)))


def _table(found: Sequence[tuple[Case, Step]]) -> Table:
    cases = [case for case, _ in found]
    names = ("CPU per task", "CPU hours", "Log written", "Connections", "Services to run")
    return Table(
        caption=say(
            "CPU per task over all roles but the generator; CPU hours and log written for "
            "{n} tasks.",
            n=count(MILLION),
        ),
        columns=(
            *columns("Queue", "CPU by role"),
            *columns(*names, figures=len(names)),
            *columns("Which"),
        ),
        rows=tuple(_row(case, step, cases) for case, step in found),
    )


def _row(case: Case, step: Step, cases: Sequence[Case]) -> tuple[Piece, ...]:
    roles = {
        name.removeprefix(_CPU): value
        for name, value in step.per_task.items()
        if name.startswith(_CPU) and name != _CPU + _GENERATOR
    }
    total = sum(roles.values())
    services = services_of(case)
    log = step.per_task.get("wal_bytes")
    return (
        titled(case, cases),
        listed(say("{role} {ms}", role=stored(r), ms=milliseconds(ms)) for r, ms in roles.items()),
        milliseconds(total) if roles else number(None),
        number(total * MILLION / _HOUR_MS) if roles else number(None),
        Mark(text="none", tone="quiet") if log is None else size(log * MILLION),
        number(connections_of(step)),
        count(len(services)),
        listed(stored(service) for service in services),
    )


def services_of(case: Case) -> list[str]:
    """Return the servers that have to run: the database, a broker too; SQLite is a file."""
    facts = [f for f in case.run.manifest.contenders if f.name == case.contender]
    return [
        f"{name} {version}"
        for one in facts[:1]
        for name, version in one.services.items()
        if name != _A_FILE
    ]


def connections_of(step: Step) -> float | None:
    """Return how many connections the database counted, if it did."""
    counters = step.resources.counters
    return next((counters[name] for name in _CONNECTIONS if name in counters), None)
