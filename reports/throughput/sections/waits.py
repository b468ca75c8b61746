"""What the sessions of the database waited for, over the ramp."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Final

from reports.throughput.blocks import Column, Figure, Panel, Paragraph, Section, Table, columns
from reports.throughput.drawing import draw
from reports.throughput.pieces import plain, stored
from reports.throughput.quantities import number, rate
from reports.throughput.sections.missing import missing
from reports.throughput.sections.naming import panel_name, titled
from reports.throughput.sections.stacks import Layer, paint_layers, ramp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from reports.load_steps import Step
    from reports.throughput.cases import Case
    from reports.throughput.context import Context

_MOST: Final = 6
_OTHER: Final = "all others"


def section(context: Context) -> Section:
    """Show one panel for each queue whose database was looked at."""
    cases = [case for case in context.searched() if len(_sampled(case)) > 1]
    if not cases:
        blocks: tuple[Paragraph | Figure, ...] = (missing("waits", "Looks at a database's waits"),)
    else:
        blocks = (
            Paragraph(
                text="Waits rank symptoms; they prove nothing. A session that waits for its client "
                "is idle, and one on the CPU may wait for the CPU: see the bottleneck and the "
                "flips. SQLite has no sessions to look at."
            ),
            _figure(cases),
        )
    return Section(id="waits", title="Waits over the ramp", blocks=blocks)


def _sampled(case: Case) -> list[Step]:
    return ramp([s for s in case.curve() if s.resources.waits and s.resources.wait_samples])


def _layers(cases: Sequence[Case]) -> list[Layer]:
    totals: Counter[str] = Counter()
    for case in cases:
        for step in _sampled(case):
            totals.update(step.resources.waits)
    names = [name for name, _ in sorted(totals.items(), key=lambda item: (-item[1], item[0]))]
    shown = [
        Layer(name=name, label=stored(name), place=place)
        for place, name in enumerate(names[:_MOST])
    ]
    is_more = len(names) > _MOST
    return [*shown, *([Layer(name=_OTHER, label=_OTHER, place=_MOST)] * is_more)]


def _sessions(step: Step, layer: Layer, layers: Sequence[Layer]) -> float:
    """Return how many sessions were in a wait on average."""
    named = {other.name for other in layers}
    waits = step.resources.waits
    seen = (
        sum(number_ for name, number_ in waits.items() if name not in named)
        if layer.name == _OTHER
        else waits.get(layer.name, 0)
    )
    return seen / step.resources.wait_samples


def _figure(cases: Sequence[Case]) -> Figure:
    layers = _layers(cases)
    panels = [
        Panel(
            title=titled(case, cases),
            drawing=draw(
                panel_name("waits", place),
                f"Waits over the ramp of {plain(case.title)}",
                partial(_paint, case=case, layers=layers),
            ),
        )
        for place, case in enumerate(cases)
    ]
    return Figure(
        title="Sessions by what they wait for",
        caption="Active sessions on average, in layers. See which layer grows faster than the rate "
        "as the capacity comes near.",
        panels=tuple(panels),
        keys=tuple(layer.key() for layer in layers),
        table=_table(cases, layers),
    )


def _paint(axes: Axes, case: Case, layers: Sequence[Layer]) -> None:
    steps = _sampled(case)
    values = {layer.name: [_sessions(s, layer, layers) for s in steps] for layer in layers}
    paint_layers(axes, [s.offered_rate for s in steps], layers, values)
    axes.set_ylabel("sessions, on average")


def _table(cases: Sequence[Case], layers: Sequence[Layer]) -> Table:
    rows = [
        (
            titled(case, cases),
            rate(step.offered_rate),
            number(step.resources.wait_samples),
            *(number(_sessions(step, layer, layers)) for layer in layers),
        )
        for case in cases
        for step in _sampled(case)
    ]
    plain_columns = columns("Queue", "Offered", "Looks", figures=2)
    heads = tuple(_head(layer) for layer in layers)
    return Table(
        caption="Sessions in each wait, on average over the looks of a step.",
        columns=(*plain_columns, *heads),
        rows=tuple(rows),
    )


def _head(layer: Layer) -> Column:
    return Column(name=layer.label, look="number")
