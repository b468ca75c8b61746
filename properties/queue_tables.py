"""The queue's tables: which there are, and how they become empty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from background_task.models import (
    AttemptError,
    CompletedTask,
    FailedTask,
    HeldHash,
    ScheduledTask,
)

if TYPE_CHECKING:
    from django.db.models import Model

TABLES: Final[tuple[type[Model], ...]] = (
    *(ScheduledTask, CompletedTask, FailedTask),
    *(AttemptError, HeldHash),
)


def empty_tables() -> None:
    """Begin with no task."""
    for table in TABLES:
        table._default_manager.all().delete()
