"""The three tables: waiting and running tasks, completed ones, failed ones.

A task is in exactly one of them. The row's id stays the same when it moves, so the primary key
of a table of ended tasks refuses a second end of the same task.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from background_task.databases import MySQLFamilyIndex, PartialIndex

NAME_LENGTH = 190  # an index over utf8mb4 text of this length fits every version of MySQL


class TaskRow(models.Model):
    """What a task keeps wherever it is.

    Attributes:
        task_name: the registered name of the function.
        task_params: its arguments, ``[args, kwargs]`` as canonical JSON.
        task_hash: SHA-1 hex digest of ``name:arguments``.
        queue: the queue's name.
        priority: higher runs first.
        run_at: not started before this time of the database's clock.
        created_at: when it was enqueued, by the same clock.
        attempts: how often it was claimed, charged when the claim is made.
        token: the fencing token of the last claim; it only grows.
        claimed_by: ``host:pid`` of the worker that claimed it last.
    """

    task_name = models.CharField(max_length=NAME_LENGTH)
    task_params = models.TextField()
    task_hash = models.CharField(max_length=40)
    queue = models.CharField(max_length=NAME_LENGTH, db_default="default")
    priority = models.IntegerField(db_default=0)
    run_at = models.DateTimeField()
    created_at = models.DateTimeField()
    attempts = models.PositiveIntegerField(db_default=0)
    token = models.BigIntegerField(db_default=0)
    claimed_by = models.CharField(max_length=NAME_LENGTH, db_default="")

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.task_name} {self.task_params}"


class ScheduledTask(TaskRow):
    """A live task: it waits while ``lease_until`` is NULL, and runs while it is set.

    Attributes:
        live_hash: ``task_hash``, or NULL if the task opted out of being unique. The unique index
            on it is what makes a duplicate impossible: no code path can forget it.
        max_attempts: attempts allowed, or NULL for the worker's ``--max-attempts``.
        timeout_seconds: time allowed, or NULL for the worker's ``--timeout``.
        lease_until: the claim ends then unless the worker renews it.
        last_error: the traceback of the last attempt that failed.
        is_duplicate: True on the object returned by a call that found this task already live.
    """

    live_hash = models.CharField(max_length=40, null=True, unique=True)
    max_attempts = models.PositiveIntegerField(null=True)
    timeout_seconds = models.FloatField(null=True)
    lease_until = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True)

    is_duplicate: bool = False

    class Meta:
        verbose_name = "scheduled task"
        indexes: ClassVar = [
            # The claim: equality on the condition, then the order of the claim itself.
            PartialIndex(
                fields=["-priority", "run_at", "id"],
                where=models.Q(lease_until__isnull=True),
                name="background_task_waiting",
            ),
            # The reaper: the oldest lease first.
            PartialIndex(
                fields=["lease_until"],
                where=models.Q(lease_until__isnull=False),
                name="background_task_leased",
            ),
            # MySQL and MariaDB have no partial index, so one index serves both there.
            MySQLFamilyIndex(
                fields=["lease_until", "-priority", "run_at", "id"],
                name="background_task_claim",
            ),
        ]


class EndedTask(TaskRow):
    """A task that will not run again; ``id`` is the id that it had while it was live."""

    id = models.BigIntegerField(primary_key=True)

    class Meta:
        abstract = True


class CompletedTask(EndedTask):
    """A task whose function returned.

    Attributes:
        result: what it returned, as JSON, or NULL for None.
    """

    result = models.TextField(null=True)
    completed_at = models.DateTimeField()

    class Meta:
        verbose_name = "completed task"


class FailedTask(EndedTask):
    """A task that used up its attempts: the dead letter.

    Attributes:
        error: the log of the last attempt.
    """

    error = models.TextField()
    failed_at = models.DateTimeField()

    class Meta:
        verbose_name = "failed task"
