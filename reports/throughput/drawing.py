"""Draws panels of one size, with axes that look alike, as SVG that can stand in a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from reports.sheet import draw_sheet
from reports.throughput.quantities import duration_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from markupsafe import Markup
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Sheet

WIDTH: Final = 400
HEIGHT: Final = 270
_MARGINS: Final = {"left": 52.0, "right": 12.0, "top": 10.0, "bottom": 40.0}
_STYLE: Final[dict[Any, Any]] = {"lines.linewidth": 1.8, "lines.markersize": 4.5}


def draw(
    name: str,
    label: str,
    paint: Callable[[Axes], None],
    *,
    width: float = WIDTH,
    height: float = HEIGHT,
    left: float = _MARGINS["left"],
) -> Markup:
    """Draw one panel and return its SVG.

    ``name`` is unique in the page: the identities inside the drawing begin with it. ``label`` says
    what is drawn, for those who cannot see it; ``paint`` draws on the axes.
    """

    def paint_panel(sheet: Sheet) -> None:
        axes = sheet.add_axes(_box(width, height, left))
        _dress(axes)
        paint(axes)

    return draw_sheet(name, label, (width, height), paint_panel, style=_STYLE)


def time_axis(axis: Any, values: Sequence[float]) -> None:
    """Make an axis of milliseconds logarithmic, with ticks in units that people use."""
    low, high = min(values, default=1.0), max(values, default=10.0)
    between = (1, 2, 5) if high < low * 40 else (1,)
    steps = [first * 10.0**decade for decade in range(-3, 8) for first in between]
    axis.set_major_locator(FixedLocator([s for s in steps if low / 10 <= s <= high * 10]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: duration_text(value)))
    axis.set_minor_locator(NullLocator())


def plain_axis(axis: Any, most: int = 6) -> None:
    """Give an axis few ticks, written as the tables write figures."""
    axis.set_major_locator(MaxNLocator(nbins=most))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{round(value, 6):,.6g}"))


def _box(width: float, height: float, left: float) -> tuple[float, float, float, float]:
    right, top, bottom = _MARGINS["right"], _MARGINS["top"], _MARGINS["bottom"]
    return (
        left / width,
        bottom / height,
        (width - left - right) / width,
        (height - top - bottom) / height,
    )


def _dress(axes: Axes) -> None:
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.grid(visible=True, axis="y")
    axes.set_axisbelow(True)
    axes.tick_params(length=3)
