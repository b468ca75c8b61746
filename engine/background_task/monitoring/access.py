"""Who may see what the queue is doing: staff, and machines that know the token.

A project without the admin, or without users at all, gets an answer that says what to do.
"""

from __future__ import annotations

import functools
import hmac
from typing import TYPE_CHECKING, Any, Final

from django.contrib.auth.decorators import user_passes_test
from django.http import HttpResponse
from django.urls import NoReverseMatch, reverse

from background_task import settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    View = Callable[[HttpRequest], HttpResponseBase]

REFUSAL: Final = (
    "Sign in as staff, or set BACKGROUND_TASK['METRICS_TOKEN'] and send it in the header "
    "Authorization: Bearer TOKEN.\n"
)


NO_USERS: Final = (
    "This page is for staff, and this project has no users: install django.contrib.auth with its "
    "AuthenticationMiddleware, or read status.json with BACKGROUND_TASK['METRICS_TOKEN'].\n"
)


def staff_only(view: View) -> View:
    """Let staff in; send others to the admin's login, or to LOGIN_URL if there is no admin."""

    @functools.wraps(view)
    def guarded(request: HttpRequest) -> HttpResponseBase:
        if not hasattr(request, "user"):
            return _refusal(NO_USERS)
        return user_passes_test(_is_staff, login_url=reversed_or_none("admin:login"))(view)(request)

    return guarded


def staff_or_token(view: View) -> View:
    """Let staff in, and whoever sends the token; answer others with 401."""

    @functools.wraps(view)
    def guarded(request: HttpRequest) -> HttpResponseBase:
        if _is_staff(getattr(request, "user", None)) or _has_token(request):
            return view(request)
        return _refusal(REFUSAL)

    return guarded


def reversed_or_none(name: str) -> str | None:
    """Return the URL of that name, or None: a project may do without the admin."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return None


def _is_staff(user: Any) -> bool:
    return bool(user and user.is_active and getattr(user, "is_staff", False))


def _refusal(sentence: str) -> HttpResponse:
    headers = {
        "Content-Type": "text/plain; charset=utf-8",
        "WWW-Authenticate": 'Bearer realm="background_task"',
    }
    return HttpResponse(sentence, status=401, headers=headers)


def _has_token(request: HttpRequest) -> bool:
    token = settings.read().metrics_token
    scheme, _, sent = request.headers.get("Authorization", "").partition(" ")
    # Compared in constant time, so that how long it takes tells nothing of the token.
    is_equal = hmac.compare_digest(sent.strip().encode(), token.encode())
    return bool(token) and scheme.lower() == "bearer" and is_equal
