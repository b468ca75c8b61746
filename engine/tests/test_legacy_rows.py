"""The rows and managers of django-background-tasks 1.2.8, over the columns of this queue."""

from __future__ import annotations

import datetime
import os
import socket
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext

from background_task import background
from background_task.inline import run_next
from background_task.models import CompletedTask, FailedTask, ScheduledTask, Task
from engine.tests.steps import LONG_AGO

if TYPE_CHECKING:
    from pytest_django import Settings as ProjectSettings

    from background_task.databases import QueueDatabase

HOUR = datetime.timedelta(hours=1)


@background(name="legacy_rows.pay", max_attempts=1)
def pay(order: str, *, fail: bool = False) -> str:
    """Pay an order."""
    if fail:
        raise ValueError("no money")
    return order


@pytest.fixture
def task(database: QueueDatabase) -> ScheduledTask:
    """Return a task that waits."""
    task = Task.objects.new_task("legacy_rows.pay", ["a"], {"fail": False}, verbose_name="Pay a")
    task.save()
    return task


def test_task_is_the_name_of_a_live_task() -> None:
    """The model of 1.2.8 is ours, with its constants."""
    assert Task is ScheduledTask
    assert [Task.HOURLY, Task.DAILY, Task.WEEKLY, Task.EVERY_4_WEEKS, Task.NEVER] == [
        3600,
        86_400,
        604_800,
        2_419_200,
        0,
    ]


def test_a_new_task_is_a_row_like_any_other(task: ScheduledTask) -> None:
    """What the manager makes equals what a call of the task makes, hash included."""
    task.delete()
    called = pay("a", fail=False)
    assert called is not None

    assert called.task_hash == task.task_hash
    assert called.params() == (["a"], {"fail": False})
    assert (str(task), str(called)) == ("Pay a", "legacy_rows.pay")


def test_a_single_argument_needs_no_tuple(database: QueueDatabase) -> None:
    """1.2.8 took ``(1)`` for ``(1,)``, and could not run it."""
    assert Task.objects.new_task("x", 1).task_params == "[[1], {}]"


def test_saving_a_duplicate_by_hand_is_refused(task: ScheduledTask) -> None:
    """The unique index holds for rows that were made without a call, too."""
    with pytest.raises(IntegrityError):
        Task.objects.new_task("legacy_rows.pay", ["a"], {"fail": False}).save()


def test_a_task_is_found_and_dropped_by_its_arguments(task: ScheduledTask) -> None:
    """As in 1.2.8, by name and arguments."""
    assert not Task.objects.get_task("legacy_rows.pay", ["b"]).exists()
    assert Task.objects.get_task("legacy_rows.pay", ["a"], {"fail": False}).get() == task

    Task.objects.drop_task("legacy_rows.pay", ["a"], {"fail": False})
    assert not Task.objects.exists()


def test_a_new_task_may_replace_equal_ones(task: ScheduledTask) -> None:
    """remove_existing_tasks deletes those that wait, and leaves the one that runs."""
    Task.objects.new_task("legacy_rows.pay", ["a"], {"fail": False}, remove_existing_tasks=True)

    assert not Task.objects.exists()


def test_a_lock_is_a_claim(task: ScheduledTask) -> None:
    """Who locks first has the task, with a token of its own and the attempt charged."""
    locked = task.lock("host:1")

    assert locked is not None
    assert (locked.locked_by, locked.token, locked.attempts) == ("host:1", 1, 1)
    assert locked.locked_at == locked.claimed_at is not None
    assert task.lock("host:2") is None
    assert (Task.objects.locked().count(), Task.objects.unlocked().count()) == (1, 0)


def test_a_lock_ends_with_its_lease(task: ScheduledTask) -> None:
    """Moving locked_at moves the end of the lease; another worker may lock the task then."""
    locked = task.lock("host:1")
    assert locked is not None
    assert locked.locked_at is not None
    locked.locked_at -= datetime.timedelta(seconds=301)  # TIMEOUT_SECONDS is 300
    locked.save()

    assert Task.objects.unlocked().get() == task
    assert task.lock("host:2") is not None


@pytest.mark.parametrize("column", ["locked_by", "locked_at"])
def test_a_task_can_be_unlocked_by_hand(task: ScheduledTask, column: str) -> None:
    """Setting either to None gives the task back."""
    locked = task.lock("host:1")
    assert locked is not None
    setattr(locked, column, None)
    locked.save()

    fresh = Task.objects.get()
    assert (fresh.locked_by, fresh.locked_at, fresh.lease_until) == (None, None, None)


def test_a_task_can_be_locked_by_hand(task: ScheduledTask) -> None:
    """Setting both is what lock does."""
    task.locked_by, task.locked_at = "host:1", Task.objects.database_time()
    task.save()

    assert Task.objects.locked().get().locked_by == "host:1"


@pytest.mark.parametrize(
    ("owner", "is_running"),
    [
        ("{host}:{pid}", True),
        ("{host}:999999999", False),
        ("{host}:x", None),
        ("elsewhere:{pid}", None),
        ("", None),
    ],
)
def test_only_processes_of_this_host_are_judged(owner: str, is_running: bool | None) -> None:
    """A process id of another host says nothing here."""
    named = owner.format(host=socket.gethostname(), pid=os.getpid())

    assert CompletedTask(claimed_by=named).locked_by_pid_running() is is_running


def test_the_process_of_somebody_else_is_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel refuses to signal it, so it is there."""

    def refuse(*_: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", refuse)
    assert CompletedTask(claimed_by=f"{socket.gethostname()}:1").locked_by_pid_running() is True


def test_attempts_are_counted_against_the_tasks_own_limit(
    task: ScheduledTask, settings: ProjectSettings
) -> None:
    """Or against that of the settings, if it has none."""
    settings.MAX_ATTEMPTS = 2
    task.increment_attempts()
    assert not task.has_reached_max_attempts()
    task.increment_attempts()
    assert task.has_reached_max_attempts()
    task.max_attempts = 3
    assert not task.has_reached_max_attempts()


def test_due_tasks_are_found_in_their_order(
    database: QueueDatabase, settings: ProjectSettings
) -> None:
    """By priority, which a project may turn round, then by time; a queue can be chosen."""
    low, high = (
        pay(name, priority=priority, schedule=LONG_AGO)  # type: ignore[call-arg]
        for name, priority in (("low", -1), ("high", 1))
    )
    pay("later", schedule=3600)  # type: ignore[call-arg]
    mail = pay("mail", queue="mail", priority=-2, schedule=LONG_AGO)  # type: ignore[call-arg]

    assert list(Task.objects.find_available()) == [high, low, mail]
    assert list(Task.objects.find_available("mail")) == [mail]
    settings.BACKGROUND_TASK_PRIORITY_ORDERING = "ASC"
    assert list(Task.objects.find_available()) == [mail, low, high]


def test_creators_are_found(task: ScheduledTask) -> None:
    """Any model instance can be the creator; one that is gone is None."""
    bob, eve = User.objects.create_user("bob"), User.objects.create_user("eve")
    task.creator = bob
    task.save()

    assert Task.objects.get().creator == bob
    assert list(Task.objects.created_by(bob)) == [task]
    assert not Task.objects.created_by(eve).exists()
    bob.delete()
    assert Task.objects.get().creator is None
    assert Task(creator_reference="gone.model:1").creator is None
    assert Task(creator_reference="").creator is None


def test_completed_and_failed_tasks_are_told_apart(database: QueueDatabase) -> None:
    """The failed ones come from their own table through the same manager."""
    bob = User.objects.create_user("bob")
    pay("a", creator=bob)  # type: ignore[call-arg]
    pay("b", fail=True, creator=bob)  # type: ignore[call-arg]
    assert run_next()
    assert run_next()

    (completed,) = CompletedTask.objects.succeeded(within=HOUR)
    (failed,) = CompletedTask.objects.failed(within=HOUR)
    assert isinstance(failed, FailedTask)
    assert (completed.has_error(), completed.last_error, completed.failed_at) == (False, "", None)
    assert failed.has_error()
    assert "no money" in failed.last_error
    assert (completed.repeat, failed.repeat_until) == (Task.NEVER, None)
    assert CompletedTask.objects.failed().created_by(bob).count() == 1
    assert CompletedTask.objects.created_by(bob).succeeded().count() == 1
    assert not Task.objects.failed().exists()


def test_a_task_can_be_completed_by_hand(task: ScheduledTask) -> None:
    """It moves: no task is live and completed at once."""
    completed = task.create_completed_task()

    assert CompletedTask.objects.get() == completed
    assert (completed.pk, completed.verbose_name) == (task.pk, "Pay a")
    assert not Task.objects.exists()


def test_moving_a_periodic_task_moves_its_phase(database: QueueDatabase) -> None:
    """Until it was tried: a pause after a failure is no new phase."""
    row = pay("a", repeat=Task.HOURLY)  # type: ignore[call-arg]
    assert isinstance(row, ScheduledTask)
    row.run_at -= HOUR
    row.save()

    assert row.is_repeating_task()
    assert Task.objects.get().slot_at == row.run_at
    row.attempts = 1
    row.run_at += HOUR / 2
    row.save()
    assert Task.objects.get().slot_at == row.run_at - HOUR / 2


def test_what_a_call_left_unread_is_read_at_once(database: QueueDatabase) -> None:
    """Looking at the new row costs one query, however many columns are looked at."""
    row = pay("a", verbose_name="Pay a")  # type: ignore[call-arg]
    assert row is not None
    with CaptureQueriesContext(connection) as queries:
        assert (row.verbose_name, row.attempts, row.run_at > row.created_at - HOUR) == (
            "Pay a",
            0,
            True,
        )
    assert len(queries) == 1
