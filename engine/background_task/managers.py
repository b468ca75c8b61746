"""The managers of django-background-tasks 1.2.8, over the columns of this queue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from django.db import models
from django.db.models import Q

from background_task import settings
from background_task.arguments import encode, task_hash
from background_task.creators import reference
from background_task.databases import QueueDatabase

if TYPE_CHECKING:
    import datetime
    from collections.abc import Mapping
    from typing import Self

    from background_task.models import (
        CompletedTask,  # noqa: F401 - named in a base class
        FailedTask,  # noqa: F401 - likewise
        ScheduledTask,
        TaskRow,
    )

Row = TypeVar("Row", bound="TaskRow")


class RowQuerySet(models.QuerySet[Row]):
    """What is asked of each of the three tables."""

    def created_by(self, creator: models.Model) -> Self:
        """Return the tasks that were enqueued on behalf of a model instance."""
        return self.filter(creator_reference=reference(creator))

    def database_time(self) -> datetime.datetime:
        """Return the time of the database's clock."""
        return QueueDatabase(self.db).now()


class TaskQuerySet(RowQuerySet["ScheduledTask"]):
    """Live tasks; ``now`` is the database's time unless another one is given."""

    def unlocked(self, now: datetime.datetime | None = None) -> Self:
        """Return the tasks that nobody runs, or whose lease has run out."""
        return self.filter(Q(lease_until=None) | Q(lease_until__lt=now or self.database_time()))

    def locked(self, now: datetime.datetime | None = None) -> Self:
        """Return the tasks that a worker runs."""
        return self.filter(lease_until__gte=now or self.database_time())

    def find_available(self, queue: str | None = None) -> Self:
        """Return the tasks that are due, in the order in which they should start."""
        now = self.database_time()
        due = self.unlocked(now).filter(run_at__lte=now)
        if queue:
            due = due.filter(queue=queue)
        by_priority = "priority" if settings.read().lowest_first else "-priority"
        return due.order_by(by_priority, "run_at", "id")

    def failed(self) -> Self:
        """Return nothing: a task that failed for good is a ``FailedTask``."""
        return self.none()

    def get_task(
        self, task_name: str, args: Any = None, kwargs: Mapping[str, Any] | None = None
    ) -> Self:
        """Return the live tasks with these arguments."""
        return self.filter(task_hash=task_hash(task_name, _params(task_name, args, kwargs)))

    def drop_task(
        self, task_name: str, args: Any = None, kwargs: Mapping[str, Any] | None = None
    ) -> tuple[int, dict[str, int]]:
        """Delete the live tasks with these arguments."""
        return self.get_task(task_name, args, kwargs).delete()

    def new_task(  # noqa: PLR0917 - its order in 1.2.8
        self,
        task_name: str,
        args: Any = None,
        kwargs: Mapping[str, Any] | None = None,
        run_at: datetime.datetime | None = None,
        priority: int = 0,
        queue: str | None = None,
        verbose_name: str | None = None,
        creator: models.Model | None = None,
        repeat: int | None = None,
        repeat_until: datetime.datetime | None = None,
        remove_existing_tasks: bool = False,
    ) -> ScheduledTask:
        """Return a task that is not saved yet; saving a duplicate raises IntegrityError."""
        params, now = _params(task_name, args, kwargs), self.database_time()
        hash_ = task_hash(task_name, params)
        if remove_existing_tasks:
            self.filter(task_hash=hash_, lease_until=None).delete()
        # Every column is named, as not every database tells what its defaults became.
        return self.model(
            task_name=task_name,
            task_params=params,
            task_hash=hash_,
            live_hash=hash_,
            run_at=run_at or now,
            slot_at=(run_at or now) if repeat else None,
            created_at=now,
            priority=priority,
            queue=queue or "default",
            verbose_name=verbose_name or "",
            creator_reference=reference(creator),
            repeat=repeat or 0,
            repeat_until=repeat_until,
            **dict.fromkeys(("attempts", "token"), 0),
            **dict.fromkeys(("claimed_by", "backend", "cron"), ""),
            catch_up=False,
        )


class CompletedTaskQuerySet(RowQuerySet["CompletedTask"]):
    """Completed tasks."""

    def succeeded(self, within: datetime.timedelta | None = None) -> Self:
        """Return those that completed within this time; all of them without it."""
        return self.filter(completed_at__gt=self.database_time() - within) if within else self


class FailedTaskQuerySet(RowQuerySet["FailedTask"]):
    """Failed tasks."""

    def failed(self, within: datetime.timedelta | None = None) -> Self:
        """Return those that were given up within this time; all of them without it."""
        return self.filter(failed_at__gt=self.database_time() - within) if within else self


class CompletedTaskManager(models.Manager.from_queryset(CompletedTaskQuerySet)):  # type: ignore[misc]
    """Completed tasks, and the way to the failed ones, which 1.2.8 kept in the same table."""

    def failed(self, within: datetime.timedelta | None = None) -> FailedTaskQuerySet:
        """Return the failed tasks, which have a table of their own."""
        from background_task.models import FailedTask

        return FailedTaskQuerySet(FailedTask, using=self.db).failed(within)


TaskManager = models.Manager.from_queryset(TaskQuerySet)
FailedTaskManager = models.Manager.from_queryset(FailedTaskQuerySet)


def _params(task_name: str, args: Any, kwargs: Mapping[str, Any] | None) -> str:
    """Return the arguments as rows hold them; 1.2.8 took a single one without its tuple, too."""
    several = args if isinstance(args, list | tuple) else () if args is None else (args,)
    limit = settings.read().max_params_bytes
    return encode(task_name, several, kwargs or {}, max_bytes=limit)
