"""CPU by role at each step, stacked to the cores of the machine."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from reports.ink import ink
from reports.throughput.blocks import Column, Figure, Key, Panel, Section, Table, columns
from reports.throughput.drawing import draw
from reports.throughput.palette import ROLES
from reports.throughput.pieces import plain, stored
from reports.throughput.quantities import count, number, rate, share
from reports.throughput.sections.missing import missing
from reports.throughput.sections.naming import panel_name, titled
from reports.throughput.sections.stacks import Layer, paint_layers, ramp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from reports.load_steps import Step
    from reports.throughput.cases import Case
    from reports.throughput.context import Context


def section(context: Context) -> Section:
    """Show one panel for each queue that was searched."""
    cases = [case for case in context.searched() if _measured(case)]
    if not cases:
        blocks = (missing("processors", "CPU time by role"),)
        return Section(id="processors", title="CPU by role", blocks=blocks)
    return Section(id="processors", title="CPU by role", blocks=(_figure(cases),))


def _measured(case: Case) -> list[Step]:
    steps = [s for s in case.curve() if s.resources.cpu_seconds and s.window_seconds > 0]
    return ramp(steps)


def _layers(cases: Sequence[Case]) -> list[Layer]:
    seen = {role for case in cases for s in _measured(case) for role in s.resources.cpu_seconds}
    known = [role for role in ROLES if role in seen]
    names = [*known, *sorted(seen - set(known))]
    place = {role: number_ for number_, role in enumerate((*ROLES, *sorted(seen - set(ROLES))))}
    return [Layer(name=name, label=stored(name), place=place[name]) for name in names]


def _cores(step: Step, role: str) -> float:
    return step.resources.cpu_seconds.get(role, 0.0) / step.window_seconds


def _figure(cases: Sequence[Case]) -> Figure:
    layers = _layers(cases)
    panels = [
        Panel(
            title=titled(case, cases),
            drawing=draw(
                panel_name("processors", place),
                f"CPU by role over the ramp of {plain(case.title)}",
                partial(_paint, case=case, layers=layers),
            ),
        )
        for place, case in enumerate(cases)
    ]
    return Figure(
        title="Cores in use, by role",
        caption="Whole process trees, in layers; the dashed line is the number of cores. Where "
        "the stack meets it the machine is full, the generator's share included.",
        panels=tuple(panels),
        keys=(
            *(layer.key() for layer in layers),
            Key(label="cores of the machine", color="ink", shape="dashed"),
        ),
        table=_table(cases, layers),
    )


def _paint(axes: Axes, case: Case, layers: Sequence[Layer]) -> None:
    steps = _measured(case)
    values = {layer.name: [_cores(s, layer.name) for s in steps] for layer in layers}
    rates = [s.offered_rate for s in steps]
    if len(rates) == 1:
        rates, values = [0.0, *rates], {name: own * 2 for name, own in values.items()}
    paint_layers(axes, rates, layers, values)
    cores = max(s.resources.cores for s in steps)
    used = max(sum(_cores(s, layer.name) for layer in layers) for s in steps)
    axes.axhline(cores, color=ink("ink"), linestyle="dashed", linewidth=1.2)
    axes.set_ylim(0, max(cores, used) * 1.08)
    axes.set_ylabel("cores")


def _table(cases: Sequence[Case], layers: Sequence[Layer]) -> Table:
    rows = [
        (
            titled(case, cases),
            rate(s.offered_rate),
            *(number(_cores(s, layer.name)) for layer in layers),
            count(s.resources.cores),
            share(s.resources.idle_share),
            share(s.resources.steal_share),
            number(s.generator.send_lag_ms_p99),
        )
        for case in cases
        for s in _measured(case)
    ]
    after = columns("Cores", "Idle", "Stolen", "Send lag p99, ms", figures=4)
    return Table(
        caption="Cores in use on average over the window of a step.",
        columns=(
            *columns("Queue", "Offered", figures=1),
            *(Column(name=layer.label, look="number") for layer in layers),
            *after,
        ),
        rows=tuple(rows),
    )
