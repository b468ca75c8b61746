"""lost-wakeup: after the faults, idle workers no longer hear that something is due.

One slow pickup proves nothing on a busy machine. So most of the pickups after the last heal have
to be slow, twice as slow as promised, and most of those before the first fault not.
"""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Final

from chaos.checkers.awake import Awake
from chaos.checkers.checker import Checker, Finding, Findings
from chaos.checkers.waits import find_waits
from chaos.checkers.workers import find_idle, find_workers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chaos.checkers.waits import Wait
    from chaos.history import History
    from engine.subjects.contract import Contract

BEFORE: Final = 5
AFTER: Final = 10
"""So many pickups tell what is usual."""

TIMES_SLOWER: Final = 2.0


def find(history: History, contract: Contract) -> Findings:
    """Compare the pickups by idle workers before the faults with those after them."""
    if contract.wakes_up is None or not history.windows:
        return Findings(exercised=0)
    first = min(window.opened.time for window in history.windows)
    last = max(window.closed for window in history.windows)
    pickups = _pickups(history)
    before = [wait for wait in pickups if wait.until_time < first]
    after = [wait for wait in pickups if wait.ready_time > last]
    awake = Awake(history, contract)
    usual, now = _median(awake, before), _median(awake, after)
    if len(before) < BEFORE or len(after) < AFTER or usual > contract.wakes_up:
        return Findings(exercised=0)
    is_lost = now > contract.wakes_up * TIMES_SLOWER
    return Findings(
        exercised=len(after),
        found=[_finding(history, after, usual, now)] if is_lost else (),
    )


def _pickups(history: History) -> list[Wait]:
    workers = find_workers(history)
    return [
        wait
        for wait in find_waits(history)
        if wait.is_claimed
        and find_idle(history, workers, wait.queue, wait.ready_time, wait.until_time) is not None
    ]


def _median(awake: Awake, waits: Sequence[Wait]) -> float:
    seconds = [awake.seconds(wait.ready_time, wait.until_time) for wait in waits]
    return statistics.median(seconds) if seconds else 0.0


def _finding(history: History, after: Sequence[Wait], usual: float, now: float) -> Finding:
    example = max(after, key=lambda wait: wait.until_time - wait.ready_time)
    return Finding(
        task=example.row.task,
        proof=(
            f"of the {len(after)} rows that became due after the last heal while a worker was idle,"
            f" half waited for {now:.2f} s or more, and half of those before the first fault for"
            f" no more than {usual:.2f} s; row {example.row.id} waited from"
            f" {history.at(example.ready_time)} to {history.at(example.until_time)}"
        ),
        moments=(round(example.ready_time), round(example.until_time)),
        ops=example.row.ops,
    )


CHECKER = Checker(
    name="lost-wakeup",
    opportunities=f"{AFTER} pickups by idle workers after a fault, to compare with {BEFORE} before",
    find=find,
    is_promised=lambda contract: contract.wakes_up is not None,
)
