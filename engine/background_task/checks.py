"""System checks: what in a project's settings and URLs would break a promise of the queue."""

from __future__ import annotations

import contextlib
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings as django_settings
from django.core import checks
from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured
from django.urls import NoReverseMatch, resolve, reverse

from background_task import dispatch, settings

if TYPE_CHECKING:
    from collections.abc import Iterable


@register("background_task")
def check_settings(**_: Any) -> list[CheckMessage]:
    """Report a ``BACKGROUND_TASK`` that the queue would refuse."""
    try:
        settings.read()
    except ImproperlyConfigured as error:
        return [
            Error(str(error), hint="See docs/operating.md for the keys.", id="background_task.E001")
        ]
    return []


@register("background_task")
def check_dispatch(**_: Any) -> list[CheckMessage]:
    """Report a ``BACKGROUND_TASK_DISPATCH`` to which no call could be sent."""
    if (name := dispatch.destination()) == dispatch.DATABASE:
        return []
    try:
        dispatch.dispatcher_named(name)
    except ImproperlyConfigured as error:
        hint = "See docs/outgrowing.md, or leave BACKGROUND_TASK_DISPATCH out."
        return [Error(str(error), hint=hint, id="background_task.E004")]
    return []


@register("background_task")
def check_time_zones(**_: Any) -> list[CheckMessage]:
    """Report settings under which columns hold local times: the queue compares them with UTC."""
    if django_settings.USE_TZ:
        return []
    return [
        Error(
            "background_task needs USE_TZ = True: it compares times by the database's clock in UTC",
            hint="Set USE_TZ = True, which is Django's default.",
            id="background_task.E002",
        )
    ]


@register("background_task")
def check_database_time_zones(**_: Any) -> list[CheckMessage]:
    """Report databases whose columns hold local times, which the queue compares with UTC."""
    return [
        Error(
            f"DATABASES[{alias!r}] has the TIME_ZONE {entry['TIME_ZONE']!r}, and background_task "
            "compares times by the database's clock in UTC",
            hint="Leave TIME_ZONE of the database out, or keep the queue in another database.",
            id="background_task.E003",
        )
        for alias, entry in _databases().items()
        if entry.get("TIME_ZONE") not in (None, "UTC")
        and not entry["ENGINE"].endswith("postgresql")
    ]


@register("background_task")
def check_sqlite(**_: Any) -> Iterable[CheckMessage]:
    """Report SQLite settings that make workers fail with "database is locked"."""
    return [
        checks.Warning(
            f"DATABASES[{alias!r}] begins its transactions without the write lock",
            hint='Set OPTIONS["transaction_mode"] = "IMMEDIATE"; else a transaction that reads and '
            "then writes fails when a worker wrote in between.",
            id="background_task.W001",
        )
        for alias, entry in _databases().items()
        if entry["ENGINE"].endswith("sqlite3")
        and str(entry.get("OPTIONS", {}).get("transaction_mode", "")).upper() != "IMMEDIATE"
    ]


MEANINGLESS: Final = {
    "BACKOFF_MULTIPLIER": 'Set BACKGROUND_TASK["BACKOFF_SECONDS"], or backoff= of a task.',
    "BACKGROUND_TASK_ASYNC_THREADS": (
        'Without BACKGROUND_TASK_RUN_ASYNC it had no effect; set BACKGROUND_TASK["WORKERS"].'
    ),
}
"""Settings of django-background-tasks that change nothing here, and what to set instead."""


@register("background_task")
def check_legacy_settings(**_: Any) -> Iterable[CheckMessage]:
    """Report settings of django-background-tasks that change nothing here."""
    is_async = getattr(django_settings, "BACKGROUND_TASK_RUN_ASYNC", False)
    return [
        checks.Warning(f"{name} means nothing here", hint=hint, id="background_task.W002")
        for name, hint in MEANINGLESS.items()
        if hasattr(django_settings, name)
        and not (name == "BACKGROUND_TASK_ASYNC_THREADS" and is_async)
    ]


@register("background_task")
def check_urls(**_: Any) -> list[CheckMessage]:
    """Report a status page that is included where another pattern answers its path."""
    if not getattr(django_settings, "ROOT_URLCONF", None):
        return []
    try:
        page = reverse("background_task:status")
    except NoReverseMatch:  # not included, or behind parameters
        return []
    if resolve(page).view_name == "background_task:status":
        return []
    return [
        checks.Warning(
            f"another URL pattern answers {page} before background_task.urls does",
            hint="Put the include of background_task.urls before that of admin.site.urls, which "
            "answers everything below its prefix.",
            id="background_task.W010",
        )
    ]


def register_those_of_tasks() -> None:
    """Have the backends of ``TASKS`` checked, too, wherever there is a ``django.tasks``.

    Importing it registers its check; of its backport only the app would, which nobody needs else.
    """
    with contextlib.suppress(ImportError):
        import_module("background_task.compat")


def _databases() -> dict[str, dict[str, Any]]:
    return django_settings.DATABASES
