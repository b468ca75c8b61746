"""slow-recovery: the faults were over, rows were due, a worker was idle, and nothing moved.

How long a recovery took is a number for the report and no offence: a backlog takes the time that
the machine needs. A standstill is one, if it lasts three times as long as the contract gives a task
whose worker died; only time in which the run was awake counts.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Final

from chaos.checkers.awake import Awake
from chaos.checkers.checker import Checker, Finding, Findings
from chaos.checkers.waits import find_waits
from chaos.checkers.workers import find_idle, find_workers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from chaos.checkers.waits import Wait
    from chaos.history import History
    from engine.subjects.contract import Contract

STANDSTILL: Final = 3
MOVES: Final = frozenset({"claim", "release", "finish", "dead-letter", "deleted"})


def healed_at(history: History) -> float | None:
    """Return when the last fault was over; None if there was none, or one never was."""
    ends = [window.closed for window in history.windows]
    ends += [kill.end.time for kill in history.kills if kill.end is not None]
    last = max(ends, default=math.inf)
    return last if math.isfinite(last) else None


def recovery_seconds(history: History) -> float | None:
    """Return how long after the last heal the rows were gone that were due by then.

    None if there was no fault or no heal, or if some of them never went; 0 if none were due.
    """
    healed = healed_at(history)
    if healed is None:
        return None
    rows = {id(wait.row): wait.row for wait in find_waits(history) if wait.ready_time <= healed}
    gone = [row.first("finish", "dead-letter", "deleted") for row in rows.values()]
    last = max((math.inf if op is None else op.time for op in gone), default=healed)
    return max(0.0, (last - healed) / 1e9) if math.isfinite(last) else None


def find(history: History, contract: Contract) -> Findings:
    """Find the standstills after the last heal."""
    healed = healed_at(history)
    if healed is None:
        return Findings(exercised=0)
    awake, limit = Awake(history, contract), STANDSTILL * contract.recovery_seconds
    waits = [wait for wait in find_waits(history) if wait.until_time > healed]
    found = list[Finding]()
    for start, end in _gaps(history, healed):
        if awake.seconds(start, end) > limit:
            spans = [(wait, (max(start, wait.ready_time), end)) for wait in waits]
            long = [
                (wait, span)
                for wait, span in spans
                if wait.until_time >= end and awake.seconds(*span) > limit
            ]
            found += itertools.islice(_with_idle_worker(history, long), 1)
    return Findings(exercised=len(waits), found=found)


def _with_idle_worker(
    history: History, waits: Iterable[tuple[Wait, tuple[float, float]]]
) -> Iterator[Finding]:
    workers = find_workers(history)
    for wait, span in waits:
        pid = find_idle(history, workers, wait.queue, *span)
        if pid is not None:
            yield _finding(history, span, wait, pid)


def _gaps(history: History, healed: float) -> Iterator[tuple[float, float]]:
    """Yield the times between two moves of the queue, to the end of the run."""
    moves = [op.time for op in history.ops if op.process == "audit" and op.f in MOVES]
    last = history.final.time if history.final is not None else history.ops[-1].time
    later = [time for time in moves if healed < time < last]
    # A window is at work until the very moment of its end.
    return itertools.pairwise([healed + 1, *later, max(healed + 1, last)])


def _finding(history: History, span: tuple[float, float], wait: Wait, pid: int) -> Finding:
    start, end = span
    return Finding(
        task=wait.row.task,
        proof=(
            f"after the last heal nothing moved from {history.at(start)} to {history.at(end)},"
            f" although row {wait.row.id} was ready since {history.at(wait.ready_time)} and worker"
            f" {pid} held no claim"
        ),
        moments=(round(start), round(end)),
        ops=wait.row.ops,
    )


CHECKER = Checker(
    name="slow-recovery",
    opportunities="rows that waited after the last heal",
    find=find,
)
