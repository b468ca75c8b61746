"""The attempts of a run, as its task bodies told them, each with how it ended.

A process that died closes its open attempts; an attempt that nothing closes stays open.
"""

from __future__ import annotations

import dataclasses
import enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.page.timeline import Timeline
    from reports.schema import Op


class Outcome(enum.StrEnum):
    """How an attempt ended."""

    OK = "ok"
    FAILED = "failed"
    KILLED = "killed"
    OPEN = "open"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One run of a task's body; an open one has no end."""

    task: str | None
    number: int | None
    process: str
    start: float
    end: float | None
    outcome: Outcome


DEATHS = ("kill", "exit", "death")
"""The words that say that a process is dead."""

_OUTCOMES = {"ok": Outcome.OK, "fail": Outcome.FAILED}


def find_attempts(ops: Sequence[Op], timeline: Timeline) -> list[Attempt]:
    """Pair the starts of bodies with their ends, in the order of the starts."""
    deaths = _find_deaths(ops)
    running: dict[tuple[str, str | None], list[Op]] = {}
    found = []
    for op in ops:
        if op.f != "attempt":
            continue
        begun = running.setdefault((op.process, op.task), [])
        if op.type == "invoke":
            begun.append(op)
        elif begun:
            outcome = _OUTCOMES.get(op.type, Outcome.OPEN)
            found.append(_attempt(begun.pop(), op, outcome, timeline))
    for left in running.values():
        found.extend(_interrupted(start, deaths, timeline) for start in left)
    return sorted(found, key=lambda attempt: attempt.start)


def process_id(process: str) -> str:
    """The id in a process's name: "body-4711" has "4711"."""
    return process.rpartition("-")[2]


def _find_deaths(ops: Sequence[Op]) -> dict[str, list[Op]]:
    deaths: dict[str, list[Op]] = {}
    for op in ops:
        if op.type == "ok" and op.f in DEATHS:
            deaths.setdefault(str(op.value.get("pid")), []).append(op)
    return deaths


def _interrupted(start: Op, deaths: dict[str, list[Op]], timeline: Timeline) -> Attempt:
    # The system may give a process id twice, so only a death after the start counts.
    later = (op for op in deaths.get(process_id(start.process), ()) if op.time >= start.time)
    death = next(later, None)
    return _attempt(start, death, Outcome.KILLED if death else Outcome.OPEN, timeline)


def _attempt(start: Op, end: Op | None, outcome: Outcome, timeline: Timeline) -> Attempt:
    return Attempt(
        task=start.task,
        number=start.attempt,
        process=start.process,
        start=timeline.seconds(start),
        end=timeline.seconds(end) if end else None,
        outcome=outcome,
    )
