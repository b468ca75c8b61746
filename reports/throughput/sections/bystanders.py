"""The application's own queries beside the queue: the price that a broker does not ask."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from reports.ink import ink
from reports.throughput.blocks import Figure, Key, Panel, Section, Table, columns
from reports.throughput.cases import say_target
from reports.throughput.drawing import draw, plain_axis
from reports.throughput.palette import series
from reports.throughput.pieces import plain, say
from reports.throughput.quantities import milliseconds, rate, ratio, share
from reports.throughput.sections.missing import missing
from reports.throughput.sections.naming import panel_name
from reports.throughput.wording import words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from reports.load_schema import Bystander
    from reports.load_steps import Latency
    from reports.throughput.context import Context
    from reports.throughput.pieces import Piece

_PREFIX = "bystander_"
Group = tuple["Piece", "list[Bystander]"]


def section(context: Context) -> Section:
    """Show p99 of each query against the load of the queue."""
    groups = _groups(context)
    if not groups:
        blocks = (missing("bystanders", "The latency of the application's own queries"),)
        return Section(id="bystanders", title="Beside the queue", blocks=blocks)
    return Section(id="bystanders", title="Beside the queue", blocks=(_figure(groups),))


def _groups(context: Context) -> list[Group]:
    groups: dict[tuple[int, str, str | None], Group] = {}
    for place, run in enumerate(context.runs):
        for found in run.findings.bystanders:
            key = (place, found.target.contender, found.target.database)
            title = say_target(found.target.contender, found.target.database)
            groups.setdefault(key, (title, []))[1].append(found)
    for _, found_ones in groups.values():
        found_ones.sort(key=lambda found: found.load_share)
    return list(groups.values())


def _queries(groups: Sequence[Group]) -> list[str]:
    return sorted({name for _, found in groups for one in found for name in one.latency})


def _figure(groups: Sequence[Group]) -> Figure:
    queries = _queries(groups)
    panels = tuple(
        Panel(
            title=title,
            drawing=draw(
                panel_name("bystanders", place),
                f"Latency of the application's queries beside {plain(title)}",
                partial(_paint, found=found, queries=queries),
            ),
        )
        for place, (title, found) in enumerate(groups)
    )
    keys = tuple(
        Key(
            label=say("p99, {query}", query=words(query.removeprefix(_PREFIX))),
            color=series(place)[0],
            marker=series(place)[1],
        )
        for place, query in enumerate(queries)
    )
    return Figure(
        title="The application's own queries",
        caption="The p99 of queries that have nothing to do with the queue, against its load. "
        "What the lines climb is what the queue costs the application.",
        panels=panels,
        keys=keys,
        table=_table(groups),
    )


def _paint(axes: Axes, found: Sequence[Bystander], queries: Sequence[str]) -> None:
    for place, query in enumerate(queries):
        own = [
            (one.load_share * 100, one.latency[query].p99_ms)
            for one in found
            if query in one.latency
        ]
        shade, marker = series(place)
        axes.plot(
            [load for load, _ in own],
            [p99 or 0.0 for _, p99 in own],
            color=ink(shade),
            marker=marker,
        )
    axes.set_ylim(bottom=0)
    axes.set_xlabel("load, percent of the capacity")
    axes.set_ylabel("p99, milliseconds")
    plain_axis(axes.xaxis)
    plain_axis(axes.yaxis)


def _table(groups: Sequence[Group]) -> Table:
    rows: list[tuple[Piece, ...]] = []
    for title, found in groups:
        for one in found:
            for query, latency in sorted(one.latency.items()):
                rows.append((title, *_cells(one, query, latency, found)))
    return Table(
        caption="From the intended time to the reply. The last column is p99 against that with "
        "the queue idle.",
        columns=columns(
            "Queue",
            "Query",
            "Load",
            "Tasks/s",
            "p50",
            "p99",
            "Slowest",
            "p99, times idle",
            figures=6,
        ),
        rows=tuple(rows),
    )


def _cells(
    one: Bystander, query: str, latency: Latency, found: Sequence[Bystander]
) -> tuple[Piece, ...]:
    idle = next(
        (o.latency[query].p99_ms for o in found if not o.load_share and query in o.latency), None
    )
    times = latency.p99_ms / idle if idle and latency.p99_ms is not None else None
    return (
        words(query.removeprefix(_PREFIX)),
        share(one.load_share),
        rate(one.rate),
        milliseconds(latency.p50_ms),
        milliseconds(latency.p99_ms),
        milliseconds(latency.max_ms),
        ratio(times),
    )
