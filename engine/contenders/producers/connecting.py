"""What producers of Django's queues share: Django set up, and a connection that is open."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import django
from django.apps import apps
from django.db import connection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.contenders.contender import Job


def open_connection() -> None:
    """Set Django up, once for the process, and connect the thread or greenlet that asks."""
    if not apps.ready:
        django.setup()
    connection.ensure_connection()


@contextlib.contextmanager
def as_a_request() -> Iterator[None]:
    """Close a connection that broke or is too old, as Django does at the end of a request."""
    try:
        yield
    finally:
        connection.close_if_unusable_or_obsolete()


def arguments(key: int, intended_ns: int, job: Job) -> tuple[int, int, float, bool, bool, str]:
    """Return the arguments of a load task."""
    payload = "x" * job.payload_bytes
    return (key, intended_ns, job.work_ms, job.is_cpu, job.fails_first, payload)
