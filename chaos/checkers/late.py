"""late: a row was due, a worker had nothing to do, and yet nobody claimed it for far too long.

Far too long is what the contract gives an idle worker, and one recovery time more: had a worker
died over the row, it would have been back by then. Only time in which the run was awake counts, so
a machine that freezes is not taken for a queue that sleeps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos.checkers.awake import Awake
from chaos.checkers.checker import Checker, Finding, Findings
from chaos.checkers.waits import find_waits
from chaos.checkers.workers import find_idle, find_workers

if TYPE_CHECKING:
    from chaos.checkers.waits import Wait
    from chaos.history import History
    from engine.subjects.contract import Contract


def find(history: History, contract: Contract) -> Findings:
    """Find the rows that waited for nothing."""
    workers, awake = find_workers(history), Awake(history, contract)
    promised = contract.recovery_seconds if contract.wakes_up is None else contract.wakes_up
    limit = promised + contract.recovery_seconds
    exercised, found = 0, []
    for wait in find_waits(history):
        span = wait.ready_time, wait.until_time
        pid = find_idle(history, workers, wait.queue, *span) if wait.is_claimed else None
        exercised += pid is not None
        if pid is not None and awake.seconds(*span) > limit:
            found.append(_finding(history, wait, pid, limit))
    return Findings(exercised=exercised, found=found)


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
