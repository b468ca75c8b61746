"""The settings of the queue: one dict, ``BACKGROUND_TASK``, in the project's settings.

The settings of django-background-tasks 1.2.8 say what the dict leaves open.
"""

from __future__ import annotations

import dataclasses
import functools
import os
from typing import Any, Final

from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.dispatch import receiver
from django.utils.module_loading import import_string

from background_task.exceptions import LONGEST_SECONDS

LEAST_LEASE_SECONDS: Final = 0.5


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The values of ``BACKGROUND_TASK``, by the lower-case names of its keys.

    Attributes:
        max_attempts: attempts of a task before it goes to the failed tasks.
        timeout_seconds: a task that runs longer is killed.
        sleep_seconds: pause between two looks into an empty queue.
        lease_seconds: a worker that says nothing for so long is taken for dead.
        backoff_seconds: pause before the second attempt; it doubles with each further one.
        backoff_max_seconds: the pause never grows beyond this.
        keep_completed: whether finished tasks are kept in the table of completed tasks.
        max_params_bytes: the longest JSON of a task's arguments or result.
        workers: how many processes of ``process_tasks`` run tasks.
        lowest_first: whether lower priorities run first.
        notify: whether enqueueing tells idle workers, where the database can pass it on.
        metrics_token: what programs that have no session give to read metrics and health.
    """

    max_attempts: int = 3
    timeout_seconds: float = 300.0
    sleep_seconds: float = 5.0
    lease_seconds: float = 15.0
    backoff_seconds: float = 5.0
    backoff_max_seconds: float = 3600.0
    keep_completed: bool = True
    max_params_bytes: int = 1_000_000
    workers: int = 1
    lowest_first: bool = False
    notify: bool = True
    metrics_token: str = ""

    def problems(self) -> list[str]:
        """Return one sentence for each value that makes no sense."""
        found = [
            f"BACKGROUND_TASK[{field.name.upper()!r}] is {value!r}; {wanted}"
            for field in dataclasses.fields(self)
            if (wanted := _unlike(field.default, value := getattr(self, field.name)))
        ]
        if not found and self.lease_seconds < LEAST_LEASE_SECONDS:
            found.append(
                f"BACKGROUND_TASK['LEASE_SECONDS'] is {self.lease_seconds!r}; below "
                f"{LEAST_LEASE_SECONDS} seconds no worker renews its leases in time"
            )
        return found


LEGACY_NAMES: Final = (
    "MAX_ATTEMPTS",
    "MAX_RUN_TIME",
    "BACKGROUND_TASK_PRIORITY_ORDERING",
    "BACKGROUND_TASK_RUN_ASYNC",
    "BACKGROUND_TASK_ASYNC_THREADS",
)
"""The settings of 1.2.8."""


def read() -> Settings:
    """Return the project's settings; raises ImproperlyConfigured with one sentence.

    It is asked for every call of a task, so the same settings are made sense of only once.
    """
    given: Any = getattr(django_settings, "BACKGROUND_TASK", {})
    if not isinstance(given, dict):
        raise ImproperlyConfigured(f"BACKGROUND_TASK is {given!r}; it must be a dict")
    legacy = _legacy_values()
    try:
        return _read(tuple(given), *given.values(), *legacy)
    except TypeError:  # a value that is no constant, and so no right one either
        return _read.__wrapped__(tuple(given), *given.values(), *legacy)


@functools.cache
def _legacy_values() -> tuple[Any, ...]:
    return tuple(getattr(django_settings, name, None) for name in LEGACY_NAMES)


@receiver(setting_changed)
def _forget_legacy_values(**_: Any) -> None:
    """Look again after ``override_settings``."""
    _legacy_values.cache_clear()


@functools.lru_cache(maxsize=16, typed=True)
def _read(keys: tuple[str, ...], *values: Any) -> Settings:
    known = {field.name.upper(): field.name for field in dataclasses.fields(Settings)}
    for key in keys:
        if key not in known:
            raise ImproperlyConfigured(
                f"BACKGROUND_TASK has no key {key!r}; the keys are {', '.join(known)}"
            )
    fallbacks = _meaning_of(dict(zip(LEGACY_NAMES, values[len(keys) :], strict=True)))
    given = {known[key]: value for key, value in zip(keys, values, strict=False)}
    settings = Settings(**{**fallbacks, **given})
    for problem in settings.problems():
        raise ImproperlyConfigured(problem)
    return settings


def _meaning_of(legacy: dict[str, Any]) -> dict[str, Any]:
    """Return what the settings of 1.2.8 mean here, by the names of ours."""
    threads = legacy["BACKGROUND_TASK_ASYNC_THREADS"] or os.cpu_count()
    means = {
        "max_attempts": legacy["MAX_ATTEMPTS"],
        "timeout_seconds": legacy["MAX_RUN_TIME"],
        "lowest_first": legacy["BACKGROUND_TASK_PRIORITY_ORDERING"] == "ASC" or None,
        "workers": threads if legacy["BACKGROUND_TASK_RUN_ASYNC"] else None,
    }
    return {name: value for name, value in means.items() if value is not None}


def _unlike(default: object, value: object) -> str:
    """Say what ``value`` should be, or nothing if it is like ``default`` and positive."""
    if isinstance(default, bool):
        return "" if isinstance(value, bool) else "it must be True or False"
    if isinstance(default, str):
        return "" if isinstance(value, str) else "it must be a text"
    if isinstance(default, int):
        right = isinstance(value, int) and not isinstance(value, bool) and value > 0
        return "" if right else "it must be a whole number above zero"
    right = (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and 0 < value <= LONGEST_SECONDS
    )
    return "" if right else "it must be a number of seconds above zero"


def __getattr__(name: str) -> Any:
    """Find ``app_settings`` and ``AppSettings``, which 1.2.8 had here."""
    if name in ("AppSettings", "app_settings"):
        return import_string(f"background_task.legacy.runner.{name}")  # it lies above this module
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
