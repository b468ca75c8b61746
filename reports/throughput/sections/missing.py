"""What a section says whose data no run has: one sentence, with the command that measures it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.throughput.blocks import Paragraph
from reports.throughput.facts import read_facts
from reports.throughput.pieces import code, say

if TYPE_CHECKING:
    from reports.throughput.pieces import Piece


def missing(section: str, what: Piece) -> Paragraph:
    """Say that something was not measured, and how it can be."""
    command = code(read_facts().commands[section])
    return Paragraph(
        text=say(
            "{what} is in none of these runs: {command} measures it.", what=what, command=command
        ),
        tone="missing",
    )
