"""dedupe-violation: a live task was put into the queue twice, or one was refused as its own ghost.

Two live rows with one hash are judged by the audit's order. A refusal is judged by time, and never
closer than the clocks and a slow commit allow.
"""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING, Final

from chaos.checkers.checker import Checker, Finding, Findings
from chaos.history import CLOCK_SLACK_NS
from chaos.rows import audit_order

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaos.history import Enqueue, History, Task
    from chaos.rows import Row
    from engine.subjects.contract import Contract

COMMIT_SLACK_NS: Final = 1_000_000_000
"""The audit notes a deletion before its commit; until then others rightly see the row live."""


def find(history: History, _: Contract) -> Findings:
    """Find the rows with a live twin, and the duplicates of rows that were not live."""
    refused = [
        (task, enqueue)
        for task in history.tasks.values()
        for enqueue in task.enqueues
        if enqueue.is_acknowledged and enqueue.is_duplicate
    ]
    twins = [_twin_finding(history, first, second) for first, second in _twins(history)]
    ghosts = [
        _ghost_finding(history, task, enqueue)
        for task, enqueue in refused
        if not _may_have_been_live(history, enqueue)
    ]
    return Findings(exercised=len(refused) + len(twins), found=[*twins, *ghosts])


def _twins(history: History) -> Iterator[tuple[Row, Row]]:
    """Yield each row that was created unique while another unique row of its hash was live."""
    live: dict[object, dict[object, Row]] = collections.defaultdict(dict)
    events = [(op, row) for row in history.rows.values() for op in row.audit]
    for op, row in sorted(events, key=lambda event: audit_order(event[0])):
        hash_ = row.created.value.get("task_hash") if row.created else None
        if hash_ is None or not _is_unique(history, row):
            continue
        if op is row.created:
            if live[hash_]:
                yield next(iter(live[hash_].values())), row
            live[hash_][row.id] = row
        elif op.f == "deleted":
            live[hash_].pop(row.id, None)


def _is_unique(history: History, row: Row) -> bool:
    """Tell whether the row was certainly enqueued unique.

    A row that no acknowledged enqueue names may stem from any call whose end nobody knows.
    """
    enqueues = history.tasks[row.task].enqueues if row.task is not None else []
    makers = [enqueue for enqueue in enqueues if enqueue.may_have_made_a_row]
    own = [enqueue for enqueue in makers if enqueue.row == row.id]
    unknown = [enqueue for enqueue in makers if enqueue.row is None]
    candidates = own or unknown
    return bool(candidates) and all(enqueue.is_unique for enqueue in candidates)


def _may_have_been_live(history: History, enqueue: Enqueue) -> bool:
    row = history.rows.get(enqueue.row)
    if row is None or enqueue.end is None:
        return True
    created, deleted = row.created, row.first("deleted")
    is_born = created is None or created.time - CLOCK_SLACK_NS <= enqueue.end.time
    is_alive = deleted is None or deleted.time + COMMIT_SLACK_NS >= enqueue.invoke.time
    return is_born and is_alive


def _twin_finding(history: History, first: Row, second: Row) -> Finding:
    born = [row.created.time for row in (first, second) if row.created]
    ops = first.ops if first.task == second.task else [*first.ops, *second.ops]
    return Finding(
        task=second.task,
        proof=(
            f"row {second.id} was created at {history.at(born[1])} while row {first.id}, created at"
            f" {history.at(born[0])} with the same hash, was live, and both were to be unique"
        ),
        moments=tuple(born),
        ops=ops,
    )


def _ghost_finding(history: History, task: Task, enqueue: Enqueue) -> Finding:
    row = history.rows[enqueue.row]
    told = enqueue.end.time if enqueue.end else enqueue.invoke.time
    life = [
        f"{word} at {history.at(op.time)}"
        for word, op in (("created", row.created), ("deleted", row.first("deleted")))
        if op is not None
    ]
    return Finding(
        task=task.key,
        proof=(
            f"{enqueue.invoke.process} enqueued {task.key} from {history.at(enqueue.invoke.time)}"
            f" to {history.at(told)} and was told that row {row.id} is its live duplicate, which"
            f" was {' and '.join(life)}"
        ),
        moments=(enqueue.invoke.time, told),
        ops=task.ops,
    )


CHECKER = Checker(
    name="dedupe-violation",
    opportunities="enqueues of a live task",
    find=find,
    is_promised=lambda contract: contract.deduplicates,
)
