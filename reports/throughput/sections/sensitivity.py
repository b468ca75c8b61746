"""Sensitivity: the settings in the order of what they do to the capacity."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Final

from matplotlib.ticker import NullLocator

from reports.ink import ink
from reports.throughput.blocks import Figure, Key, Panel, Section, Table, columns
from reports.throughput.confidence import CONTROL
from reports.throughput.drawing import WIDTH, draw
from reports.throughput.pieces import Mark, plain, say, stored
from reports.throughput.quantities import ratio, share
from reports.throughput.sections.flips import flips_of
from reports.throughput.sections.forest import limits_of, put_ticks, short_name
from reports.throughput.sections.missing import missing
from reports.throughput.sections.naming import panel_name, titled
from reports.throughput.wording import UNSAFE, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from reports.load_schema import Ratio
    from reports.throughput.cases import Case
    from reports.throughput.context import Context
    from reports.throughput.pieces import Piece

_ROW: Final = 40
_AXIS: Final = 56
_KEYS: Final = (
    Key(label="raises the capacity", color="blue", shape="area"),
    Key(label="lowers it", color="orange", shape="area", marker="//"),
    Key(label="unsafe", color="vermillion", shape="area", marker="xx"),
    Key(label="the control against itself", color="quiet", shape="band"),
)


def section(context: Context) -> Section:
    """Show one tornado for each queue with flips that are not withheld."""
    found = [(case, _sorted(case)) for case in context.cases]
    found = [(case, flips) for case, flips in found if flips]
    if not found:
        blocks = (missing("sensitivity", "A setting whose effect is claimed or excluded"),)
        return Section(id="sensitivity", title="Sensitivity", blocks=blocks)
    return Section(id="sensitivity", title="Sensitivity", blocks=(_figure(found),))


def _sorted(case: Case) -> list[Ratio]:
    """Return the flips with a median, the strongest first, in either direction."""
    own = [
        flip
        for flip in flips_of(case)
        if flip.name != CONTROL and flip.claim != "withheld" and flip.median
    ]
    return sorted(own, key=lambda flip: -abs(math.log(flip.median or 1.0)))


def _control(case: Case) -> Ratio | None:
    return next((flip for flip in flips_of(case) if flip.name == CONTROL), None)


def _figure(found: Sequence[tuple[Case, list[Ratio]]]) -> Figure:
    cases = [case for case, _ in found]
    panels = tuple(
        Panel(
            title=titled(case, cases),
            drawing=draw(
                panel_name("sensitivity", place),
                f"Sensitivity of {plain(case.title)}",
                partial(_paint, flips=flips, control=_control(case)),
                width=WIDTH,
                height=len(flips) * _ROW + _AXIS,
                left=12,
            ),
        )
        for place, (case, flips) in enumerate(found)
    )
    return Figure(
        title="Tornado",
        caption="The longest bar is the setting that matters most. Bars within the grey band are "
        "no longer than the control's own noise. Withheld flips are not drawn.",
        panels=panels,
        keys=_KEYS,
        table=_table(found, cases),
    )


def _paint(axes: Axes, flips: Sequence[Ratio], control: Ratio | None) -> None:
    if control is not None and control.low and control.high:
        axes.axvspan(control.low, control.high, facecolor=ink("quiet"), alpha=0.25, linewidth=0)
    for place, flip in enumerate(flips):
        height, median = len(flips) - place, flip.median or 1.0
        shade, pattern = _look(flip)
        axes.barh(
            height,
            median - 1,
            left=1.0,
            height=0.36,
            facecolor=ink(shade),
            edgecolor=ink("paper"),
            hatch=pattern,
        )
        transform = axes.get_yaxis_transform()
        axes.text(0.0, height + 0.3, short_name(flip), transform=transform, fontsize=10)
    axes.axvline(1.0, color=ink("ink"), linewidth=1.0)
    axes.set_xscale("log")
    low, high = limits_of([*flips, *([control] if control else [])])
    axes.set_xlim(low, high)
    axes.set_ylim(0.45, len(flips) + 0.75)
    axes.yaxis.set_major_locator(NullLocator())
    axes.spines["left"].set_visible(False)
    axes.grid(visible=False)
    put_ticks(axes.xaxis, low, high)
    axes.set_xlabel("ratio to the control")


def _look(flip: Ratio) -> tuple[str, str | None]:
    if flip.is_unsafe:
        return "vermillion", "xx"
    return ("blue", None) if (flip.median or 1.0) >= 1 else ("orange", "//")


def _table(found: Sequence[tuple[Case, list[Ratio]]], cases: Sequence[Case]) -> Table:
    rows: list[tuple[Piece, ...]] = [
        (
            titled(case, cases),
            say("{name} {mark}", name=words(flip.name), mark=UNSAFE if flip.is_unsafe else ""),
            stored(flip.before),
            stored(flip.after),
            ratio(flip.median),
            share((flip.median or 1.0) - 1),
            Mark(text="noise", tone="quiet") if flip.claim == "no difference" else "",
        )
        for case, flips in found
        for flip in flips
    ]
    return Table(
        caption="The strongest first.",
        columns=(
            *columns("Queue", "Setting", "From", "To"),
            *columns("Ratio", "Change", figures=2),
            *columns("Reading"),
        ),
        rows=tuple(rows),
    )
