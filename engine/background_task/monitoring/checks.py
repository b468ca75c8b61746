"""System checks of the status page: what in a project's URLs would hide it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning, register  # noqa: A004 - Django's name
from django.urls import NoReverseMatch, resolve, reverse


@register("background_task")
def check_urls(**_: Any) -> list[CheckMessage]:
    """Report a status page that is included where another pattern answers its path."""
    if not getattr(settings, "ROOT_URLCONF", None):
        return []
    try:
        page = reverse("background_task:status")
    except NoReverseMatch:  # not included, or behind parameters
        return []
    if resolve(page).view_name == "background_task:status":
        return []
    return [
        Warning(
            f"another URL pattern answers {page} before background_task.urls does",
            hint="Put the include of background_task.urls before that of admin.site.urls, which "
            "answers everything below its prefix.",
            id="background_task.W010",
        )
    ]
