"""Draws with matplotlib and gives SVG that can stand in a page beside others.

The same data gives the same bytes; colours are CSS variables, letters the page's own.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any, Final

import matplotlib as mpl
from markupsafe import Markup, escape
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure as Sheet
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from reports.throughput.palette import PLACEHOLDERS, color, css_variable
from reports.throughput.quantities import duration_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes

WIDTH: Final = 400
HEIGHT: Final = 270
_MARGINS: Final = {"left": 52.0, "right": 12.0, "top": 10.0, "bottom": 40.0}
_STYLE: Final[dict[Any, Any]] = {
    "svg.fonttype": "none",
    "font.size": 11.0,
    "text.parse_math": False,
    "axes.edgecolor": color("quiet"),
    "axes.labelcolor": color("quiet"),
    "axes.linewidth": 0.8,
    "xtick.color": color("quiet"),
    "ytick.color": color("quiet"),
    "text.color": color("ink"),
    "hatch.linewidth": 0.6,
    "grid.color": color("line"),
    "grid.linewidth": 0.8,
    "lines.linewidth": 1.8,
    "lines.markersize": 4.5,
}


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
    with mpl.rc_context({**_STYLE, "svg.hashsalt": name}):
        sheet = Sheet(figsize=(width / 72, height / 72), dpi=72)
        FigureCanvasSVG(sheet)
        axes = sheet.add_axes(_box(width, height, left))
        _dress(axes)
        paint(axes)
        written = io.StringIO()
        sheet.savefig(written, format="svg", transparent=True, metadata={"Date": None})
    return _embed(written.getvalue(), name, label)


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


def _embed(svg: str, name: str, label: str) -> Markup:
    """Strip what belongs to a file, make identities unique and colours variables."""
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", body, flags=re.DOTALL)
    body = re.sub(r" ?font-family: [^;]*;", "", body)
    body = re.sub(r"(\d+\.\d{2})\d+", r"\1", body).replace("xlink:href", "href")
    body = re.sub(r"\s*\n\s*", " ", body)
    for color_name, placeholder in PLACEHOLDERS.items():
        body = body.replace(placeholder, css_variable(color_name))
    return Markup(_head(_unique(body, name), label))  # noqa: S704 - matplotlib escapes its texts


def _unique(body: str, name: str) -> str:
    """Prefix the identities that are used and drop the others."""
    used = set(re.findall(r"(?:url\(|href=\")#([\w.-]+)", body))
    body = re.sub(
        r' id="([^"]*)"',
        lambda found: f' id="{name}-{found[1]}"' if found[1] in used else "",
        body,
    )
    return re.sub(r"(url\(|href=\")#", rf"\g<1>#{name}-", body)


def _head(body: str, label: str) -> str:
    """Replace the first tag by one that scales with the page and has a name."""
    box = re.search(r'viewBox="[^"]*"', body)
    rest = body[body.index(">") + 1 :]
    words = escape(label)
    shape = box[0] if box else ""
    return f'<svg class="chart" {shape} role="img" aria-label="{words}">{rest}'
