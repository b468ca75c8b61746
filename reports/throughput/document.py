"""The report as data: what report.json holds, and what its schema is made from."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping  # noqa: TC003 - the schema is made from the annotations
from typing import TYPE_CHECKING, Any

from reports.throughput.answer import STAY_FROM, TUNE_FROM, Answer
from reports.throughput.blocks import (
    Banner,
    Facts,
    Figure,
    Fold,
    Listing,
    Paragraph,
    Table,
)
from reports.throughput.comparability import Difference, Machine, machine_of
from reports.throughput.confidence import Confidence  # noqa: TC001 - see Mapping
from reports.throughput.forecast import Growth  # noqa: TC001 - see Mapping
from reports.throughput.pieces import plain, values

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reports.throughput.blocks import Block, Section
    from reports.throughput.context import Context
    from reports.throughput.forecast import Forecast
    from reports.throughput.pieces import Piece
    from reports.throughput.stored import LoadRun

REPORT_SCHEMA_VERSION = 1


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RunEntry:
    """A run that the report rests on; ``machine`` is its place among the machines."""

    name: str
    profile: str
    profile_digest: str
    digest: str
    status: str
    reason: str
    is_partial: bool
    command: str
    seed: int
    started_at: str
    machine: int
    steps: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ForecastEntry:
    """The forecast as it was read."""

    contender: str | None
    database: str | None
    peak_rate: float
    burst_factor: float
    growth: Growth
    horizon_months: int
    needed_p99_ms: float | None
    is_atomic: bool
    machine: str | None
    starts_on: str | None
    notes: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class VerdictEntry:
    """One answer; ``run`` is the place of its run among the runs."""

    contender: str
    database: str | None
    run: int
    answer: Answer
    confidence: Confidence


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RefusalEntry:
    """Two profiles that are not compared; the places of one run of each."""

    first: int
    second: int
    differences: tuple[Difference, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A sentence or a cell: its text, and the values of the figures in it."""

    text: str
    values: tuple[float, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TableEntry:
    """A table, of a figure or of its own."""

    caption: Cell
    columns: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SectionEntry:
    """A section: all that it says, in the order in which it is read, and its tables."""

    id: str
    title: str
    sentences: tuple[Cell, ...]
    tables: tuple[TableEntry, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ReportDocument:
    """The content of report.json; the first verdict is the chosen one.

    Attributes:
        rule: the thresholds of headroom, by the answer that begins at each.
    """

    runs: tuple[RunEntry, ...]
    machines: tuple[Machine, ...]
    forecast: ForecastEntry | None
    rule: Mapping[str, float]
    verdicts: tuple[VerdictEntry, ...]
    refusals: tuple[RefusalEntry, ...]
    sections: tuple[SectionEntry, ...]
    kind: str = "throughput-report"
    schema_version: int = REPORT_SCHEMA_VERSION


def describe(context: Context, sections: Sequence[Section]) -> ReportDocument:
    """Put a report into the shape of report.json."""
    place = {id(run): number for number, run in enumerate(context.runs)}
    return ReportDocument(
        runs=tuple(_run(run, context) for run in context.runs),
        machines=context.machines,
        forecast=_forecast(context.forecast),
        rule={"stay": STAY_FROM, "tune": TUNE_FROM},
        verdicts=tuple(
            VerdictEntry(
                contender=verdict.case.contender,
                database=verdict.case.database,
                run=place[id(verdict.case.run)],
                answer=verdict.answer,
                confidence=verdict.confidence,
            )
            for verdict in context.verdicts
        ),
        refusals=tuple(
            RefusalEntry(
                first=place[id(refusal.first)],
                second=place[id(refusal.second)],
                differences=refusal.differences,
            )
            for refusal in context.refusals
        ),
        sections=tuple(_section(section) for section in sections),
    )


def _run(run: LoadRun, context: Context) -> RunEntry:
    manifest = run.manifest
    return RunEntry(
        name=run.name,
        profile=manifest.profile,
        profile_digest=manifest.profile_digest,
        digest=run.digest,
        status=manifest.status,
        reason=manifest.reason,
        is_partial=run.is_partial,
        command=manifest.command,
        seed=manifest.seed,
        started_at=manifest.started_at,
        machine=context.machines.index(machine_of(run)),
        steps=len(run.steps),
    )


def _forecast(forecast: Forecast | None) -> ForecastEntry | None:
    if forecast is None:
        return None
    fields: dict[str, Any] = {
        field.name: getattr(forecast, field.name) for field in dataclasses.fields(forecast)
    }
    starts_on = forecast.starts_on.isoformat() if forecast.starts_on else None
    return ForecastEntry(**{**fields, "starts_on": starts_on})


def _section(section: Section) -> SectionEntry:
    parts = [part for block in section.blocks for part in _parts(block)]
    return SectionEntry(
        id=section.id,
        title=section.title,
        sentences=tuple(part for part in parts if isinstance(part, Cell)),
        tables=tuple(part for part in parts if isinstance(part, TableEntry)),
    )


def _parts(block: Block) -> Iterator[Cell | TableEntry]:
    match block:
        case Paragraph():
            yield _cell(block.text)
        case Listing():
            yield from (_cell(item) for item in block.items)
        case Facts():
            yield from (_cell(piece) for row in block.rows for piece in row)
        case Banner():
            yield from (_cell(block.word), _cell(block.about), _cell(block.sentence))
        case Table():
            yield _table(block)
        case Figure():
            yield from (_cell(block.caption), *(_cell(panel.title) for panel in block.panels))
            yield from (_cell(key.label) for key in block.keys)
            yield _table(block.table)
        case Fold():
            yield _cell(block.title)
            yield from (part for inner in block.blocks for part in _parts(inner))


def _table(table: Table) -> TableEntry:
    return TableEntry(
        caption=_cell(table.caption),
        columns=tuple(_cell(column.name) for column in table.columns),
        rows=tuple(tuple(_cell(cell) for cell in row) for row in table.rows),
    )


def _cell(piece: Piece) -> Cell:
    return Cell(text=plain(piece), values=tuple(values(piece)))
