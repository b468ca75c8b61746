"""lost: an enqueue returned, and the task neither had its effect nor was dead-lettered.

A row that still lives is not lost: ``stuck`` judges it. A row among the completed ones without an
effect is: the queue says done, and nothing was done. But where no task of a user's own kind ever
said that it had an effect, it is the body that may say nothing: ``stats`` names that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos.checkers.checker import NO_FINAL_READ, Checker, Finding, Findings
from chaos.checkers.silence import kinds_of, silent_kinds

if TYPE_CHECKING:
    from chaos.history import Enqueue, History, Task
    from engine.subjects.contract import Contract


def find(history: History, _: Contract) -> Findings:
    """Find the acknowledged tasks that nobody ran and nobody gave up."""
    if history.final is None:
        return Findings(exercised=0, missing=NO_FINAL_READ)
    return Findings(
        exercised=sum(len(task.acknowledged()) for task in history.tasks.values()),
        found=[_finding(history, task, enqueue) for task, enqueue in lost_enqueues(history)],
    )


def lost_enqueues(history: History) -> list[tuple[Task, Enqueue]]:
    """Return each task that is lost, with the enqueue that returned; none without a final read."""
    silent = silent_kinds(history)
    return [
        (task, enqueue)
        for task in history.tasks.values()
        for enqueue in task.acknowledged()
        if history.final is not None
        and _is_lost(task, enqueue.row)
        and not (kinds_of(task) & silent and _may_be_done(task, enqueue.row))
    ]


def _is_lost(task: Task, row: object) -> bool:
    has_effect = any(row is None or effect.row in (None, row) for effect in task.effects)
    states = {op.value.get("state") for op in task.finals_of(row)}
    return not (has_effect or task.has_ended(row, "dead-letter") or states - {"completed"})


def _may_be_done(task: Task, row: object) -> bool:
    """Tell whether it is completed, and if any body of it was heard, one that returned was."""
    bodies = [attempt for attempt in task.attempts if row is None or attempt.row in (None, row)]
    has_returned = not bodies or any(attempt.outcome == "ok" for attempt in bodies)
    return has_returned and bool(task.finals_of(row))


def _finding(history: History, task: Task, enqueue: Enqueue) -> Finding:
    returned = (enqueue.end or enqueue.invoke).time
    starts = sum(enqueue.row in (None, attempt.row) for attempt in task.attempts)
    states = {str(op.value.get("state")) for op in task.finals_of(enqueue.row)}
    return Finding(
        task=task.key,
        proof=(
            f"{enqueue.invoke.process} was told at {history.at(returned)} that row {enqueue.row}"
            f" of {task.key} is enqueued; it was started {starts} times and never had an effect,"
            f" no dead-letter names it, and the final read at {_final_at(history)} found"
            f" {f'it {states.pop()}' if states else 'no row of it'}"
        ),
        moments=(returned, max(op.time for op in task.ops)),
        ops=task.ops,
    )


def _final_at(history: History) -> str:
    return history.at(history.final.time) if history.final else "no time"


CHECKER = Checker(name="lost", opportunities="acknowledged enqueues", find=find)
