"""What a report consists of: sections of sentences, tables and figures, without any markup.

The same blocks become HTML, Markdown and JSON, so that the three cannot differ.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from markupsafe import Markup

    from reports.throughput.pieces import Piece

Look = Literal["text", "number"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """One or more sentences; a tone sets it apart as a note or a warning."""

    text: Piece
    tone: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Sentences, one below the other."""

    items: tuple[Piece, ...]
    title: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table: its name, and whether it holds figures."""

    name: Piece
    look: Look = "text"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of pieces; the first cell of a row names it."""

    caption: Piece
    columns: tuple[Column, ...]
    rows: tuple[tuple[Piece, ...], ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One entry of a figure's legend.

    Attributes:
        color: the name of a colour of the palette.
        shape: how it is drawn: line, dashed, dotted, band, area or mark.
        marker: the marker of a line, as the palette names it; "" for none.
    """

    label: Piece
    color: str
    shape: str = "line"
    marker: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One drawing with the name of what it shows and a description for those who cannot see it."""

    title: Piece
    drawing: Markup


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """Drawings side by side with one legend, one caption, and the table of their data.

    Attributes:
        is_wide: whether its one drawing is made for the width of a page.
    """

    title: str
    caption: Piece
    panels: tuple[Panel, ...]
    table: Table
    keys: tuple[Key, ...] = ()
    is_wide: bool = False


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Names with what they are, one below the other."""

    rows: tuple[tuple[Piece, Piece], ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Banner:
    """The answer in words that can be read from across a room.

    Attributes:
        tone: the decision, which sets the colour.
        word: the decision as it is shown.
        about: what it is about.
    """

    tone: str
    word: str
    about: Piece
    sentence: Piece


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """Blocks that are read when somebody asks; paper shows them."""

    title: Piece
    blocks: tuple[Block, ...]


Block = Paragraph | Listing | Table | Figure | Facts | Banner | Fold


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of the report; ``id`` is its anchor."""

    id: str
    title: str
    blocks: tuple[Block, ...]


def columns(*names: str, figures: int = 0) -> tuple[Column, ...]:
    """Name the columns of a table, of which the last ``figures`` hold figures."""
    first = len(names) - figures
    return tuple(
        Column(name=name, look="number" if place >= first else "text")
        for place, name in enumerate(names)
    )
