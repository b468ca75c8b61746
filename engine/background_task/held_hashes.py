"""The idempotency window: a hash that stays taken for a while after its task completed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from background_task.databases import SCHEDULED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from background_task.databases import QueueDatabase
    from background_task.models import CompletedTask

HELD: Final = "background_task_heldhash"


def hold_hashes(database: QueueDatabase, ids: Sequence[int]) -> None:
    """Keep the hashes of tasks that complete now, where they asked for it.

    Must run in the transaction that takes the tasks out of the queue, before it does so.
    """
    among, values = database.dialect.among(ids)
    asking = (
        f"FROM {SCHEDULED} WHERE hold_seconds IS NOT NULL AND live_hash IS NOT NULL AND id {among}"
    )
    database.execute(f"DELETE FROM {HELD} WHERE task_hash IN (SELECT task_hash {asking})", values)
    after = database.dialect.after.replace("%s", "hold_seconds")
    database.execute(
        f"INSERT INTO {HELD} (task_hash, task_id, held_until)"
        f" SELECT task_hash, id, {after} {asking}",
        values,
    )


def holder(database: QueueDatabase, hash_: str) -> CompletedTask | None:
    """Return the completed task that holds the hash still, or None.

    A task that was not kept is returned with its id and hash only.
    """
    from background_task.models import CompletedTask

    id_ = holders(database, [hash_]).get(hash_)
    if id_ is None:
        return None
    kept = CompletedTask.objects.using(database.alias).filter(id=id_).first()
    return kept or CompletedTask(id=id_, task_hash=hash_)


def holders(database: QueueDatabase, hashes: Sequence[str]) -> dict[str, int]:
    """Return the ids of the completed tasks that hold some of the hashes still, by hash."""
    if not hashes:
        return {}
    among, values = database.dialect.among(hashes)
    rows = database.execute(
        f"SELECT task_hash, task_id FROM {HELD} WHERE task_hash {among}"
        f" AND held_until > {database.dialect.now} {database.dialect.lock}",
        values,
    ).fetchall()
    return dict(rows)
