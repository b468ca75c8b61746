"""System checks: ``manage.py check`` finds what would break a promise."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from django.core.checks import run_checks

from background_task import dispatch

if TYPE_CHECKING:
    from pytest_django import Settings as ProjectSettings


def _found() -> list[str | None]:
    return [message.id for message in run_checks(tags=["background_task"])]


def test_the_tests_project_passes() -> None:
    """The settings that we recommend have nothing to complain about."""
    assert _found() == []


def test_settings_that_the_queue_would_refuse_are_found(settings: ProjectSettings) -> None:
    """They are found before a worker starts, with the sentence that it would say."""
    settings.BACKGROUND_TASK = {"MAX_ATTEMPTS": 0}

    (message,) = run_checks(tags=["background_task"])

    assert message.id == "background_task.E001"
    assert message.msg.startswith("BACKGROUND_TASK['MAX_ATTEMPTS'] is 0")


@pytest.mark.parametrize("place", ["carrier_pigeon", "shop.NoDispatcher", ".", None])
def test_a_place_for_calls_that_is_none_is_found(settings: ProjectSettings, place: object) -> None:
    """Before the first call is lost on it."""
    settings.BACKGROUND_TASK_DISPATCH = place

    (message,) = run_checks(tags=["background_task"])

    assert message.id == "background_task.E004"
    assert message.msg.startswith(f"{place!r} is no place for background tasks")


def test_a_place_whose_package_is_missing_is_found(
    settings: ProjectSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the command that installs it."""
    settings.BACKGROUND_TASK_DISPATCH = "huey"
    dispatch.dispatcher_named.cache_clear()
    monkeypatch.setitem(sys.modules, "huey.exceptions", None)
    monkeypatch.delitem(sys.modules, "background_task.dispatch.huey", raising=False)

    (message,) = run_checks(tags=["background_task"])

    assert (message.id, "pip install killproof[huey]" in message.msg) == (
        "background_task.E004",
        True,
    )


def test_options_of_tasks_are_checked_without_any_app_of_django_tasks(
    settings: ProjectSettings,
) -> None:
    """Nor does a wrong BACKGROUND_TASK keep their check from saying so."""
    settings.TASKS = {
        "default": {
            "BACKEND": "background_task.backend.DatabaseBackend",
            "OPTIONS": {"max_tries": 3},
        }
    }
    settings.BACKGROUND_TASK = {"MAX_ATTEMPTS": 0}

    found = {message.id for message in run_checks()}

    assert "django_tasks" not in settings.INSTALLED_APPS
    assert {"background_task.E001", "background_task.E010"} <= found


def test_local_times_are_found(settings: ProjectSettings) -> None:
    """Without USE_TZ the columns hold local times, which the queue would misread."""
    settings.USE_TZ = False

    assert _found() == ["background_task.E002"]


@pytest.mark.filterwarnings("ignore:Overriding setting DATABASES")
@pytest.mark.parametrize(
    ("engine", "options", "found"),
    [
        ("django.db.backends.sqlite3", {}, ["background_task.W001"]),
        ("django.db.backends.sqlite3", {"transaction_mode": None}, ["background_task.W001"]),
        ("django.db.backends.sqlite3", {"transaction_mode": "DEFERRED"}, ["background_task.W001"]),
        ("django.db.backends.sqlite3", {"transaction_mode": "immediate"}, []),
        ("django.db.backends.postgresql", {}, []),
    ],
)
def test_late_write_locks_of_sqlite_are_found(
    settings: ProjectSettings, engine: str, options: dict[str, object], found: list[str]
) -> None:
    """SQLite without IMMEDIATE fails under load, and other databases do not."""
    settings.DATABASES = {"default": {"ENGINE": engine, "NAME": "x", "OPTIONS": options}}

    assert _found() == found
