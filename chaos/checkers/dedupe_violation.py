"""dedupe-violation: a live task was put into the queue twice.

Two live rows with one hash are judged by the audit's order, so no fault excuses them. A call that
was refused wrongly is a ``false-dedupe`` or a ``stale-key``.
"""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING

from chaos.checkers.checker import Checker, Finding, Findings
from chaos.rows import audit_order

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaos.history import History
    from chaos.rows import Row
    from engine.subjects.contract import Contract


def find(history: History, _: Contract) -> Findings:
    """Find the rows with a live twin."""
    refused = sum(
        enqueue.is_acknowledged and enqueue.is_duplicate
        for task in history.tasks.values()
        for enqueue in task.enqueues
    )
    twins = [_finding(history, first, second) for first, second in _twins(history)]
    return Findings(exercised=refused + len(twins), found=twins)


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


def _finding(history: History, first: Row, second: Row) -> Finding:
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


CHECKER = Checker(
    name="dedupe-violation",
    opportunities="enqueues of a live task",
    find=find,
    is_promised=lambda contract: contract.deduplicates,
)
