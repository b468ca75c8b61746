"""The views behind ``background_task.urls``: they fetch the numbers and show them."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Final

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from background_task.enqueue import queue_database
from background_task.monitoring import health as queue_health
from background_task.monitoring.access import reversed_or_none, staff_only, staff_or_token
from background_task.monitoring.plot import plot
from background_task.monitoring.status import FAILED_LIMIT, read_status, total

if TYPE_CHECKING:
    from django.http import HttpRequest

REFRESH_SECONDS: Final = 10
NO_CLIENT: Final = "Metrics need the package prometheus_client: pip install prometheus_client.\n"
_LISTS: Final = ("scheduledtask", "completedtask", "failedtask", "worker", "attempterror")


@require_safe
@never_cache
@staff_only
def status_page(request: HttpRequest) -> HttpResponse:
    """Show the queue to people; ``?refresh`` shows it anew every few seconds."""
    status = read_status(queue_database())
    context = {
        "status": status,
        "problems": list(queue_health.problems(status.queues, status.workers)),
        "total": total(status.queues),
        "alive": sum(worker.is_alive for worker in status.workers),
        "failed_limit": FAILED_LIMIT,
        "plots": [
            plot(status.minutes, "completed", "Completed"),
            plot(status.minutes, "failed", "Failed attempts"),
        ],
        "lists": {
            name: reversed_or_none(f"admin:background_task_{name}_changelist") for name in _LISTS
        },
        "index": reversed_or_none("admin:index"),
        "refresh_seconds": REFRESH_SECONDS,
    }
    response = render(request, "background_task/status.html", context)
    if "refresh" in request.GET:
        response["Refresh"] = str(REFRESH_SECONDS)
    return response


@require_safe
@never_cache
@staff_or_token
def status_json(_: HttpRequest) -> HttpResponse:
    """Give the numbers of the page to programs."""
    return JsonResponse(dataclasses.asdict(read_status(queue_database())))


@require_safe
@never_cache
@staff_or_token
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer a scrape of Prometheus."""
    try:
        from background_task.monitoring.metrics import exposition
    except ImportError:
        return HttpResponse(NO_CLIENT, status=501, content_type="text/plain; charset=utf-8")
    body, content_type = exposition(queue_database(), request.headers.get("Accept", ""))
    return HttpResponse(body, content_type=content_type)


@require_safe
@never_cache
@staff_or_token
def health(request: HttpRequest) -> HttpResponse:
    """Answer a probe: 200 if all is well, 503 with a sentence for each problem if not."""
    max_age = _seconds(request.GET.get("max_age"), default=queue_health.MAX_AGE_SECONDS)
    if max_age is None:
        sentence = f"max_age={request.GET['max_age']} is not a number of seconds above zero."
        return JsonResponse({"healthy": False, "problems": [sentence]}, status=400)
    problems = queue_health.find_problems(queue_database(), max_age=max_age)
    answer = {"healthy": not problems, "problems": problems}
    return JsonResponse(answer, status=503 if problems else 200)


def _seconds(text: str | None, *, default: float) -> float | None:
    """Return the seconds that a parameter names, or None if it names none."""
    if text is None:
        return default
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if 0 < seconds < math.inf else None
