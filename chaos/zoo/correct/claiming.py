"""Claims without SKIP LOCKED: by comparison, one claimer at a time, with waits, serializable."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from chaos.zoo.correct.locking import lock_out, looking_with
from chaos.zoo.engine import ChangedEngine
from chaos.zoo.replacing import Replacement

if TYPE_CHECKING:
    from collections.abc import Callable

    from background_task.claims import Claim
    from background_task.databases import QueueDatabase
    from background_task.due import Lookout, Row
    from background_task.terms import Terms

_CLAIMS: Final = 7001
"""The number of the advisory lock on all claims."""

_ALREADY_BEGUN: Final = 1568


def _claim_by_comparison(
    _real: object,
    database: QueueDatabase,
    terms: Terms,
    *,
    limit: int,
    lookout: Lookout | None = None,
) -> list[Claim]:
    from background_task import claims
    from background_task.due import look

    rows = look(looking_with(database, ""), terms, limit, lookout)
    claimed_at = time.monotonic()
    return [
        claims._claim(row, claimed_at)  # noqa: SLF001 - a claim is what it is in the real one
        for row in rows
        if _is_ours(database, terms, id_=row[0], token=row[1])
    ]


def _is_ours(database: QueueDatabase, terms: Terms, *, id_: int, token: int) -> bool:
    """Claim a row if it is what it was; nobody's claim, but a call may have moved its time."""
    dialect = database.dialect
    claimed = database.execute(
        "UPDATE background_task_scheduledtask SET token = token + 1, attempts = attempts + 1,"  # noqa: S608
        f" claimed_by = %s, claimed_at = {dialect.now}, lease_until = {dialect.after}"
        f" WHERE id = %s AND token = %s AND lease_until IS NULL AND run_at <= {dialect.now}",
        (terms.owner, terms.lease_seconds, id_, token),
    )
    return bool(claimed.rowcount)


def _claim_alone(
    real: Callable[..., list[Claim]], database: QueueDatabase, *rest: Any, **options: Any
) -> list[Claim]:
    lock_out(database, _CLAIMS)
    # No claimer is in the way, but whoever cancels a task or moves it may be.
    return real(looking_with(database, database.dialect.lock), *rest, **options)


def _look_and_wait(
    real: Callable[..., list[Row]], database: QueueDatabase, *rest: Any
) -> list[Row]:
    looking = looking_with(database, "")
    among, ids = database.dialect.among([row[0] for row in real(looking, *rest)])
    if not ids or not ids[0]:
        return []
    locked = database.execute(
        f"SELECT id FROM background_task_scheduledtask WHERE id {among}"  # noqa: S608
        f" ORDER BY id {database.dialect.lock}",
        ids,
    ).fetchall()
    # While this waited, somebody may have claimed them.
    return [row for row in real(looking, *rest) if (row[0],) in locked]


def _claim_serializably(
    real: Callable[..., list[Claim]], database: QueueDatabase, *rest: Any, **options: Any
) -> list[Claim]:
    return real(_serializable(database), *rest, **options)


def _serializable(database: QueueDatabase) -> QueueDatabase:
    """Make this transaction serializable and return the database without locks on rows.

    A worker that records ends in the same transaction has begun it: then its rows are locked.
    """
    from django.db import OperationalError

    connection = database.connection
    if connection.vendor == "sqlite":
        return database
    if connection.vendor == "postgresql" and connection.connection.info.transaction_status:
        return database
    try:
        database.execute("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
    except OperationalError as error:
        if error.args[0] != _ALREADY_BEGUN:
            raise
        return database
    return looking_with(database, "")


CLAIMING: Final = (
    ChangedEngine(
        name="claim_by_comparison",
        summary="reads without a lock; a guarded update of each row decides who gets it",
        provenance="django-background-tasks, whose update compares less",
        replacements=(Replacement(of="claims:claim", by=_claim_by_comparison),),
    ),
    ChangedEngine(
        name="one_claimer_at_a_time",
        summary="a claim locks out all other claims until its transaction ends",
        provenance="the advisory locks of good_job and que",
        replacements=(Replacement(of="claims:claim", by=_claim_alone),),
    ),
    ChangedEngine(
        name="claim_that_waits",
        summary="waits for rows that others have locked, and then looks at them again",
        provenance="queues from before SKIP LOCKED, such as delayed_job",
        replacements=(Replacement(of="claims:look", by=_look_and_wait),),
    ),
    ChangedEngine(
        name="serializable_claim",
        summary="claims without locks in serializable transactions, and again if one was refused",
        provenance="DBOS, for queues with limits on all partitions",
        replacements=(Replacement(of="claims:claim", by=_claim_serializably),),
    ),
)
