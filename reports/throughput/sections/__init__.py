"""The sections of a report, in the order in which they are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reports.throughput.sections import (
    answer,
    bottleneck,
    burst,
    bystanders,
    capacity,
    contenders,
    environment,
    failures,
    flips,
    latency,
    ledger,
    operation,
    processors,
    semantics,
    sensitivity,
    spectrum,
    threats,
    waits,
)

if TYPE_CHECKING:
    from reports.throughput.blocks import Section
    from reports.throughput.context import Context

ORDER: Final = (
    answer,
    capacity,
    latency,
    spectrum,
    waits,
    processors,
    bottleneck,
    flips,
    ledger,
    burst,
    bystanders,
    contenders,
    semantics,
    sensitivity,
    failures,
    operation,
    threats,
    environment,
)


def sections_of(context: Context) -> tuple[Section, ...]:
    """Compute all sections."""
    return tuple(module.section(context) for module in ORDER)
