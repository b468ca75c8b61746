"""What travels through a broker: one call of a task, and perhaps the row that it stands for.

Each time that a call is sent it is a new message with an id of its own, so that two messages for
one row can be told from one message that is delivered twice.
"""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from typing import TYPE_CHECKING, Final

from django.utils import timezone

from background_task import settings
from background_task.claims import Claim
from background_task.models import ScheduledTask

if TYPE_CHECKING:
    from background_task.enqueue import Enqueue

_FIRST_NUMBER: Final = 1 << 62


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What a worker of the broker is told, as JSON.

    Attributes:
        row: the id of the row that the message stands for, or None if the call has none.
        token: the row's token when it was handed over.
    """

    task_name: str
    task_params: str
    queue: str
    max_attempts: int
    timeout_seconds: float
    row: int | None = None
    token: int = 0

    def claim(self, id_: int, token: int, attempt: int, *, has_sequel: bool = False) -> Claim:
        """Return the claim under which the call runs."""
        return Claim(
            id=id_,
            token=token,
            attempt=attempt,
            max_attempts=self.max_attempts,
            timeout_seconds=self.timeout_seconds,
            task_name=self.task_name,
            task_params=self.task_params,
            queue=self.queue,
            has_sequel=has_sequel,
        )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A call on its way to a broker.

    Attributes:
        id: the broker's id for it, a UUID; a retry keeps it.
        due: not before this time of the worker's clock, or None for now.
    """

    call: Call
    priority: int = 0
    due: datetime.datetime | None = None
    id: str = dataclasses.field(default_factory=lambda: str(uuid.uuid4()))

    @classmethod
    def of(cls, task: Enqueue | ScheduledTask) -> Message:
        """Return a new message for a call that has no row, or for a row that is handed over."""
        now, due, defaults = timezone.now(), task.run_at, settings.read()
        if not isinstance(due, datetime.datetime):
            due = now + datetime.timedelta(seconds=due)
        row = {"row": task.pk, "token": task.token} if isinstance(task, ScheduledTask) else {}
        call = Call(
            task_name=task.task_name,
            task_params=task.task_params,
            queue=task.queue,
            max_attempts=task.max_attempts or defaults.max_attempts,
            timeout_seconds=task.timeout_seconds or defaults.timeout_seconds,
            **row,
        )
        return cls(call=call, priority=task.priority, due=due if due > now else None)


def number_of(message_id: str) -> int:
    """Return the number that stands for a call without a row: no row has one as large."""
    return _FIRST_NUMBER + uuid.UUID(message_id).int % _FIRST_NUMBER
