"""What a person may do to waiting tasks: cancel, run now, change the priority.

Each is one conditional statement for a batch of rows: a task that a worker claims at the same
moment is either changed before the claim, or not at all.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Final

from background_task.databases import SCHEDULED
from background_task.notifications import announce
from background_task.task_options import WHOLE_NUMBERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from background_task.databases import QueueDatabase

BATCH: Final = 500


def cancel(database: QueueDatabase, ids: Sequence[int]) -> int:
    """Delete waiting tasks; return how many."""
    return _change_waiting(database, f"DELETE FROM {SCHEDULED}", ids)


def run_now(database: QueueDatabase, ids: Sequence[int]) -> int:
    """Make waiting tasks due, and keep the place of those that are; return how many there were."""
    now = database.dialect.now
    run_at = f"CASE WHEN run_at > {now} THEN {now} ELSE run_at END"
    changed = _change_waiting(database, f"UPDATE {SCHEDULED} SET run_at = {run_at}", ids)
    announce(database)
    return changed


def raise_priority(database: QueueDatabase, ids: Sequence[int]) -> int:
    """Add 1 to the priority of waiting tasks, up to the highest; return how many."""
    return _add_to_priority(database, 1, ids, limit=WHOLE_NUMBERS[-1])


def lower_priority(database: QueueDatabase, ids: Sequence[int]) -> int:
    """Take 1 from the priority of waiting tasks, down to the lowest; return how many."""
    return _add_to_priority(database, -1, ids, limit=WHOLE_NUMBERS[0])


def _add_to_priority(
    database: QueueDatabase, change: int, ids: Sequence[int], *, limit: int
) -> int:
    priority = f"CASE WHEN priority = {limit} THEN priority ELSE priority + {change} END"
    return _change_waiting(database, f"UPDATE {SCHEDULED} SET priority = {priority}", ids)


def _change_waiting(database: QueueDatabase, change: str, ids: Sequence[int]) -> int:
    changed = 0
    for start in range(0, len(ids), BATCH):
        among, batch = database.dialect.among(ids[start : start + BATCH])
        sql = f"{change} WHERE lease_until IS NULL AND id {among}"
        run = functools.partial(database.execute, sql, batch)
        changed += database.retry_transient(run).rowcount
    return changed
