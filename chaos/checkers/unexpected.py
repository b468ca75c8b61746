"""unexpected: a task ran that nobody had tried to enqueue by then.

One whose enqueues all failed for certain is an ``aborted-enqueue-executed``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos.checkers.checker import Checker, Finding, Findings

if TYPE_CHECKING:
    from chaos.history import History, Task
    from engine.subjects.contract import Contract


def find(history: History, _: Contract) -> Findings:
    """Find the tasks that ran before any producer may have wanted them."""
    return Findings(
        exercised=sum(len(task.attempts) for task in history.tasks.values()),
        found=[_finding(history, task) for task in unexpected_tasks(history)],
    )


def unexpected_tasks(history: History) -> list[Task]:
    """Return the tasks that ran and that no producer had called for."""
    return [
        task
        for task in history.tasks.values()
        if (signs := task.signs_of_bodies()) and not task.calls_before(signs[0])
    ]


def _finding(history: History, task: Task) -> Finding:
    ran = task.signs_of_bodies()[0]
    when = "had tried to enqueue it by then" if task.enqueues else "ever tried to enqueue it"
    return Finding(
        task=task.key,
        proof=f"{task.key} ran in {ran.process} at {history.at(ran.time)}, and no producer {when}",
        moments=(ran.time,),
        ops=task.ops,
    )


CHECKER = Checker(name="unexpected", opportunities="bodies that started", find=find)
