"""Who may see what the queue is doing: staff, and machines that know the token."""

from __future__ import annotations

import functools
import hmac
from typing import TYPE_CHECKING, Final

from django.http import HttpResponse

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


def staff_or_token(view: View) -> View:
    """Let staff in, and whoever sends the token; answer others with 401."""

    @functools.wraps(view)
    def guarded(request: HttpRequest) -> HttpResponseBase:
        user = getattr(request, "user", None)
        if (user and user.is_active and user.is_staff) or _has_token(request):
            return view(request)
        headers = {
            "Content-Type": "text/plain; charset=utf-8",
            "WWW-Authenticate": 'Bearer realm="background_task"',
        }
        return HttpResponse(REFUSAL, status=401, headers=headers)

    return guarded


def _has_token(request: HttpRequest) -> bool:
    token = settings.read().metrics_token
    scheme, _, sent = request.headers.get("Authorization", "").partition(" ")
    # Compared in constant time, so that how long it takes tells nothing of the token.
    is_equal = hmac.compare_digest(sent.strip().encode(), token.encode())
    return bool(token) and scheme.lower() == "bearer" and is_equal
