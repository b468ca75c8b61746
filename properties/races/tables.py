"""The queue's tables as they are at one moment."""

from __future__ import annotations

import dataclasses

from background_task.models import CompletedTask, FailedTask, ScheduledTask


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What is asked of a task."""

    task_name: str
    attempts: int
    token: int = 0
    task_hash: str | None = None
    is_periodic: bool = False
    is_claimed: bool = False


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """All tasks by id, by the table that they are in.

    Attributes:
        deleted: rows that somebody deleted on purpose.
        is_stuck: whether tasks are left that should not be.
    """

    live: dict[int, Row]
    completed: dict[int, Row]
    failed: dict[int, Row]
    deleted: frozenset[int] = frozenset()
    is_stuck: bool = False

    def places(self, row: int) -> list[str]:
        """Return the names of the tables that a row is in."""
        named = {"scheduledtask": self.live, "completedtask": self.completed}
        named["failedtask"] = self.failed
        return [name for name, rows in named.items() if row in rows]


def read_tables(*, deleted: frozenset[int] = frozenset(), is_stuck: bool = False) -> Tables:
    """Read the tables through the calling thread's connection."""
    columns = ("id", "task_name", "attempts", "token", "task_hash", "repeat", "cron", "lease_until")
    live = {
        id_: Row(
            task_name=name,
            attempts=attempts,
            token=token,
            task_hash=hash_,
            is_periodic=bool(repeat or cron),
            is_claimed=until is not None,
        )
        for id_, name, attempts, token, hash_, repeat, cron, until in (
            ScheduledTask.objects.values_list(*columns)
        )
    }
    completed, failed = (
        {
            id_: Row(task_name=name, attempts=attempts)
            for id_, name, attempts in model.objects.values_list("id", "task_name", "attempts")
        }
        for model in (CompletedTask, FailedTask)
    )
    return Tables(live=live, completed=completed, failed=failed, deleted=deleted, is_stuck=is_stuck)


def empty_tables() -> None:
    """Begin with no task."""
    from background_task.models import AttemptError, HeldHash

    for model in (ScheduledTask, CompletedTask, FailedTask, AttemptError, HeldHash):
        model._default_manager.all().delete()
