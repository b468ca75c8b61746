"""A sheet of matplotlib that becomes SVG within a page.

The same data gives the same bytes; inks are CSS variables and letters are the page's own.
"""

from __future__ import annotations

import io
import re
import warnings
from typing import TYPE_CHECKING, Any, Final

import matplotlib as mpl
from markupsafe import Markup, escape
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure as Sheet

from reports.ink import PLACEHOLDERS, css_variable, ink

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_INCH: Final = 72.0
_STYLE: Final[dict[Any, Any]] = {
    "svg.fonttype": "none",
    "font.size": 11.0,
    "text.parse_math": False,
    "axes.edgecolor": ink("quiet"),
    "axes.linewidth": 0.8,
    "axes.labelcolor": ink("quiet"),
    "axes.titlesize": 11.5,
    "axes.titlepad": 5.0,
    "legend.fontsize": 11.0,
    "xtick.color": ink("quiet"),
    "ytick.color": ink("quiet"),
    "text.color": ink("ink"),
    "grid.color": ink("line"),
    "grid.linewidth": 0.8,
    "hatch.linewidth": 0.7,
}


def draw_sheet(
    name: str,
    label: str,
    size: tuple[float, float],
    paint: Callable[[Sheet], None],
    *,
    style: Mapping[Any, Any] | None = None,
) -> Markup:
    """Draw on a sheet of so many pixels and return its SVG.

    ``name`` is unique in the page: the identities inside the drawing begin with it. ``label`` says
    what is drawn, for those who cannot see it; ``style`` adds to matplotlib's settings.
    """
    width, height = size
    with (
        mpl.rc_context({**_STYLE, **(style or {}), "svg.hashsalt": name}),
        warnings.catch_warnings(),
    ):
        sheet = Sheet(figsize=(width / _INCH, height / _INCH), dpi=_INCH)
        FigureCanvasSVG(sheet)
        paint(sheet)
        written = io.StringIO()
        # The page's own letters are used: what matplotlib's font lacks is of no interest.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        sheet.savefig(written, format="svg", transparent=True, metadata={"Date": None})
    return Markup(_embed(written.getvalue(), name, label))  # noqa: S704 - matplotlib escapes texts


def _embed(svg: str, name: str, label: str) -> str:
    """Strip what belongs to a file, make identities unique and inks variables."""
    box = re.search(r'viewBox="[^"]*"', svg)
    body = svg[svg.index(">", svg.index("<svg")) + 1 :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", body, flags=re.DOTALL)
    body = re.sub(r"<!--.*?-->", "", body, flags=re.DOTALL)
    body = re.sub(r" ?font-family: [^;\"]*;?", "", body)
    body = re.sub(r"(\d+\.\d)\d{2,}", r"\1", body).replace("xlink:href", "href")
    body = _hoist_styles(re.sub(r"\s*\n\s*", " ", body))
    for ink_name, placeholder in PLACEHOLDERS.items():
        body = body.replace(placeholder, css_variable(ink_name))
    shape = box[0] if box else ""
    head = f'<svg class="chart" {shape} role="img" aria-label="{escape(label)}">'
    return head + _unique(body, name)


_MARKERS: Final = re.compile(r'<g([^>]*)>\s*((?:<use [^>]*? style="([^"]*)"/>\s*){2,})</g>')


def _hoist_styles(body: str) -> str:
    """Say the style of equal markers once, for their group: a dot then takes half the room."""

    def once(found: re.Match[str]) -> str:
        attributes, uses, style = found.groups()
        said = f' style="{style}"'
        if uses.count(said) != uses.count("<use "):
            return found[0]
        return f"<g{attributes}{said}>{uses.replace(said, '')}</g>"

    return _MARKERS.sub(once, body)


def _unique(body: str, name: str) -> str:
    """Prefix the identities that are used and drop the others."""
    used = set(re.findall(r"(?:url\(|href=\")#([\w.-]+)", body))
    body = re.sub(
        r' id="([^"]*)"',
        lambda found: f' id="{name}-{found[1]}"' if found[1] in used else "",
        body,
    )
    return re.sub(r"(url\(|href=\")#", rf"\g<1>#{name}-", body)
