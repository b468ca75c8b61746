"""Where calls of ``@background`` go: into the queue's tables, or to a broker that the project has.

``BACKGROUND_TASK_DISPATCH`` says it: ``database`` (the default), ``celery``, ``huey``, or the
dotted path of a ``Dispatcher`` of one's own. What a broker cannot keep, a row keeps: a periodic
call stays in the database, and one that is atomic or has an idempotency window gets a row that is
handed over.
"""

from __future__ import annotations

import dataclasses
import functools
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Final, Protocol, cast

from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.utils.module_loading import import_string

from background_task.bulk import Enqueued, enqueue_many
from background_task.enqueue import enqueue, queue_database

if TYPE_CHECKING:
    from collections.abc import Sequence

    from background_task.dispatch.messages import Message
    from background_task.enqueue import Enqueue
    from background_task.models import EnqueuedTask

DATABASE: Final = "database"

_OURS: Final = {
    "celery": "background_task.dispatch.celery.CeleryDispatcher",
    "huey": "background_task.dispatch.huey.HueyDispatcher",
}


class Dispatcher(Protocol):
    """Hands messages to a broker."""

    def send(self, messages: Sequence[Message]) -> None:
        """Return when the broker has taken all of them; raise if it may not have."""


def destination() -> str:
    """Return the name of the place that calls go to."""
    return getattr(django_settings, "BACKGROUND_TASK_DISPATCH", DATABASE)


@functools.cache
def dispatcher_named(name: str) -> Dispatcher:
    """Return the dispatcher of that name; raises ImproperlyConfigured with one sentence."""
    try:
        return cast("Dispatcher", import_string(_OURS.get(name, name))())
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise ImproperlyConfigured(
            f"{name!r} is no place for background tasks ({error}); choose database, celery or "
            "huey, or the dotted path of a dispatcher of your own"
        ) from error


def register() -> None:
    """Make the brokers' task known where it may be needed: their workers set Django up, too."""
    if "celery" in sys.modules:
        import_module("background_task.dispatch.celery")
    if hasattr(django_settings, "HUEY"):
        import_module("background_task.dispatch.huey")


def send(request: Enqueue, *, is_atomic: bool = False) -> EnqueuedTask:
    """Enqueue a call in the place that the project has chosen.

    A broker gets it when the caller's transaction commits, and at once if there is none. What is
    returned is not saved then: its id is the one that the body sees in ``current_task()``.
    """
    if (name := destination()) == DATABASE or request.is_periodic:
        return enqueue(request)
    if is_atomic or request.hold_seconds is not None:
        return _send_with_row(request, name)
    return _send_without_row(request, dispatcher_named(name))


def send_many(
    request: Enqueue, all_params: Sequence[str], *, is_atomic: bool = False
) -> list[Enqueued]:
    """Enqueue a call for each of ``all_params`` in the place that the project has chosen."""
    if destination() == DATABASE or request.is_periodic:
        return enqueue_many(request, all_params)
    requests = (dataclasses.replace(request, task_params=params) for params in all_params)
    tasks = [send(one, is_atomic=is_atomic) for one in requests]
    return [Enqueued(id=task.id, is_duplicate=task.is_duplicate) for task in tasks]


def _send_without_row(request: Enqueue, dispatcher: Dispatcher) -> EnqueuedTask:
    from background_task.dispatch.messages import Message, number_of
    from background_task.models import ScheduledTask

    message = Message.of(request)
    transaction.on_commit(lambda: dispatcher.send([message]), using=queue_database().alias)
    return ScheduledTask(
        id=number_of(message.id),
        task_name=request.task_name,
        task_params=request.task_params,
        queue=request.queue,
        priority=request.priority,
        claimed_by=message.id,
    )


def _send_with_row(request: Enqueue, name: str) -> EnqueuedTask:
    """Write a row that is the broker's from the start.

    An error of the broker is logged and not raised: the call is in the database, and
    ``hand_over_tasks`` sends what is unsent.
    """
    from background_task.dispatch import hand_over

    database, dispatcher = queue_database(), dispatcher_named(name)
    with database.transaction():
        row = enqueue(request)
        if not row.is_duplicate:
            messages = hand_over.take(database, [row.pk], to=name)
            transaction.on_commit(
                lambda: hand_over.send(database, dispatcher, messages),
                using=database.alias,
                robust=True,
            )
    return row
