"""Tell idle workers of a new task, on the databases that pass messages on: PostgreSQL.

The message goes out after the caller's transaction has committed, in a short transaction of its
own, and never fails the caller. A message that is lost costs time only: workers look by themselves.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Final

from django.db import transaction

from background_task import settings

if TYPE_CHECKING:
    from background_task.databases import QueueDatabase

CHANNEL: Final = "background_task"

DEBOUNCE_SECONDS: Final = 0.02
"""A process sends one message in this time. Who hears it looks once more when the time is over."""

# All messages of a server commit one after the other. This one has nothing that must outlive a
# crash, so its commit waits for no disk while the next one waits for it.
_NOTIFY: Final = f"SELECT set_config('synchronous_commit', 'off', true), pg_notify('{CHANNEL}', '')"

# By alias, when it was last sent. Threads that race for an entry send one message too many. A
# forked child's copy is as good as its own: the parent's message stands for both.
_sent_at: dict[str, float] = {}


def announce(database: QueueDatabase) -> None:
    """Tell idle workers to look, if and when the caller's transaction commits.

    Whoever switched Django's autocommit off commits where Django does not see it: no message.
    """
    connection = database.connection
    if database.dialect.wakes_by != "notify":
        return
    if connection.in_atomic_block or connection.get_autocommit():

        def tell_workers() -> None:
            _notify(database)

        transaction.on_commit(tell_workers, using=database.alias, robust=True)


def _notify(database: QueueDatabase) -> None:
    """Send the message, unless this process has just sent one."""
    now = time.monotonic()
    if now - _sent_at.get(database.alias, -math.inf) < DEBOUNCE_SECONDS:
        return
    if not settings.read().notify:
        return
    # Noted before it is sent: nobody may hear it before the time begins in which others are quiet.
    _sent_at[database.alias] = now
    try:
        database.execute(_NOTIFY)
    except Exception:
        _sent_at.pop(database.alias, None)
        raise
