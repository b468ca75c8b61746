"""Writes a report as Markdown: the same sentences and tables, without the drawings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reports.page.wording import clip
from reports.throughput.blocks import Banner, Facts, Figure, Fold, Listing, Paragraph, Table
from reports.throughput.pieces import Link, Mark, Sentence, Stored, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reports.throughput.blocks import Block, Section
    from reports.throughput.pieces import Piece


def write_markdown(title: str, sections: Sequence[Section]) -> str:
    """Return the report as Markdown."""
    parts = [f"# {_text(title)}"]
    for section in sections:
        parts.append(f"## {_text(section.title)}")
        parts += [part for block in section.blocks for part in _block(block)]
    return "\n\n".join(parts) + "\n"


def _block(block: Block) -> Iterator[str]:
    match block:
        case Paragraph():
            yield _text(block.text)
        case Listing():
            yield from [f"**{_text(block.title)}**"] * bool(block.title)
            yield "\n".join(f"- {_text(item)}" for item in block.items)
        case Facts():
            yield "\n".join(f"- **{_text(name)}**: {_text(what)}" for name, what in block.rows)
        case Banner():
            yield f"**{_text(block.word)}** ({_text(block.about)})"
            yield _text(block.sentence)
        case Table():
            yield from _table(block)
        case Figure():
            yield f"### {_text(block.title)}"
            yield _text(block.caption)
            yield from _table(block.table)
        case Fold():
            yield f"### {_text(block.title)}"
            yield from (part for inner in block.blocks for part in _block(inner))


def _table(table: Table) -> Iterator[str]:
    yield _text(table.caption)
    head = "| " + " | ".join(_text(column.name) for column in table.columns) + " |"
    looks = ("---:" if column.look == "number" else "---" for column in table.columns)
    rows = ("| " + " | ".join(_text(cell) for cell in row) + " |" for row in table.rows)
    yield "\n".join((head, "| " + " | ".join(looks) + " |", *rows))


def _text(piece: Piece) -> str:
    match piece:
        case Sentence():
            return "".join(_text(part) for part in piece.pieces())
        case Stored(is_code=True):
            return _code(piece.text)
        case Link():
            return f"<{piece.address}>"
        case Mark():
            return f"*{_escape(piece.text)}*"
        case _:
            return _escape(clip(plain(piece)))


def _code(text: str) -> str:
    """Write code with a fence that is longer than any run of ticks within."""
    line = " ".join(text.split()).replace("|", "\\|")
    longest = max((len(run) for run in re.findall("`+", line)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if longest else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def _escape(text: str) -> str:
    """Write text so that no letter of it is markup, on one line."""
    line = re.sub(r"\s+", " ", text)
    return re.sub(r"([\\`*_\[\]<>|#~&])", r"\\\1", line)
