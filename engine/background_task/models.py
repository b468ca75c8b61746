"""The tables: waiting and running tasks, completed ones, failed ones, and what is known about them.

A task is in exactly one of the first three. The row's id stays the same when it moves, so the
primary key of a table of ended tasks refuses a second end of the same task.
"""

from __future__ import annotations

from typing import ClassVar, TypeAlias

from django.db import models

from background_task.databases import MySQLFamilyIndex, PartialIndex
from background_task.legacy.rows import LegacyCompleted, LegacyFailed, LegacyRow, LegacyTask
from background_task.managers import CompletedTaskManager, FailedTaskManager, TaskManager
from background_task.task_options import NAME_LENGTH, VERBOSE_NAME_LENGTH


class TaskRow(LegacyRow, models.Model):
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
        claimed_by: the worker that claimed it last, ``host:pid:nonce``.
        claimed_at: when it was claimed last, by the database's clock; NULL if it never was.
        slot_at: the time of a periodic task that this run is for; retries do not move it.
        verbose_name: what people call this call of the task.
        creator_reference: on whose behalf it was enqueued, ``app_label.model:pk``.
        backend: the alias in ``TASKS`` through which it came, empty for ``@background``.
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
    claimed_at = models.DateTimeField(null=True)
    slot_at = models.DateTimeField(null=True)
    verbose_name = models.CharField(max_length=VERBOSE_NAME_LENGTH, db_default="")
    creator_reference = models.CharField(max_length=NAME_LENGTH, db_default="")
    backend = models.CharField(max_length=NAME_LENGTH, db_default="")

    is_duplicate: bool = False

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.verbose_name or self.task_name


class ScheduledTask(LegacyTask, TaskRow):
    """A live task: it waits while ``lease_until`` is NULL, and runs while it is set.

    Attributes:
        live_hash: ``task_hash``, or NULL if the task opted out of being unique. The unique index
            on it is what makes a duplicate impossible: no code path can forget it.
        max_attempts: attempts allowed, or NULL for the worker's ``--max-attempts``.
        timeout_seconds: time allowed, or NULL for the worker's ``--timeout``.
        lease_until: the claim ends then unless the worker renews it.
        last_error: the traceback of the last attempt that failed.
        hold_seconds: how long its hash stays taken after it completed, or NULL for not at all.
        repeat: seconds from one slot to the next, 0 if it does not repeat by an interval.
        repeat_until: no slot after this time.
        cron: a cron expression for the slots, or empty.
        catch_up: whether every missed slot runs; else one run stands for all that were missed.
        is_duplicate: True on the object returned by a call that found this task already live.
    """

    live_hash = models.CharField(max_length=40, null=True, unique=True)
    max_attempts = models.PositiveIntegerField(null=True)
    timeout_seconds = models.FloatField(null=True)
    lease_until = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True)
    hold_seconds = models.FloatField(null=True)
    repeat = models.BigIntegerField(db_default=0, db_column="repeat_seconds")
    repeat_until = models.DateTimeField(null=True)
    cron = models.CharField(max_length=NAME_LENGTH, db_default="")
    catch_up = models.BooleanField(db_default=False)

    objects = TaskManager()

    class Meta:
        verbose_name = "scheduled task"
        indexes: ClassVar = [
            # The claim: equality on the condition, then the order of the claim itself.
            PartialIndex(
                fields=["-priority", "run_at", "id"],
                where=models.Q(lease_until__isnull=True),
                name="background_task_ready",
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


Task = ScheduledTask
"""Its name in django-background-tasks 1.2.8."""


class EndedTask(TaskRow):
    """A task that will not run again; ``id`` is the id that it had while it was live.

    Attributes:
        run_seconds: how long its last attempt ran, or NULL if nobody saw its end.
    """

    id = models.BigIntegerField(primary_key=True)
    run_seconds = models.FloatField(null=True)

    class Meta:
        abstract = True


class CompletedTask(LegacyCompleted, EndedTask):
    """A task whose function returned.

    Attributes:
        result: what it returned, as JSON, or NULL for None.
        completed_at: when its end was written, by the database's clock.
    """

    result = models.TextField(null=True)
    completed_at = models.DateTimeField(db_index=True)

    objects = CompletedTaskManager()

    class Meta:
        verbose_name = "completed task"


class FailedTask(LegacyFailed, EndedTask):
    """A task that used up its attempts, or gave itself up: the dead letter.

    Attributes:
        error: the log of the last attempt.
        failed_at: when it was given up, by the database's clock.
        max_attempts: as in ``ScheduledTask``, for when it is tried again; likewise the rest.
    """

    error = models.TextField()
    failed_at = models.DateTimeField(db_index=True)
    max_attempts = models.PositiveIntegerField(null=True)
    timeout_seconds = models.FloatField(null=True)
    hold_seconds = models.FloatField(null=True)
    is_unique = models.BooleanField(db_default=True)

    objects = FailedTaskManager()

    class Meta:
        verbose_name = "failed task"


EnqueuedTask: TypeAlias = ScheduledTask | CompletedTask
"""What a call returns: its live row, or the completed task that holds its hash still."""


class AttemptError(models.Model):
    """An attempt that ended badly, whatever became of its task afterwards.

    Attributes:
        task_id: the id of the task, in whichever table it is.
        attempt: the number of the attempt, 1 for the first.
        claimed_by: the worker that ran it.
        failed_at: when this was written, by the database's clock.
        run_seconds: how long it ran, or NULL if nobody saw its end.
        exception: the dotted path of the exception's class, or empty if there was none.
        traceback: its text, bounded.
    """

    task_id = models.BigIntegerField(db_index=True)
    attempt = models.PositiveIntegerField()
    claimed_by = models.CharField(max_length=NAME_LENGTH, db_default="")
    failed_at = models.DateTimeField()
    run_seconds = models.FloatField(null=True)
    exception = models.CharField(max_length=NAME_LENGTH, db_default="")
    traceback = models.TextField()

    class Meta:
        verbose_name = "error of an attempt"
        verbose_name_plural = "errors of attempts"

    def __str__(self) -> str:
        return f"#{self.task_id} attempt {self.attempt}: {self.exception}"


class HeldHash(models.Model):
    """A hash that stays taken after its task completed: the idempotency window.

    Attributes:
        task_id: the completed task.
        held_until: from this time of the database's clock on it means nothing.
    """

    task_hash = models.CharField(max_length=40, primary_key=True)
    task_id = models.BigIntegerField()
    held_until = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = "held hash"
        verbose_name_plural = "held hashes"

    def __str__(self) -> str:
        return f"{self.task_hash} of #{self.task_id} until {self.held_until}"


class Worker(models.Model):
    """A ``process_tasks`` that is running, or that ended without saying so.

    Attributes:
        name: ``host:pid:nonce``, as in ``claimed_by``.
        queues: the names of the queues that it serves, separated by commas; empty for all.
        processes: how many tasks it runs at once.
        started_at: by the database's clock, as all times here.
        seen_at: its last sign of life; it gives one every third of a lease.
        lease_seconds: without a sign of life for this long it is taken for dead.
    """

    name = models.CharField(max_length=NAME_LENGTH)
    queues = models.TextField(blank=True)
    processes = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    lease_seconds = models.FloatField()

    class Meta:
        verbose_name = "worker"

    def __str__(self) -> str:
        return self.name


class Observation(models.Model):
    """A bucket of a histogram that the workers keep: how long tasks waited, and how long they ran.

    Attributes:
        kind: ``wait``, from due to started; ``run``, from started to ended; or ``pace``, how many
            attempts ended in a minute: ``task_name`` is empty, ``at_most`` the minute since 1970.
        ended: ``completed``, ``failed`` (an attempt) or empty for ``wait``.
        at_most: the bucket's upper bound in seconds; the last bucket has 1e300.
        count: how many observations fell into this bucket and not into a smaller one.
        seconds: their sum.
    """

    kind = models.CharField(max_length=4)
    queue = models.CharField(max_length=NAME_LENGTH)
    task_name = models.CharField(max_length=NAME_LENGTH)
    ended = models.CharField(max_length=9, blank=True)
    at_most = models.FloatField()
    count = models.BigIntegerField()
    seconds = models.FloatField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["task_name", "queue", "kind", "ended", "at_most"],
                name="background_task_bucket",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.task_name} up to {self.at_most:g} s: {self.count}"
