"""The outcomes of one operation as a table: a row a statement, a column a kind of crash."""

from __future__ import annotations

import dataclasses
import textwrap
from typing import TYPE_CHECKING, Final

from properties.interleaving.ladder import words_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_STATEMENT_WIDTH: Final = 60


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What became of the operation, by statement and kind of crash.

    Attributes:
        rows: each statement with its outcomes by kind; kinds that cannot be are left out.
    """

    name: str
    kinds: tuple[str, ...]
    rows: list[tuple[str, Mapping[str, str]]] = dataclasses.field(default_factory=list)

    def add(self, label: str, outcomes: Mapping[str, str]) -> None:
        """Add the next statement."""
        self.rows.append((label, outcomes))

    @property
    def outcomes(self) -> set[str]:
        """Every outcome that there is."""
        return {outcome for _, row in self.rows for outcome in row.values()}

    def markdown(self) -> str:
        """Return the table as Markdown that can be read as it is."""
        lines = [["", "statement", *self.kinds]]
        for number, (label, row) in enumerate(self.rows, start=1):
            outcomes = [row.get(kind, "") for kind in self.kinds]
            lines.append([str(number), _cell(label), *outcomes])
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        ruled = [lines[0], ["-" * width for width in widths], *lines[1:]]
        return "\n".join([f"### {self.name}", "", *(_line(line, widths) for line in ruled)])


def _cell(label: str) -> str:
    words = words_of(label).replace("|", "\\|")
    return textwrap.shorten(words, _STATEMENT_WIDTH, placeholder=" ...")


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return f"| {' | '.join(padded)} |"
