"""A schedule as people read it: a column a session, a rung a step, and who waited for whom."""

from __future__ import annotations

import dataclasses
import re
import textwrap
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH: Final = 110


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step that was taken.

    Attributes:
        label: the statement, ``COMMIT``, or what a program called its gate.
        note: what else is to be said: whom it waited for, or what went wrong.
    """

    session: int
    label: str
    note: str = ""


def ladder(steps: Sequence[Step], names: Sequence[str]) -> str:
    """Return the steps as lines of text."""
    width = max(24, WIDTH // len(names) - 2)
    lines = [_rung("", names, width)]
    for number, step in enumerate(steps):
        text = words_of(step.label) + (f"  [{step.note}]" if step.note else "")
        parts = textwrap.wrap(text, width - 2, max_lines=4, placeholder=" ...")
        before = [""] * step.session
        for mark, part in zip([str(number), *[""] * len(parts)], parts, strict=False):
            lines.append(_rung(mark, [*before, part], width))
    return "\n".join(lines)


def words_of(sql: str) -> str:
    """Return a statement without what every statement of the queue has."""
    words = re.sub(r"\s+", " ", sql).replace("background_task_", "").replace('"', "")
    words = words.replace("`", "")
    words = re.sub(r"^SELECT .*? FROM ", "SELECT ... FROM ", words)
    return re.sub(r"^(INSERT INTO \w+) ?\(.*?\)", r"\1 (...)", words)


def _rung(number: str, cells: Sequence[str], width: int) -> str:
    return f"{number:>3} " + " ".join(cell.ljust(width) for cell in cells).rstrip()
