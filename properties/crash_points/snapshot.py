"""All that operations leave behind, in a form in which the same play is the same twice.

Ids are replaced by their rank, and times by what is promised of them, as sequences have gaps and
the clock goes on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from background_task.models import (
    AttemptError,
    CompletedTask,
    FailedTask,
    HeldHash,
    ScheduledTask,
)
from engine.project.models import Mail

if TYPE_CHECKING:
    import datetime

_LEASE_STEP: Final = 200.0
_PAUSE_STEP: Final = 1800.0

Call = tuple[str, str]
"""The name of a task and its arguments: what is called, whatever row stands for it."""


class Live(NamedTuple):
    """A row that waits or is claimed; ``lease`` and ``pause`` are roughly how long they are."""

    id: int
    call: Call
    attempts: int
    token: int
    lease: int | None
    pause: int | None
    is_unique: bool
    is_periodic: bool
    has_error: bool


class Past(NamedTuple):
    """A row that ended; ``end`` is its result, or whether it has an error."""

    id: int
    call: Call
    attempts: int
    token: int
    end: object


class Snapshot(NamedTuple):
    """The tables at one moment; two are equal if nobody could tell them apart."""

    live: tuple[Live, ...]
    completed: tuple[Past, ...]
    failed: tuple[Past, ...]
    errors: tuple[tuple[int, int], ...]
    held: tuple[int, ...]
    mails: tuple[str, ...]

    @property
    def rows(self) -> list[Live | Past]:
        """Every row of every task."""
        return [*self.live, *self.completed, *self.failed]


def take_snapshot() -> Snapshot:
    """Read the tables through the calling thread's connection."""
    live = list(ScheduledTask.objects.order_by("id"))
    completed = list(CompletedTask.objects.order_by("id"))
    failed = list(FailedTask.objects.order_by("id"))
    errors = AttemptError.objects.order_by("id").values_list("task_id", "attempt")
    held = HeldHash.objects.order_by("task_id").values_list("task_id", flat=True)
    ids = sorted({row.id for row in (*live, *completed, *failed)})
    ranks = {id_: rank for rank, id_ in enumerate(ids)}
    return Snapshot(
        live=tuple(_live(row, ranks) for row in live),
        completed=tuple(_past(row, ranks, row.result) for row in completed),
        failed=tuple(_past(row, ranks, bool(row.error)) for row in failed),
        errors=tuple((ranks.get(id_, -1), attempt) for id_, attempt in errors),
        held=tuple(ranks.get(id_, -1) for id_ in held),
        mails=tuple(Mail.objects.order_by("id").values_list("order", flat=True)),
    )


def forget_mails() -> None:
    """Begin with no effect of a body."""
    Mail.objects.all().delete()


def _live(row: ScheduledTask, ranks: dict[int, int]) -> Live:
    return Live(
        id=ranks[row.id],
        call=(row.task_name, row.task_params),
        attempts=row.attempts,
        token=row.token,
        lease=_steps(row.claimed_at, row.lease_until, _LEASE_STEP),
        # The slots of cron are where the calendar has them.
        pause=None if row.cron else _steps(row.created_at, row.run_at, _PAUSE_STEP),
        is_unique=row.live_hash is not None,
        is_periodic=bool(row.repeat or row.cron),
        has_error=bool(row.last_error),
    )


def _past(row: Any, ranks: dict[int, int], end: object) -> Past:
    call = (row.task_name, row.task_params)
    return Past(id=ranks[row.id], call=call, attempts=row.attempts, token=row.token, end=end)


def _steps(
    begin: datetime.datetime | None, end: datetime.datetime | None, step: float
) -> int | None:
    return round((end - begin).total_seconds() / step) if begin and end else None
