"""Enqueues into django-tasks-db as a view would: through Django's tasks interface."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from engine.contenders.producers.connecting import arguments, as_a_request, open_connection

if TYPE_CHECKING:
    from engine.contenders.contender import Job


def connect() -> None:
    """Import the queue and the task, and connect to the database."""
    open_connection()
    from engine.contenders.apps import django_tasks  # noqa: F401 - for the first enqueue


def enqueue(key: int, intended_ns: int, job: Job) -> None:
    """Enqueue one task; it is committed when this returns."""
    from engine.contenders.apps.django_tasks import work

    task = work
    if job.delay_seconds:
        delay = datetime.timedelta(seconds=job.delay_seconds)
        task = work.using(run_after=datetime.datetime.now(tz=datetime.UTC) + delay)
    with as_a_request():
        task.enqueue(*arguments(key, intended_ns, job))
