"""Duplicates found under a lock, before the insert."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chaos.zoo.correct.locking import lock_out
from chaos.zoo.engine import ChangedEngine
from chaos.zoo.replacing import Replacement

if TYPE_CHECKING:
    from collections.abc import Callable

    from background_task.databases import QueueDatabase
    from background_task.enqueue import Enqueue

_BITS_OF_A_NUMBER: Final = 60


def _look_and_insert(
    real: Callable[..., Any], database: QueueDatabase, request: Enqueue, hash_: str
) -> Any:
    """Insert what is not there; the index still refuses what batches and requeues put there."""
    if not request.unique:
        return real(database, request, hash_)
    with database.transaction():
        lock_out(database, int(hash_[: _BITS_OF_A_NUMBER // 4], 16))
        live = database.execute(
            "SELECT 1 FROM background_task_scheduledtask WHERE live_hash = %s", (hash_,)
        ).fetchone()
        return None if live else real(database, request, hash_)


ENQUEUEING: Final = (
    ChangedEngine(
        name="look_before_insert",
        summary="equal calls lock one another out, and look for a live task before they insert",
        provenance="the advisory locks of Oban's unique jobs and of good_job's concurrency keys",
        replacements=(Replacement(of="enqueue:_insert", by=_look_and_insert),),
    ),
)
