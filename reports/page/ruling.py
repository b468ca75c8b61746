"""What a verdict rules out: the promises that one witness refutes, or the anomalies not seen.

It claims nothing beyond the one history that was judged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.page.families import family_of
from reports.page.properties import State
from reports.page.wording import plural
from reports.schema import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.page.properties import PropertyRow


def rule_out(verdict: Verdict, rows: Sequence[PropertyRow]) -> list[str]:
    """Say in sentences what is ruled out, what was seen and is allowed, and what stays open."""
    held = [row for row in rows if row.state is State.VALID and row.is_forbidden]
    # That the run was worth judging is a condition of the verdict, and no anomaly.
    held = [row for row in held if row.name != "stats"]
    sentences = [_refuted(rows)] if verdict is Verdict.INVALID else []
    if verdict is Verdict.VALID and held:
        sentences.append(f"For this history, {_names(held)}: each was put to the test.")
    if verdict is Verdict.UNKNOWN:
        sentences.append("Nothing: what was not put to the test may be so or not.")
    allowed = [row for row in rows if row.state is State.ALLOWED]
    if allowed:
        sentences.append(f"Seen, and allowed by the contract: {_counted(allowed)}.")
    idle = sum(row.state is State.UNTESTED for row in rows)
    if idle:
        said = plural(idle, "property", "properties")
        sentences.append(f"It says nothing of {said} that this run did not exercise.")
    return sentences


def _refuted(rows: Sequence[PropertyRow]) -> str:
    broken: dict[str, list[PropertyRow]] = {}
    for row in rows:
        if row.state is State.INVALID:
            broken.setdefault(family_of(row.name), []).append(row)
    said = [f"“{family}” ({_counted(mine)})" for family, mine in broken.items()]
    many = "these promises" if len(said) > 1 else "this promise"
    if not said:
        return "No check says what."
    return f"{', '.join(said)}: this subject, set up like this, does not keep {many}."


def _names(rows: Sequence[PropertyRow]) -> str:
    return ", ".join(row.name for row in rows)


def _counted(rows: Sequence[PropertyRow]) -> str:
    return ", ".join(f"{row.name} ×{row.count}" for row in rows)  # noqa: RUF001 - it is times
