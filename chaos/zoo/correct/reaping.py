"""Leases that ran out are taken back one by one, each in a transaction of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from chaos.zoo.correct.locking import looking_with
from chaos.zoo.engine import ChangedEngine
from chaos.zoo.replacing import Replacement

if TYPE_CHECKING:
    from collections.abc import Callable

    from background_task.claims import Expired
    from background_task.databases import QueueDatabase
    from background_task.terms import Terms

    Reap: TypeAlias = Callable[[QueueDatabase, Terms], list[Expired]]


def _reap_each(real: Reap, database: QueueDatabase, terms: Terms) -> list[Expired]:
    from background_task.claims import REAP_LIMIT

    reaped: list[Expired] = []
    for _ in range(REAP_LIMIT):
        # Those before are taken back for good, so the victim of others begins with this one again.
        one = database.retry_transient(lambda: real(database, terms))
        reaped += one
        if not one:
            break
    return reaped


def _first_that_is_expired_still(
    real: Reap, database: QueueDatabase, terms: Terms
) -> list[Expired]:
    seen = real(looking_with(database, ""), terms)
    return next(([task] for task in seen if _is_expired_still(database, task)), [])


def _is_expired_still(database: QueueDatabase, task: Expired) -> bool:
    """Write to a row if its lease ran out, which keeps it so until the transaction ends."""
    written = database.execute(
        "UPDATE background_task_scheduledtask SET claimed_by = claimed_by"  # noqa: S608
        " WHERE id = %s AND claimed_by = %s AND attempts = %s"
        f" AND lease_until < {database.dialect.now}",
        (task.id, task.claimed_by, task.attempts),
    )
    return bool(written.rowcount)


REAPING: Final = (
    ChangedEngine(
        name="reap_one_by_one",
        summary="reads without a lock what ran out, and asks again in the write that takes it back",
        provenance="django-q2, which compares in the update of each task",
        replacements=(
            Replacement(of="outcomes:reap", by=_reap_each),
            Replacement(of="claims:reap", by=_first_that_is_expired_still),
        ),
    ),
)
