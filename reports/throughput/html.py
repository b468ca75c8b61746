"""Writes pieces and reports as HTML, with every stored text escaped.

A quantity becomes a ``data`` element that carries its value; nothing else on the page, but for
stored texts and drawings, holds a digit.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import jinja2
from markupsafe import Markup

from reports.page.wording import clip
from reports.throughput.pieces import Link, Mark, Quantity, Sentence, Stored, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.throughput.blocks import Block, Section
    from reports.throughput.pieces import Piece

_FOLDERS: Final = (
    Path(__file__).parent / "templates",
    Path(__file__).parents[1] / "page" / "templates",
)
_STACKED_MOST: Final = 8
"""A table with more columns than this is scrolled on a phone; others become lists."""


def write_html(title: str, sections: Sequence[Section]) -> str:
    """Return the page: one file that needs no other."""
    page = _environment().get_template("report.html")
    return page.render(title=title, sections=sections)


def html(piece: Piece) -> Markup:
    """Write one piece."""
    match piece:
        case str():
            return Markup("{}").format(piece)
        case Quantity():
            return Markup('<data value="{}">{}</data>').format(f"{piece.value:.10g}", piece.text)
        case Stored():
            name = "code" if piece.is_code else "span"
            return Markup('<{0} class="stored">{1}</{0}>').format(name, _cut(piece))
        case Link():
            return _link(piece.address)
        case Mark():
            return Markup('<strong class="mark is-{}">{}</strong>').format(piece.tone, piece.text)
        case Sentence():
            return Markup("").join(html(part) for part in piece.pieces())


def _cut(piece: Stored) -> str:
    """Cut a very long text, but not what has to be typed."""
    return piece.text if piece.is_code else clip(piece.text)


def _link(address: str) -> Markup:
    if not address.startswith("https://"):
        return Markup('<span class="stored">{}</span>').format(address)
    return Markup('<a class="source" href="{0}">{1}</a>').format(
        address, address.removeprefix("https://").removeprefix("www.")
    )


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDERS, encoding="utf-8"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(html=html, plain=plain)
    environment.tests["stacked"] = lambda table: len(table.columns) <= _STACKED_MOST
    environment.globals["kind"] = _kind
    return environment


def _kind(block: Block) -> str:
    return type(block).__name__
