"""Ratios as a forest plot: every pair, the median, its interval, and the line of no change."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter, NullLocator

from reports.ink import ink
from reports.page.wording import clip
from reports.throughput.blocks import Key, Table, columns
from reports.throughput.cases import say_target
from reports.throughput.confidence import CONTROL
from reports.throughput.drawing import WIDTH, draw
from reports.throughput.pieces import say, stored
from reports.throughput.quantities import count, ratio, span
from reports.throughput.wording import CLAIMS, UNSAFE, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup
    from matplotlib.axes import Axes

    from reports.load_schema import Ratio
    from reports.throughput.pieces import Piece

_ROW: Final = 40
_AXIS: Final = 56
_LONGEST: Final = 62
_TICKS: Final = (0.1, 0.2, 0.33, 0.5, 0.67, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0)
KEYS: Final = (
    Key(label="one pair", color="quiet", shape="mark", marker="|"),
    Key(label="median with interval, claimed", color="blue", marker="o"),
    Key(label="no difference", color="quiet", marker="s"),
    Key(label="unsafe: for the laboratory only", color="vermillion", marker="D"),
    Key(label="withheld: pairs only", color="purple", shape="mark", marker="|"),
)


def draw_forest(name: str, label: str, ratios: Sequence[Ratio]) -> Markup:
    """Draw the ratios, one below the other."""
    height = len(ratios) * _ROW + _AXIS
    return draw(name, label, partial(_paint, ratios=ratios), width=WIDTH, height=height, left=12)


def _paint(axes: Axes, ratios: Sequence[Ratio]) -> None:
    for place, found in enumerate(ratios):
        _paint_row(axes, len(ratios) - place, found)
    axes.axvline(1.0, color=ink("ink"), linewidth=1.0)
    axes.set_xscale("log")
    low, high = limits_of(ratios)
    axes.set_xlim(low, high)
    axes.set_ylim(0.45, len(ratios) + 0.75)
    axes.yaxis.set_major_locator(NullLocator())
    axes.spines["left"].set_visible(False)
    axes.grid(visible=False)
    axes.grid(visible=True, axis="x")
    put_ticks(axes.xaxis, low, high)
    axes.set_xlabel("ratio to the control")


def put_ticks(axis: Any, low: float, high: float) -> None:
    """Put few ticks on, of which one is the line of no change."""
    inside = [tick for tick in _TICKS if low <= tick <= high]
    wide = [tick for tick in inside if tick in {0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0}]
    axis.set_major_locator(FixedLocator(wide if high / low > 3 else inside))  # noqa: PLR2004
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.2g}"))
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())


def _paint_row(axes: Axes, height: float, found: Ratio) -> None:
    is_withheld = found.claim == "withheld"
    pairs = "purple" if is_withheld else "quiet"
    axes.plot(found.ratios, [height] * len(found.ratios), "|", color=ink(pairs), markersize=9)
    axes.text(
        0.0,
        height + 0.3,
        short_name(found),
        transform=axes.get_yaxis_transform(),
        fontsize=10,
        color=ink("ink"),
    )
    if is_withheld or found.median is None:
        return
    shade, marker = _look(found)
    if found.low is not None and found.high is not None:
        axes.plot([found.low, found.high], [height, height], color=ink(shade), linewidth=2.4)
    axes.plot([found.median], [height], marker, color=ink(shade), markersize=7)


def _look(found: Ratio) -> tuple[str, str]:
    if found.is_unsafe:
        return "vermillion", "D"
    return ("blue", "o") if found.claim == "claimed" else ("quiet", "s")


def short_name(found: Ratio) -> str:
    """Name a row in the drawing; the table has the whole name."""
    name = f"{found.name.replace('_', ' ')}: {found.before} → {found.after}"
    if found.name == found.target.contender:
        name = found.after
    if found.name == CONTROL:
        name = f"{CONTROL}: the control against itself"
    marks = ("  (unsafe)" if found.is_unsafe else "") + (
        "  (withheld)" if found.claim == "withheld" else ""
    )
    printable = "".join(letter if letter.isprintable() else "?" for letter in clip(name))
    room = _LONGEST - len(marks)
    return (printable if len(printable) <= room else printable[: room - 1] + "…") + marks


def limits_of(ratios: Sequence[Ratio]) -> tuple[float, float]:
    """Take in every pair and the line of no change, with some room."""
    seen = [value for found in ratios for value in found.ratios if value > 0] + [1.0]
    seen += [v for found in ratios for v in (found.low, found.high) if v]
    reach = max(0.12, max(abs(math.log(value)) for value in seen) * 1.1)
    low = math.exp(-reach) if min(seen) < math.exp(-0.08) else math.exp(-max(0.12, reach / 6))
    high = math.exp(reach) if max(seen) > math.exp(0.08) else math.exp(max(0.12, reach / 6))
    return low, high


def ratio_table(caption: Piece, ratios: Sequence[Ratio]) -> Table:
    """Show every ratio with its pairs, its claim and the reason where it is withheld."""
    names = (
        "Changed",
        "Queue",
        "From",
        "To",
        "Metric",
        "Claim",
        "Reason",
        "Pairs",
        "Median",
        "Interval",
    )
    return Table(
        caption=caption,
        columns=columns(*names, figures=3),
        rows=tuple(ratio_row(found) for found in ratios),
    )


def ratio_row(found: Ratio) -> tuple[Piece, ...]:
    """Show one ratio; of a withheld one no median."""
    is_shown = found.claim != "withheld" and found.median is not None
    name = words(found.name)
    return (
        say("{name} {unsafe}", name=name, unsafe=UNSAFE) if found.is_unsafe else name,
        say_target(found.target.contender, found.target.database),
        stored(found.before),
        stored(found.after),
        words(found.metric),
        CLAIMS[found.claim],
        stored(found.reason),
        count(len(found.ratios)),
        ratio(found.median) if is_shown else "",
        span(ratio(found.low), ratio(found.high)) if is_shown else "",
    )
