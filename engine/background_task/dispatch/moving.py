"""Move many rows between the database and a broker, batch by batch.

Each batch is complete in itself, and whatever is interrupted may be run again.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from background_task.dispatch import hand_over
from background_task.dispatch.hand_over import SENT, STARTED, UNSENT

if TYPE_CHECKING:
    import datetime
    from collections.abc import Iterator

    from django.db.models import QuerySet

    from background_task.databases import QueueDatabase
    from background_task.dispatch import Dispatcher
    from background_task.dispatch.messages import Message
    from background_task.models import ScheduledTask


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Which rows to move.

    Attributes:
        batch: how many at a time.
        queue: those of this queue only, if it names one.
        within_seconds: of those that wait, the ones that are due so soon, if it says so.
        with_unended: also those that were sent and have not ended; some of them may run now.
    """

    database: QueueDatabase
    batch: int
    queue: str | None = None
    within_seconds: float | None = None
    with_unended: bool = False

    def to_broker(self, dispatcher: Dispatcher, name: str) -> Iterator[int]:
        """Hand rows over, first those that were taken and perhaps not sent; yield how many."""
        last = 0
        while messages := self._take(self._handed_over(UNSENT).filter(id__gt=last), name):
            last = max(message.call.row or 0 for message in messages)
            hand_over.send(self.database, dispatcher, messages)
            yield len(messages)
        while messages := self._take(self.waiting(), name):
            hand_over.send(self.database, dispatcher, messages)
            yield len(messages)

    def to_database(self) -> Iterator[int]:
        """Let rows wait in the database again, and void their messages; yield how many."""
        rows = self._handed_over(UNSENT, SENT)
        while True:
            with self.database.transaction():
                ids = self._lock(rows)
                rows.filter(id__in=ids).update(lease_until=None, claimed_by="")
            if not ids:
                return
            yield len(ids)

    def rows(self) -> QuerySet[ScheduledTask]:
        """Return the live rows of the queue in question."""
        rows = hand_over.rows_of(self.database)
        return rows if self.queue is None else rows.filter(queue=self.queue)

    def waiting(self) -> QuerySet[ScheduledTask]:
        """Return the waiting rows that may be handed over, in the order of claims."""
        rows = self.rows().filter(lease_until=None, repeat=0, cron="")
        if self.within_seconds is not None:
            rows = rows.filter(run_at__lte=self.database.time_of(self.within_seconds))
        return rows.order_by("-priority", "run_at", "id")

    def kinds(self) -> dict[str, QuerySet[ScheduledTask]]:
        """Return the live rows by what the move means to them."""
        rows = self.rows()
        return {
            "wait, periodic and later ones included": rows.filter(lease_until=None),
            "of them can be handed over now": self.waiting(),
            "are handed over and perhaps not sent": rows.filter(lease_until=UNSENT),
            "are sent and do not run": rows.filter(lease_until=SENT),
            "have started there and not ended": rows.filter(lease_until=STARTED),
        }

    def _handed_over(self, *stages: datetime.datetime) -> QuerySet[ScheduledTask]:
        wanted = (UNSENT, SENT, STARTED) if self.with_unended else stages
        return self.rows().filter(lease_until__in=wanted).order_by("id")

    def _take(self, rows: QuerySet[ScheduledTask], name: str) -> list[Message]:
        with self.database.transaction():
            return hand_over.take(self.database, self._lock(rows), to=name)

    def _lock(self, rows: QuerySet[ScheduledTask]) -> list[int]:
        """Skip what a worker is claiming, or a delivery is starting, at this moment."""
        locked = rows.select_for_update(skip_locked=True)
        return list(locked.values_list("id", flat=True)[: self.batch])
