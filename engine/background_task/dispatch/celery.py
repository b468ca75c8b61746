"""Celery: one task, ``background_task.run``, on whichever Celery app the project has.

A worker that dies gives its message back (``acks_late``), and a publish is confirmed where the
broker can do so: what this queue promises is kept as far as the broker can keep it.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Final

from django.core.exceptions import ImproperlyConfigured

try:
    import celery
    from kombu.pools import producers
except ImportError as error:
    raise ImproperlyConfigured(
        f"the tasks should go to Celery, and it cannot be imported ({error}); "
        "type: pip install killproof[celery]"
    ) from error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from background_task.dispatch.messages import Message

NAME: Final = "background_task.run"
GRACE_SECONDS: Final = 5.0
"""A body that does not end at its timeout is killed so much later, with its process."""

HIGHEST_PRIORITY: Final = 9


@celery.shared_task(  # type: ignore[untyped-decorator]
    bind=True, name=NAME, acks_late=True, reject_on_worker_lost=True, max_retries=None
)
def run(self: Any, **call: Any) -> Any:
    """Run one call of a background task."""
    from background_task.dispatch.messages import Call
    from background_task.dispatch.receiving import RunAgain, receive

    retries = self.request.retries
    is_redelivered = (self.request.delivery_info or {}).get("redelivered")
    try:
        return receive(
            Call(**call),
            self.request.id,
            attempt=retries + 1,
            is_again=bool(is_redelivered or retries),
        )
    except RunAgain as again:
        raise self.retry(countdown=again.pause_seconds, exc=again) from again


class CeleryDispatcher:
    """Sends to the broker of the current Celery app."""

    def __init__(self) -> None:
        if not celery.current_app.conf.broker_write_url:
            raise ImproperlyConfigured(
                "the tasks should go to Celery, and the current Celery app names no broker: import "
                "your Celery app in the __init__.py of your project, and set its broker_url"
            )

    def send(self, messages: Sequence[Message]) -> None:
        """Return when the broker has taken all of them."""
        confirmed = {"confirm_publish": True}
        connection = celery.current_app.connection_for_write(transport_options=confirmed)
        with producers[connection].acquire(block=True) as producer:
            has_lowest_first = connection.transport.driver_type == "redis"
            for message in messages:
                run.apply_async(
                    kwargs=dataclasses.asdict(message.call),
                    producer=producer,
                    **options_of(message, has_lowest_first=has_lowest_first),
                )


def options_of(message: Message, *, has_lowest_first: bool) -> dict[str, Any]:
    """Return a message's options in Celery's words.

    The queue ``default`` is the app's own default. Priorities are Celery's 0 to 9, of which 0 is
    the default; on Redis it is also the highest, so that only lower ones can be expressed there.
    """
    call = message.call
    priority = -message.priority if has_lowest_first else message.priority
    return {
        "task_id": message.id,
        "shadow": call.task_name,
        "eta": message.due,
        "queue": None if call.queue == "default" else call.queue,
        "priority": min(max(priority, 0), HIGHEST_PRIORITY) or None,
        "soft_time_limit": call.timeout_seconds,
        "time_limit": call.timeout_seconds + GRACE_SECONDS,
        # A publish that was perhaps taken must not be repeated under the same id: a doubled message
        # could not be told from one that is delivered again.
        "retry": None if call.row is None else False,
    }
