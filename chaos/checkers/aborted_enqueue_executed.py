"""aborted-enqueue-executed: what a failed or rolled back enqueue asked for ran nevertheless.

Accused are rows that no other call can have made: no answer named them, and there are more of them
than calls whose end nobody knows. A task that repeats makes rows itself and is not judged by rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos.checkers.checker import Checker, Finding, Findings

if TYPE_CHECKING:
    from chaos.history import Attempt, Enqueue, History, Task
    from engine.subjects.contract import Contract
    from reports.schema import Op


def find(history: History, _: Contract) -> Findings:
    """Find the tasks that ran because of an enqueue that had no effect."""
    failed = [
        (task, failures)
        for task in history.tasks.values()
        if (failures := [enqueue for enqueue in task.enqueues if enqueue.has_failed])
    ]
    return Findings(
        exercised=sum(len(failures) for _, failures in failed),
        found=[
            _finding(history, task, failures[0], ran)
            for task, failures in failed
            if (ran := _forbidden_run(task)) is not None
        ],
    )


def _forbidden_run(task: Task) -> Op | None:
    """Return the first op of a body that only a failed enqueue can have asked for."""
    if all(enqueue.has_failed for enqueue in task.enqueues):
        return next((op for op in task.ops if op.f in ("attempt", "effect")), None)
    if _repeats(task):
        return None
    named = {enqueue.row for enqueue in task.enqueues if enqueue.is_acknowledged}
    unknown = sum(enqueue.may_have_made_a_row and enqueue.row is None for enqueue in task.enqueues)
    runs: dict[object, Attempt] = {}
    for attempt in task.attempts:
        if attempt.row is not None and attempt.row not in named:
            runs.setdefault(attempt.row, attempt)
    surplus = list(runs.values())[unknown:]
    return surplus[0].invoke if surplus else None


def _repeats(task: Task) -> bool:
    calls = any(enqueue.invoke.value.get("repeat_seconds") for enqueue in task.enqueues)
    born = [row.created for row in task.rows.values() if row.created is not None]
    return calls or any(op.value.get("repeats") or op.value.get("slot_at") for op in born)


def _finding(history: History, task: Task, failure: Enqueue, ran: Op) -> Finding:
    end = failure.end or failure.invoke
    error = f" ({end.error})" if end.error else ""
    rolled_back = ", in a transaction that was rolled back" if failure.aborts else ""
    row = ran.value.get("row")
    which = f"row {row} of {task.key}" if row is not None else task.key
    return Finding(
        task=task.key,
        proof=(
            f"{which} ran in {ran.process} at {history.at(ran.time)}, and no enqueue can have asked"
            f" for it but that of {end.process}, which failed at {history.at(end.time)}"
            f"{error}{rolled_back}"
        ),
        moments=(end.time, ran.time),
        ops=task.ops,
    )


CHECKER = Checker(name="aborted-enqueue-executed", opportunities="enqueues that failed", find=find)
