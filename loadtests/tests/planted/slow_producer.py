"""Enqueues as it should, and takes a known time for it, in which other senders may send."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from engine.contenders.producers.background_task import connect
from engine.contenders.producers.background_task import enqueue as enqueue_well

if TYPE_CHECKING:
    from engine.contenders.contender import Job

__all__ = ["connect", "enqueue"]

ENQUEUE_SECONDS: Final = 0.1


def enqueue(key: int, intended_ns: int, job: Job) -> None:
    """Enqueue one task."""
    time.sleep(ENQUEUE_SECONDS)
    enqueue_well(key, intended_ns, job)
