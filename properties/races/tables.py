"""The queue's tables as they are at one moment."""

from __future__ import annotations

from background_task.models import CompletedTask, FailedTask, ScheduledTask
from properties.stories.tables import Row, Tables


def read_tables() -> Tables:
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
    return Tables(live=live, completed=completed, failed=failed)
