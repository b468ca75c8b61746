"""Failure modes of a database queue beside Celery's: facts with their sources."""

from __future__ import annotations

from reports.throughput.blocks import Paragraph, Section, Table, columns
from reports.throughput.facts import read_facts
from reports.throughput.pieces import Link, listed, stored


def section(_context: object) -> Section:
    """Show the file of facts as a table."""
    rows = tuple(
        (
            stored(mode.event),
            stored(mode.database_queue),
            stored(mode.redis),
            stored(mode.rabbitmq),
            listed((Link(address=source) for source in mode.sources), " "),
        )
        for mode in read_facts().failure_modes
    )
    table = Table(
        caption="What happens in each event. Documented, not measured: what was measured is in "
        "the semantics table.",
        columns=columns(
            "Event", "Database queue", "Celery on Redis", "Celery on RabbitMQ", "Sources"
        ),
        rows=rows,
    )
    says = Paragraph(
        text="A move changes what can go wrong, not whether something can: each column has "
        "failures that the others do not have."
    )
    return Section(id="failures", title="Failure modes", blocks=(says, table))
