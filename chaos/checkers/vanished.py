"""vanished: an acknowledged task's row is gone, and no finish and no dead-letter took it away.

Without an end on record, whether it ran or not is a matter of luck.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos.checkers.checker import NO_FINAL_READ, Checker, Finding, Findings

if TYPE_CHECKING:
    from chaos.history import Enqueue, History, Task
    from engine.subjects.contract import Contract


def find(history: History, _: Contract) -> Findings:
    """Find the acknowledged rows that the final read did not see and nothing explains."""
    if history.final is None:
        return Findings(exercised=0, missing=NO_FINAL_READ)
    acknowledged = [
        (task, enqueue) for task in history.tasks.values() for enqueue in task.acknowledged()
    ]
    return Findings(
        exercised=len(acknowledged),
        found=[
            _finding(history, task, enqueue, history.final.time)
            for task, enqueue in acknowledged
            if _has_vanished(task, enqueue.row)
        ],
    )


def _has_vanished(task: Task, row: object) -> bool:
    return not task.has_ended(row, "finish", "dead-letter") and not task.finals_of(row)


def _finding(history: History, task: Task, enqueue: Enqueue, final: int) -> Finding:
    returned = (enqueue.end or enqueue.invoke).time
    known = task.rows.get(enqueue.row)
    deleted = known.first("deleted") if known else None
    gone = f"; it was deleted at {history.at(deleted.time)}" if deleted else ""
    return Finding(
        task=task.key,
        proof=(
            f"{enqueue.invoke.process} was told at {history.at(returned)} that row {enqueue.row}"
            f" of {task.key} is enqueued; the final read at {history.at(final)} found it in no"
            f" state, and neither a finish nor a dead-letter names it{gone}"
        ),
        moments=(returned, deleted.time if deleted else final),
        ops=task.ops,
    )


CHECKER = Checker(name="vanished", opportunities="acknowledged enqueues", find=find)
