"""The backend for ``TASKS``: what an enqueue writes, and what its result says at each time."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

import pytest
from asgiref.sync import async_to_sync
from django.db import transaction
from django.utils import timezone

from background_task import background
from background_task.backend import DatabaseTask
from background_task.claims import claim
from background_task.compat import (
    InvalidTask,
    InvalidTaskBackend,
    TaskResultDoesNotExist,
    TaskResultStatus,
    signals,
    task,
    task_backends,
)
from background_task.inline import run_all, worker_name
from background_task.models import CompletedTask, FailedTask, HeldHash, ScheduledTask
from background_task.registry import registry
from background_task.task_results import time_of_enqueue
from engine.tests import backend_tasks as tasks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django import Settings

    from background_task.databases import QueueDatabase
    from background_task.terms import Terms


@pytest.fixture(autouse=True)
def backend(settings: Settings, database: QueueDatabase) -> Any:
    """The backend that the tasks go through."""
    settings.TASKS = tasks.TASKS
    return task_backends["default"]


@pytest.fixture
def announced() -> Iterator[list[Any]]:
    """The results that ``task_enqueued`` was sent with."""
    results: list[Any] = []

    def receive(*, task_result: Any, **_: Any) -> None:
        results.append(task_result)

    signals.task_enqueued.connect(receive)
    yield results
    signals.task_enqueued.disconnect(receive)


def test_an_enqueue_writes_the_call_with_its_options() -> None:
    """A worker finds everything that it needs on the row."""
    later = timezone.now() + datetime.timedelta(hours=1)
    result = tasks.add.using(priority=7, queue_name="mail", run_after=later).enqueue(1, two=2)

    row = ScheduledTask.objects.get(id=result.id)
    assert (row.task_name, row.task_params) == (tasks.add.module_path, '[[1], {"two": 2}]')
    assert (row.priority, row.queue, row.backend) == (7, "mail", "default")
    assert (row.run_at, row.live_hash) == (later, None)
    assert (row.max_attempts, row.timeout_seconds) == (2, 20.0)


def test_options_of_a_task_come_before_those_of_the_settings() -> None:
    """OPTIONS hold for the tasks that say nothing themselves."""
    row = ScheduledTask.objects.get(id=tasks.call_supplier.enqueue(1).id)

    assert (row.max_attempts, row.timeout_seconds) == (10, 1.5)


def test_an_enqueue_returns_what_get_result_finds(backend: Any) -> None:
    """The result of an enqueue is the one in the database, with its time of it."""
    result = tasks.add.enqueue(1, 2)

    assert result == backend.get_result(result.id) == tasks.add.get_result(result.id)
    assert (result.status, result.args, result.kwargs) == (TaskResultStatus.READY, [1, 2], {})
    assert result.enqueued_at == ScheduledTask.objects.get(id=result.id).created_at


def test_a_task_may_end_before_its_enqueue_returns() -> None:
    """The time of the enqueue is found wherever a fast worker has put the task by then."""
    result = tasks.add.enqueue(1, 2)
    run_all()

    assert time_of_enqueue(int(result.id)) == result.enqueued_at
    assert time_of_enqueue(987654321) is None


def test_coroutines_enqueue_and_look_up(backend: Any) -> None:
    """The asynchronous twins do the same."""
    result = async_to_sync(tasks.add.aenqueue)(1, 2)

    assert async_to_sync(backend.aget_result)(result.id) == result


def test_equal_calls_are_tasks_of_their_own(announced: list[Any]) -> None:
    """Unless asked otherwise, each enqueue is run and announced."""
    first, second = tasks.add.enqueue(1, 2), tasks.add.enqueue(1, 2)

    assert first.id != second.id
    assert announced == [first, second]


def test_a_unique_task_gives_the_result_of_the_live_one(announced: list[Any]) -> None:
    """With unique=True an equal call while the first one is live enqueues nothing."""
    first, second = tasks.sync_account.enqueue(1), tasks.sync_account.enqueue(1)
    other = tasks.sync_account.enqueue(2)

    assert second == first
    assert announced == [first, other]


@pytest.mark.parametrize("keep", [True, False])
def test_a_unique_task_is_held_after_its_end(settings: Settings, keep: bool) -> None:
    """With unique_for an equal call gets the completed task, which need not have been kept."""
    settings.BACKGROUND_TASK = {"KEEP_COMPLETED": keep}
    first = tasks.send_report.enqueue("monday")
    run_all()
    second = tasks.send_report.enqueue("monday")

    assert (second.id, second.status) == (first.id, TaskResultStatus.SUCCESSFUL)
    assert second.return_value == ("monday" if keep else None)
    assert HeldHash.objects.count() == 1


def test_an_enqueue_joins_the_callers_transaction(backend: Any, announced: list[Any]) -> None:
    """What is rolled back was never enqueued, and is never announced."""
    with transaction.atomic():
        result = tasks.add.enqueue(1, 2)
        transaction.set_rollback(True)

    with pytest.raises(TaskResultDoesNotExist):
        backend.get_result(result.id)
    assert announced == []


def test_a_result_follows_its_task(database: QueueDatabase, terms: Terms) -> None:
    """It is ready, then running, then successful, each with the times so far."""
    result = tasks.add.enqueue(1, 2)
    with database.transaction():
        (claimed,) = claim(database, terms, limit=1)
    result.refresh()
    assert (result.status, result.worker_ids) == (TaskResultStatus.RUNNING, ["host:1"])
    assert result.enqueued_at <= result.started_at == result.last_attempted_at
    assert result.finished_at is None

    ScheduledTask.objects.filter(id=claimed.id).update(lease_until=None)
    run_all()
    result.refresh()
    assert (result.status, result.return_value) == (TaskResultStatus.SUCCESSFUL, 3)
    assert result.started_at <= result.finished_at == CompletedTask.objects.get().completed_at


def test_a_failing_task_is_ready_again_until_its_last_attempt() -> None:
    """Between attempts it is ready, with the errors so far; at the end it has failed."""
    result = tasks.fail.enqueue("no paper")
    run_all()
    result.refresh()
    assert (result.status, result.attempts) == (TaskResultStatus.READY, 1)

    ScheduledTask.objects.update(run_at=result.enqueued_at)
    run_all()
    result.refresh()
    assert (result.status, result.attempts) == (TaskResultStatus.FAILED, 2)
    assert result.worker_ids == [worker_name()] * 2
    assert [error.exception_class for error in result.errors] == [ValueError, ValueError]
    assert result.errors[1].traceback.endswith("ValueError: no paper\n")
    assert result.enqueued_at <= result.started_at <= result.last_attempted_at
    assert result.finished_at == FailedTask.objects.get().failed_at


def test_a_retry_that_waits_says_until_when() -> None:
    """The task of the result has the time of the next attempt."""
    result = tasks.fail.enqueue("no paper")
    run_all()

    waiting = tasks.fail.get_result(result.id).task
    assert waiting.run_after == ScheduledTask.objects.get().run_at


@pytest.mark.parametrize("id_", ["987654321", "", "one", "-1", "1.0", "9" * 40, "\uff11", "None"])
def test_an_id_of_nothing_has_no_result(backend: Any, id_: str) -> None:
    """Unknown and malformed ids are the same to the caller."""
    with pytest.raises(TaskResultDoesNotExist):
        backend.get_result(id_)


def test_a_task_of_another_kind_has_no_result(backend: Any) -> None:
    """The ids of @background are not ids of django.tasks."""
    name = f"{__name__}.tidy"
    try:
        row = background(name=name)(tasks.plain)()
    finally:
        registry.pop(name)

    assert row is not None
    with pytest.raises(TaskResultDoesNotExist):
        backend.get_result(str(row.pk))


def test_options_are_arguments_of_the_decorator() -> None:
    """Where Django's decorator takes them; Django 6.0's does not and says so."""
    try:
        declared: Any = task(max_attempts=10, backoff=30, timeout=5)(tasks.plain)  # type: ignore[call-overload]
    except TypeError as error:
        assert "max_attempts" in str(error)  # noqa: PT017 - of Django 6.0 only
    else:
        assert isinstance(declared, DatabaseTask)
        assert (declared.max_attempts, declared.backoff, declared.timeout) == (10, 30, 5)


@pytest.mark.parametrize(
    "options", [{"max_attempts": 0}, {"timeout": -1}, {"backoff": "soon"}, {"unique": 1}]
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any]) -> None:
    """A task is refused when it is declared, in a sentence that names the option."""
    (name,) = options

    with pytest.raises(InvalidTask, match=f"{tasks.plain.__name__} make no sense: {name}"):
        tasks.declare(**options)(tasks.plain)


def test_arguments_that_json_has_not_are_refused() -> None:
    """Nothing is enqueued that would come back as something else."""
    for argument in (timezone.now(), {1: "one"}, float("nan")):
        with pytest.raises((TypeError, ValueError)):
            tasks.add.enqueue(argument, 2)

    assert not ScheduledTask.objects.exists()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"max_attemps": 3}, "TASKS['default']['OPTIONS'] has no key 'max_attemps'"),
        (
            {"max_attempts": 0},
            "TASKS['default']['OPTIONS']: max_attempts 0 is not a whole number above zero",
        ),
    ],
)
def test_bad_settings_are_reported(
    settings: Settings, options: dict[str, Any], sentence: str
) -> None:
    """A system check says what is wrong and what to do; modules of tasks can be imported still."""
    settings.TASKS = {"default": {**tasks.TASKS["default"], "OPTIONS": options}}

    (error,) = task_backends["default"].check()
    assert (error.id, error.msg) == ("background_task.E010", sentence)
    assert "max_attempts, backoff, timeout" in str(error.hint)
    with pytest.raises(InvalidTaskBackend, match="OPTIONS"):
        tasks.add.using(queue_name="mail").enqueue(1, 2)


def test_good_settings_are_not_reported(backend: Any) -> None:
    """A project that follows the page on django.tasks has no messages."""
    assert list(backend.check()) == []


def test_a_missing_app_is_reported(settings: Settings) -> None:
    """Without its tables the backend cannot work."""
    settings.INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth"]

    (error,) = task_backends["default"].check()
    assert error.id == "background_task.E011"


def test_results_that_are_not_kept_are_reported(settings: Settings) -> None:
    """Whoever throws completed tasks away should know that results go with them."""
    settings.BACKGROUND_TASK = {"KEEP_COMPLETED": False}

    (warning,) = task_backends["default"].check()
    assert warning.id == "background_task.W011"
