"""What ``background_task.tasks`` and ``.settings`` of 1.2.8 offered, over this engine."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError

import background_task.settings
import background_task.tasks
from background_task import background, inline
from background_task.models import CompletedTask, ScheduledTask
from background_task.registry import registry
from background_task.settings import app_settings, read
from background_task.tasks import TaskProxy, TaskSchedule, bg_runner, tasks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django import Settings as ProjectSettings

    from background_task.databases import QueueDatabase

_ran: list[Any] = []


def _note(*args: object, **kwargs: object) -> None:
    _ran.append((args, kwargs))


def _fail() -> None:
    raise ValueError("not today")


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    """Forget what ran, and the tasks that a test declares."""
    _ran.clear()
    before = dict(registry)
    yield
    registry.clear()
    registry.update(before)


@pytest.fixture
def note(database: QueueDatabase) -> TaskProxy[..., None]:
    """Return a task that remembers its arguments."""
    proxy: TaskProxy[..., None] = tasks.background(name="legacy.note", schedule=0)(_note)
    return proxy


@pytest.mark.parametrize(
    "name",
    ["DBTaskRunner", "TaskProxy", "TaskSchedule", "Tasks", "autodiscover", "bg_runner", "logger"],
)
def test_the_names_of_the_old_module_are_there(name: str) -> None:
    """Imports of 1.2.8 go on working."""
    assert getattr(background_task.tasks, name) is not None


@pytest.mark.parametrize("module", [background_task.tasks, background_task.settings])
def test_other_names_are_not_there(module: Any) -> None:
    """A typing mistake is an AttributeError, as in any module."""
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        module.nonsense  # noqa: B018


def test_the_old_decorator_has_its_three_forms() -> None:
    """Bare, called and with a name; a later task of the same name takes its place."""
    assert tasks.background(_note).name == f"{__name__}._note"
    assert tasks.background()(_note).task_function is _note
    tasks.background(name="legacy.same")(_note)
    assert registry.find("legacy.same").task_function is _note
    tasks.background(name="legacy.same")(_fail)
    assert registry.find("legacy.same").task_function is _fail


def test_a_proxy_says_what_it_was_declared_with() -> None:
    """The attributes of 1.2.8."""
    proxy = background("legacy.x", schedule=10, queue="mail", remove_existing_tasks=True)(_note)

    assert proxy.schedule == TaskSchedule(run_at=10)
    assert (proxy.queue, proxy.remove_existing_tasks) == ("mail", True)
    assert proxy.runner.worker_name == inline.worker_name()


def test_none_in_a_call_means_not_said(note: TaskProxy[..., None]) -> None:
    """1.2.8 had None for no queue, no repeat and no name."""
    row = note("a", queue=None, repeat=None, verbose_name=None, creator=None)

    assert row is not None
    assert (row.queue, row.verbose_name) == ("default", "")


def test_the_next_task_is_run(note: TaskProxy[..., None]) -> None:
    """It says whether there was one, and a queue can be chosen."""
    note("a")

    assert not tasks.run_next_task("mail")
    assert tasks.run_next_task()
    assert not tasks.run_next_task()
    assert _ran == [(("a",), {})]


def test_a_waiting_row_is_run_by_name_and_arguments(note: TaskProxy[..., None]) -> None:
    """The row completes, as its work is done."""
    note("a", b=1)

    tasks.run_task("legacy.note", ["a"], {"b": 1})

    assert _ran == [(("a",), {"b": 1})]
    assert CompletedTask.objects.count() == 1
    assert not ScheduledTask.objects.exists()


def test_a_row_can_be_run(note: TaskProxy[..., None]) -> None:
    """Given as it is, not locked by anybody."""
    row = note("a")

    bg_runner(note, row)

    assert _ran == [(("a",), {})]
    assert CompletedTask.objects.count() == 1


def test_a_row_that_another_process_runs_is_left_alone(note: TaskProxy[..., None]) -> None:
    """What the caller has in its memory may be old."""
    stale = note("a")
    ScheduledTask.objects.get().lock("host:1")

    tasks.run_task(stale)

    assert _ran == []


def test_without_a_row_the_function_is_called(note: TaskProxy[..., None]) -> None:
    """And what it raises is raised: nothing else would tell of it."""
    tasks.run_task("legacy.note", ["a"])
    assert _ran == [(("a",), {})]

    tasks.background(name="legacy.fail")(_fail)
    with pytest.raises(ValueError, match="not today"):
        tasks.run_task("legacy.fail")


def test_a_failure_is_logged(database: QueueDatabase, caplog: pytest.LogCaptureFixture) -> None:
    """As an error, with what becomes of the task."""
    tasks.background(name="legacy.fail")(_fail)()

    assert tasks.run_next_task()

    (record,) = [found for found in caplog.records if found.name == "background_task.tasks"]
    assert record.levelno == logging.ERROR
    assert record.getMessage().startswith("Rescheduling legacy.fail: Traceback")


def test_a_database_that_is_away_is_a_warning(
    database: QueueDatabase, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Loops around run_next_task go on."""

    def away(_: object) -> None:
        raise OperationalError

    monkeypatch.setattr(inline, "claim_next", away)

    assert not tasks.run_next_task()
    assert caplog.messages == ["Failed to retrieve tasks. Database unreachable."]


def test_the_old_settings_are_in_force(settings: ProjectSettings) -> None:
    """They say what BACKGROUND_TASK leaves open; app_settings tells what is in force."""
    settings.MAX_ATTEMPTS = 7
    settings.MAX_RUN_TIME = 60
    settings.BACKGROUND_TASK_PRIORITY_ORDERING = "ASC"
    settings.BACKGROUND_TASK_RUN_ASYNC = True
    settings.BACKGROUND_TASK_ASYNC_THREADS = 4

    assert (read().max_attempts, read().timeout_seconds) == (7, 60)
    assert (read().lowest_first, read().workers) == (True, 4)
    assert (app_settings.MAX_ATTEMPTS, app_settings.BACKGROUND_TASK_MAX_ATTEMPTS) == (7, 7)
    assert (app_settings.MAX_RUN_TIME, app_settings.BACKGROUND_TASK_MAX_RUN_TIME) == (60, 60)
    assert app_settings.BACKGROUND_TASK_PRIORITY_ORDERING == ""
    assert app_settings.BACKGROUND_TASK_ASYNC_THREADS == 4
    settings.BACKGROUND_TASK = {"MAX_ATTEMPTS": 5}
    assert app_settings.MAX_ATTEMPTS == 5
    assert read().timeout_seconds == 60


def test_a_setting_that_never_was_is_not_there() -> None:
    """A typing mistake is an AttributeError, as for any object."""
    with pytest.raises(AttributeError, match=r"1\.2\.8 had no setting MAX_ATTEMTPS"):
        app_settings.MAX_ATTEMTPS  # noqa: B018


def test_a_wrong_value_of_an_old_setting_is_refused(settings: ProjectSettings) -> None:
    """By the name of the key that it stands for."""
    settings.MAX_ATTEMPTS = 0

    with pytest.raises(ImproperlyConfigured, match=r"\['MAX_ATTEMPTS'\] is 0; it must be a whole"):
        read()


def test_settings_of_1_2_8_that_mean_nothing_are_found(settings: ProjectSettings) -> None:
    """With what to set instead; threads count as long as the tasks ran in them."""
    settings.BACKOFF_MULTIPLIER = 4
    settings.BACKGROUND_TASK_ASYNC_THREADS = 2

    found = [message.msg for message in run_checks(tags=["background_task"])]
    assert found == [
        "BACKOFF_MULTIPLIER means nothing here",
        "BACKGROUND_TASK_ASYNC_THREADS means nothing here",
    ]
    settings.BACKGROUND_TASK_RUN_ASYNC = True
    assert len(run_checks(tags=["background_task"])) == 1


def test_equal_settings_are_read_once(settings: ProjectSettings) -> None:
    """A call of a task costs no second reading; a change of the dict is seen at once."""
    settings.BACKGROUND_TASK = {"MAX_ATTEMPTS": 5}
    assert read() is read()

    settings.BACKGROUND_TASK["MAX_ATTEMPTS"] = 6
    assert read().max_attempts == 6


def test_the_default_order_is_the_highest_first(settings: ProjectSettings) -> None:
    """As in 1.2.8."""
    settings.BACKGROUND_TASK_PRIORITY_ORDERING = "DESC"

    assert app_settings.BACKGROUND_TASK_PRIORITY_ORDERING == "-"
