"""The steps of a worker, each in a transaction of its own, and the rows as they stand between."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from background_task import claims, outcomes
from background_task.enqueue import queue_database
from background_task.models import CompletedTask, FailedTask, ScheduledTask

if TYPE_CHECKING:
    from django.db.models import Model

    from background_task.claims import Claim
    from background_task.databases import QueueDatabase
    from background_task.outcomes import Outcome
    from background_task.terms import Terms

LONG_AGO = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)


def claim(database: QueueDatabase, terms: Terms, *, limit: int = 100) -> list[Claim]:
    """Claim due tasks."""
    with database.transaction():
        return claims.claim(database, terms, limit=limit)


def record(database: QueueDatabase, *ends: Outcome, keep_completed: bool = True) -> list[Claim]:
    """Write how claims ended; return the stale ones."""
    with database.transaction():
        return outcomes.record(database, ends, keep_completed=keep_completed)


def expire(*ids: int) -> None:
    """Let the leases of these tasks, or of all, be over."""
    leased = ScheduledTask.objects.filter(lease_until__isnull=False)
    chosen = leased.filter(id__in=ids) if ids else leased
    # A worker that looks at the same rows may make this a deadlock's victim.
    queue_database().retry_transient(lambda: chosen.update(lease_until=LONG_AGO))


def only_row(model: type[Model]) -> dict[str, Any]:
    """Return the one row of a table."""
    (row,) = model._default_manager.values()
    return dict(row)


def every_row() -> list[list[dict[str, Any]]]:
    """Return the contents of the three tables."""
    models: tuple[type[Model], ...] = (ScheduledTask, CompletedTask, FailedTask)
    return [
        [dict(row) for row in model._default_manager.order_by("id").values()] for model in models
    ]


def database_now() -> datetime.datetime:
    """Ask the database for the time; a row of its own could be taken by a worker that runs."""
    return queue_database().now()
