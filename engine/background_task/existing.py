"""What a call does about equal calls that wait: replace them, move them, or leave them alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from background_task.arguments import task_hash
from background_task.dispatch import send
from background_task.enqueue import queue_database
from background_task.schedules import TaskSchedule

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from background_task.enqueue import Enqueue
    from background_task.models import EnqueuedTask, ScheduledTask
    from background_task.task_options import TaskOptions


def put(request: Enqueue, options: TaskOptions, action: int) -> EnqueuedTask | None:
    """Enqueue a call as its options say; None if an equal call that waits stands for it."""
    if action == TaskSchedule.SCHEDULE and not options.remove_existing_tasks:
        return send(request, is_atomic=options.atomic)
    with transaction.atomic(using=queue_database().alias):
        if options.remove_existing_tasks:
            _equal_that_wait(request).delete()
        if action == TaskSchedule.RESCHEDULE_EXISTING and _move(request):
            return None
        if action == TaskSchedule.CHECK_EXISTING and _equal_that_wait(request).exists():
            return None
        return send(request, is_atomic=options.atomic)


def _equal_that_wait(request: Enqueue) -> QuerySet[ScheduledTask]:
    from background_task.models import ScheduledTask

    hash_ = task_hash(request.task_name, request.task_params)
    alias = queue_database().alias
    return ScheduledTask.objects.using(alias).filter(
        task_hash=hash_, queue=request.queue, lease_until=None
    )


def _move(request: Enqueue) -> bool:
    run_at = queue_database().time_of(request.run_at)
    return bool(_equal_that_wait(request).update(run_at=run_at, priority=request.priority))
