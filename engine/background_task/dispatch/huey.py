"""Huey: one task, ``background_task.run``, on the project's Huey instance.

``BACKGROUND_TASK_HUEY`` is the dotted path of the instance; without it, djhuey's ``HUEY`` is taken.
Huey forgets a message when a consumer takes it: what a killed consumer ran is lost, unless the call
has a row.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured
from django.db import close_old_connections
from django.utils.module_loading import import_string

try:
    from huey.exceptions import RetryTask
except ImportError as error:
    raise ImproperlyConfigured(
        f"the tasks should go to Huey, and it cannot be imported ({error}); "
        "type: pip install killproof[huey]"
    ) from error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from background_task.dispatch.messages import Message

DJHUEY: Final = "huey.contrib.djhuey.HUEY"

huey: Final[Any] = import_string(getattr(django_settings, "BACKGROUND_TASK_HUEY", DJHUEY))


@huey.task(name="background_task.run", context=True)  # type: ignore[untyped-decorator]
def run(task: Any, call: dict[str, Any], attempt: int) -> Any:
    """Run one call of a background task."""
    from background_task.dispatch.messages import Call
    from background_task.dispatch.receiving import RunAgain, receive

    _close_connections()
    try:
        return receive(Call(**call), task.id, attempt=attempt, is_again=attempt > 1)
    except RunAgain as again:
        # Huey sends the same task once more, and what it counts is not what we count.
        task.kwargs = {**task.kwargs, "attempt": attempt + 1}
        raise RetryTask(str(again), delay=again.pause_seconds) from again
    finally:
        _close_connections()


class HueyDispatcher:
    """Sends to the project's Huey instance, which is one queue: a call's queue means nothing."""

    def send(self, messages: Sequence[Message]) -> None:
        """Return when the storage has taken all of them."""
        for message in messages:
            huey.enqueue(
                run.s(
                    call=dataclasses.asdict(message.call),
                    attempt=1,
                    id=message.id,
                    eta=message.due,
                    timeout=message.call.timeout_seconds,
                    priority=(message.priority or None) if huey.storage.priority else None,
                )
            )


def _close_connections() -> None:
    """Do what Django does between requests, unless the caller's own request runs this."""
    if not huey.immediate:
        close_old_connections()
