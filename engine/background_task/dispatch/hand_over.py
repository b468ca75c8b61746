"""Rows that belong to a broker: one delivery of one message wins a row, whatever is sent twice.

To hand a row over is to claim it for the broker: a new token, and a lease that nobody has to renew.
The message names the token, so there is one owner at any time, as with any claim; the row stays
until its task has ended, so nothing is lost with a message. ``docs/decisions/0010-hand-over.md``.
"""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Final

from django.db.models import F, Q

from background_task import outcomes, settings
from background_task.dispatch.messages import Message
from background_task.models import ScheduledTask
from background_task.outcomes import Failed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import QuerySet

    from background_task.claims import Claim
    from background_task.databases import QueueDatabase
    from background_task.dispatch import Dispatcher
    from background_task.dispatch.messages import Call
    from background_task.outcomes import Outcome

# No reaper sees a lease that ends so late. Its year says how far the row has come, so that the
# index on leases finds the rows of each stage.
UNSENT: Final = datetime.datetime(9000, 1, 1, tzinfo=datetime.UTC)
"""Whoever claimed it for the broker may have died before the broker had it."""
SENT: Final = datetime.datetime(9001, 1, 1, tzinfo=datetime.UTC)
"""The broker has confirmed it, and no body runs."""
STARTED: Final = datetime.datetime(9002, 1, 1, tzinfo=datetime.UTC)
"""A delivery has won it; ``claimed_by`` is the id of its message."""


def take(database: QueueDatabase, ids: Sequence[int], *, to: str) -> list[Message]:
    """Claim rows that the caller has locked for a broker, and return the messages to send.

    Any message that was sent for them before is void.
    """
    rows = rows_of(database).filter(id__in=ids)
    rows.update(token=F("token") + 1, lease_until=UNSENT, claimed_by=to)
    return [Message.of(row) for row in rows.order_by("-priority", "run_at", "id")]


def send(database: QueueDatabase, dispatcher: Dispatcher, messages: Sequence[Message]) -> None:
    """Give messages to the broker, then mark their rows, but for those that have started.

    A death in between leaves rows unsent of which the broker has messages. Whoever sends them again
    takes them first, which makes those messages void.
    """
    dispatcher.send(messages)
    tokens = {message.call.row or 0: message.call.token for message in messages}
    with database.transaction():
        rows = rows_of(database).filter(id__in=list(tokens), lease_until=UNSENT)
        locked = rows.select_for_update().values_list("id", "token")
        ours = [id_ for id_, token in locked if tokens[id_] == token]
        rows.filter(id__in=ours).update(lease_until=SENT)


def start(database: QueueDatabase, call: Call, message_id: str, *, is_again: bool) -> Claim | None:
    """Claim the row of a delivered message; None if the message means nothing any more.

    The first delivery wins. The message that won may start once more (``is_again``) if its worker
    died, or if it asked for a retry; a stale token, or another message, changes nothing.
    """
    is_open = Q(lease_until__in=[UNSENT, SENT])
    is_won = Q(lease_until=STARTED, claimed_by=message_id)
    with database.transaction():
        rows = rows_of(database).filter(id=call.row or 0, token=call.token)
        if not rows.filter(is_open | is_won if is_again else is_open).update(
            lease_until=STARTED,
            claimed_by=message_id,
            claimed_at=database.now(),
            attempts=F("attempts") + 1,
        ):
            return None
        row = rows.get()
    has_sequel = row.hold_seconds is not None
    return call.claim(row.pk, row.token, row.attempts, has_sequel=has_sequel)


def record(database: QueueDatabase, outcome: Outcome) -> bool:
    """Write how an attempt ended; False if the row has another owner by now.

    A row that runs again stays the broker's, which has to deliver its message once more.
    """
    with database.transaction():
        keep = settings.read().keep_completed
        stale = outcomes.record(database, [outcome], keep_completed=keep)
        if isinstance(outcome, Failed) and not outcome.is_last and not stale:
            rows_of(database).filter(id=outcome.claim.id).update(lease_until=SENT)
    return not stale


def rows_of(database: QueueDatabase) -> QuerySet[ScheduledTask]:
    """Return all live rows."""
    return ScheduledTask.objects.using(database.alias).order_by()
