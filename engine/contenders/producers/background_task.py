"""Enqueues into the reference engine as a view would: by calling the task."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from engine.contenders.producers.connecting import arguments, as_a_request, open_connection

if TYPE_CHECKING:
    from engine.contenders.contender import Job


def connect() -> None:
    """Import the queue and the task, and connect to the database."""
    open_connection()
    from engine.contenders.apps.background import tasks  # noqa: F401 - for the first enqueue


def enqueue(key: int, intended_ns: int, job: Job) -> None:
    """Enqueue one task; it is committed when this returns."""
    from engine.contenders.apps.background.tasks import work

    with as_a_request():
        if job.delay_seconds:
            delay = datetime.timedelta(seconds=job.delay_seconds)
            work(*arguments(key, intended_ns, job), schedule=delay)  # type: ignore[call-arg]
        else:
            work(*arguments(key, intended_ns, job))
