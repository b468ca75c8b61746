"""Run due tasks in this process, one after the other: for tests and scripts.

A task is claimed, run and ended as by a worker, with the same retries, repeats and tables. Only
what takes a second process is missing: nobody kills a body that runs too long, and the lease is
not renewed, so it lasts for ``TIMEOUT_SECONDS``.
"""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Final

from background_task import claims, outcomes, settings
from background_task.attempt import run_attempt
from background_task.enqueue import queue_database
from background_task.outcomes import Failed
from background_task.task_options import NAME_LENGTH
from background_task.terms import Terms

if TYPE_CHECKING:
    from background_task.attempt import Ended
    from background_task.claims import Claim

MOST_AT_ONCE: Final = 10_000


def run_next(queue: str | None = None) -> bool:
    """Run the next task that is due, of this queue or of all; tell whether there was one."""
    claim = claim_next(queue)
    if claim is not None:
        run_claim(claim)
    return claim is not None


def run_all(queue: str | None = None, *, limit: int = MOST_AT_ONCE) -> int:
    """Run tasks until none is due; return how many attempts that took.

    Tasks that tasks enqueue run too, up to ``limit`` attempts in all: some would go on for ever.
    """
    ran = 0
    while ran < limit and run_next(queue):
        ran += 1
    return ran


def claim_next(queue: str | None = None) -> Claim | None:
    """Claim the next task that is due; None if there is none."""
    database, terms = queue_database(), _terms(queue)
    if claims.has_expired(database):
        outcomes.reap(database, terms)

    def claim() -> list[Claim]:
        with database.transaction():
            return claims.claim(database, terms, limit=1)

    return next(iter(database.retry_transient(claim)), None)


def run_claim(claim: Claim) -> Ended:
    """Run the body of a claimed task, and write down how it ended."""
    database, project = queue_database(), settings.read()
    ended = run_attempt(claim, project)

    def record() -> None:
        if isinstance(ended, Failed) or not ended.is_recorded:
            with database.transaction():
                outcomes.record(database, [ended], keep_completed=project.keep_completed)

    database.retry_transient(record)
    return ended


def worker_name() -> str:
    """Return what claims of this process say of their owner."""
    return f"{socket.gethostname()}:{os.getpid()}"[-NAME_LENGTH:]


def _terms(queue: str | None) -> Terms:
    project = settings.read()
    return Terms(
        owner=worker_name(),
        lease_seconds=max(project.timeout_seconds, project.lease_seconds),
        max_attempts=project.max_attempts,
        timeout_seconds=project.timeout_seconds,
        queues=(queue,) if queue else (),
        lowest_first=project.lowest_first,
    )
