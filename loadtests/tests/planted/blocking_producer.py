"""Enqueues as it should, but every 20th time it then stops the whole process for a while.

So does a driver that waits in C: gevent cannot let others run meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from gevent import monkey

from engine.contenders.producers.background_task import connect
from engine.contenders.producers.background_task import enqueue as enqueue_well

if TYPE_CHECKING:
    from engine.contenders.contender import Job

__all__ = ["connect", "enqueue"]

EVERY: Final = 20
BLOCKED_SECONDS: Final = 0.8

_sleep: Any = monkey.get_original("time", "sleep")


def enqueue(key: int, intended_ns: int, job: Job) -> None:
    """Enqueue one task."""
    enqueue_well(key, intended_ns, job)
    if key % EVERY == 0:
        _sleep(BLOCKED_SECONDS)
