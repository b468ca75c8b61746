"""torn-batch: of the tasks of one ``enqueue_many`` some have a row, and others have none.

Judged are batches whose calls all ended alike: all acknowledged, all failed, or nobody knows how.
Left out of a batch are the duplicates, whose row is another call's, and the tasks that some other
call may have made a row of.
"""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING

from chaos.checkers.checker import NO_FINAL_READ, Checker, Finding, Findings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chaos.history import Enqueue, History, Task
    from engine.subjects.contract import Contract

    Members = Sequence[tuple[Task, Enqueue]]


def find(history: History, _: Contract) -> Findings:
    """Find the batches that were enqueued in part."""
    batches = _batches(history)
    if history.final is None:
        return Findings(exercised=0, missing=NO_FINAL_READ if batches else "")
    judged = {name: members for name, members in batches.items() if _ended_alike(members)}
    return Findings(
        exercised=len(judged),
        found=[
            _finding(history, name, there, missing, task)
            for name, members in judged.items()
            for there, missing in [_split(members)]
            for task in (missing if there else [])
        ],
    )


def _batches(history: History) -> dict[object, Members]:
    """Return the calls of each batch of two tasks or more."""
    batches: dict[object, list[tuple[Task, Enqueue]]] = collections.defaultdict(list)
    for task in history.tasks.values():
        for enqueue in task.enqueues:
            if enqueue.batch is not None:
                batches[enqueue.batch].append((task, enqueue))
    return {name: members for name, members in batches.items() if len(members) > 1}


def _ended_alike(members: Members) -> bool:
    return len({None if enqueue.end is None else enqueue.end.type for _, enqueue in members}) == 1


def _split(members: Members) -> tuple[list[Task], list[Task]]:
    """Return the tasks that have a row, and those that have none."""
    there: list[Task] = []
    missing: list[Task] = []
    for task, enqueue in members:
        others = (one for one in task.enqueues if one is not enqueue)
        if enqueue.is_duplicate or any(one.may_have_made_a_row for one in others):
            continue
        (there if _has_row(task) else missing).append(task)
    return there, missing


def _has_row(task: Task) -> bool:
    """Tell whether anybody but its producer ever saw a row of it."""
    return bool(task.finals or task.attempts or task.loose) or any(
        row.audit for row in task.rows.values()
    )


def _finding(
    history: History, name: object, there: Sequence[Task], missing: Sequence[Task], task: Task
) -> Finding:
    call = next(one.invoke for one in task.enqueues if one.batch == name)
    return Finding(
        task=task.key,
        proof=(
            f"{task.key} has no row, and {there[0].key} has one: {call.process} enqueued both at"
            f" {history.at(call.time)} in the batch {name}, of which {len(there)} tasks have a row"
            f" and {len(missing)} have none"
        ),
        moments=(call.time,),
        ops=[*there[0].ops, *task.ops],
    )


CHECKER = Checker(name="torn-batch", opportunities="batches whose calls all ended alike", find=find)
