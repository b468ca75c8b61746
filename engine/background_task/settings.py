"""The settings of the queue: one dict, ``BACKGROUND_TASK``, in the project's settings."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured


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
    """

    max_attempts: int = 3
    timeout_seconds: float = 300.0
    sleep_seconds: float = 5.0
    lease_seconds: float = 15.0
    backoff_seconds: float = 5.0
    backoff_max_seconds: float = 3600.0
    keep_completed: bool = True
    max_params_bytes: int = 1_000_000

    def problems(self) -> list[str]:
        """Return one sentence for each value that makes no sense."""
        return [
            f"BACKGROUND_TASK[{field.name.upper()!r}] is {value!r}; {wanted}"
            for field in dataclasses.fields(self)
            if (wanted := _unlike(field.default, value := getattr(self, field.name)))
        ]


def read() -> Settings:
    """Return the project's settings; raises ImproperlyConfigured with one sentence."""
    given: dict[str, Any] = getattr(django_settings, "BACKGROUND_TASK", {})
    if not isinstance(given, dict):
        raise ImproperlyConfigured(f"BACKGROUND_TASK is {given!r}; it must be a dict")
    known = {field.name.upper(): field.name for field in dataclasses.fields(Settings)}
    for key in given:
        if key not in known:
            raise ImproperlyConfigured(
                f"BACKGROUND_TASK has no key {key!r}; the keys are {', '.join(known)}"
            )
    settings = Settings(**{known[key]: value for key, value in given.items()})
    for problem in settings.problems():
        raise ImproperlyConfigured(problem)
    return settings


def _unlike(default: object, value: object) -> str:
    """Say what ``value`` should be, or nothing if it is like ``default`` and positive."""
    if isinstance(default, bool):
        return "" if isinstance(value, bool) else "it must be True or False"
    if isinstance(default, int):
        right = isinstance(value, int) and not isinstance(value, bool) and value > 0
        return "" if right else "it must be a whole number above zero"
    right = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < math.inf
    return "" if right else "it must be a number of seconds above zero"
