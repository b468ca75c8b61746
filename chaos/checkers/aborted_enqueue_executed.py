"""aborted-enqueue-executed: what a failed or rolled back enqueue asked for ran nevertheless.

Accused are rows that no other call of before can have made: no answer named them, and there are
more of them than calls whose end nobody knows. A task that repeats makes rows itself and is not
judged by rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos.checkers.checker import Checker, Finding, Findings

if TYPE_CHECKING:
    from chaos.history import Enqueue, History, Task
    from engine.subjects.contract import Contract
    from reports.schema import Op


def find(history: History, _: Contract) -> Findings:
    """Find the tasks that ran because of an enqueue that had no effect."""
    failures = {
        task: failed
        for task in history.tasks.values()
        if (failed := [call for call in task.enqueues if call.has_failed])
    }
    return Findings(
        exercised=sum(map(len, failures.values())),
        found=[
            _finding(history, task, failed[0], ran)
            for task, failed in failures.items()
            if (ran := _forbidden_run(task)) is not None
        ],
    )


def _forbidden_run(task: Task) -> Op | None:
    """Return the first op of a body that only a failed enqueue can have asked for."""
    for ran in task.signs_of_bodies():
        calls = task.calls_before(ran)
        if calls and all(call.has_failed for call in calls):
            return ran
    return None if _repeats(task) else _surplus_run(task)


def _surplus_run(task: Task) -> Op | None:
    """Return the first start of a row too many after a call that failed."""
    starts: dict[object, Op] = {}
    for attempt in task.attempts:
        if attempt.row is not None:
            starts.setdefault(attempt.row, attempt.invoke)
    for row, ran in starts.items():
        calls = task.calls_before(ran)
        makers = [call for call in calls if call.may_have_made_a_row]
        started = {other for other, start in starts.items() if start.time <= ran.time}
        strangers = started - {call.row for call in makers}
        unknown = sum(call.row is None for call in makers)
        has_one_failed = any(call.has_failed for call in calls)
        if row in strangers and has_one_failed and len(strangers) > unknown:
            return ran
    return None


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
