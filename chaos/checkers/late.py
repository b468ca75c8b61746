"""late: a row was due, a worker had nothing to do, and yet nobody claimed it for far too long.

Far too long is what the contract gives an idle worker, and one recovery time more: had a worker
died over the row, it would have been back by then. Only time in which the run was awake counts, so
a machine that freezes is not taken for a queue that sleeps. A queue that is always slow is late
too: half of all pickups by idle workers outside of faults took more than twice what is promised.
"""

from __future__ import annotations

import math
import statistics
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

ENOUGH: Final = 10
"""Of fewer pickups the median says nothing."""

EPISODES: Final = 3
"""And a single hold-up, after which many rows are claimed at once, is one pickup."""

PATIENCE: Final = 2
"""A median of less than this many times what is promised may be the machine's."""


def find(history: History, contract: Contract) -> Findings:
    """Find the rows that waited for nothing."""
    workers, awake = find_workers(history), Awake(history, contract)
    promised = contract.recovery_seconds if contract.wakes_up is None else contract.wakes_up
    limit = promised + contract.recovery_seconds
    exercised, found = 0, []
    calm: list[tuple[float, Wait]] = []
    for wait in find_waits(history):
        span = wait.ready_time, wait.until_time
        pid = find_idle(history, workers, wait.queue, *span) if wait.is_claimed else None
        exercised += pid is not None
        if pid is not None and awake.seconds(*span) > limit:
            found.append(_finding(history, wait, pid, limit))
        if pid is not None and _is_calm(history, contract, *span):
            calm.append((awake.seconds(*span), wait))
    if not found and len(calm) >= ENOUGH:
        found += _always_late(history, calm, promised)
    return Findings(exercised=exercised, found=found)


def _is_calm(history: History, contract: Contract, start: float, end: float) -> bool:
    """Tell whether no fault was at work, nor had been for one recovery time before."""
    since = start - contract.recovery_seconds * 1e9
    return not any(window.is_at_work(since, end) for window in history.windows)


def _episodes(times: Iterable[float], apart: float) -> int:
    """Return how many of the times are so many seconds apart."""
    count, last = 0, -math.inf
    for time in sorted(times):
        if time - last > apart * 1e9:
            count, last = count + 1, time
    return count


def _always_late(
    history: History, calm: list[tuple[float, Wait]], promised: float
) -> Iterator[Finding]:
    """Yield a finding if the typical pickup was late; its witness is the slowest one."""
    median = statistics.median(seconds for seconds, _ in calm)
    limit = promised * PATIENCE
    ends = [wait.until_time for seconds, wait in calm if seconds > limit]
    if median <= limit or _episodes(ends, limit) < EPISODES:
        return
    slowest = max((wait for _, wait in calm), key=lambda wait: wait.until - wait.ready)
    yield Finding(
        task=slowest.row.task,
        proof=(
            f"half of {len(calm)} rows that became due while a worker held no claim, and no fault"
            f" was at work, waited for more than {median:.2f} s, where {promised:g} s are"
            f" promised; the slowest was row {slowest.row.id}, ready at"
            f" {history.at(slowest.ready_time)} and claimed at {history.at(slowest.until_time)}"
        ),
        moments=(round(slowest.ready_time), round(slowest.until_time)),
        ops=slowest.row.ops,
    )


def _finding(history: History, wait: Wait, pid: int, limit: float) -> Finding:
    return Finding(
        task=wait.row.task,
        proof=(
            f"row {wait.row.id} was ready at {history.at(wait.ready_time)} and not claimed before"
            f" {history.at(wait.until_time)}, more than {limit:g} s later, although worker {pid}"
            " held no claim all the while"
        ),
        moments=(round(wait.ready_time), round(wait.until_time)),
        ops=wait.row.ops,
    )


CHECKER = Checker(
    name="late",
    opportunities="rows that became due while a worker was idle",
    find=find,
    is_promised=lambda contract: contract.wakes_up is not None,
)
