"""A message was delivered: run its body, with the decisions of ``process_tasks`` about its end.

A message whose row has another owner by now, or is gone, is dropped without running anything.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from background_task import discovery, settings
from background_task.attempt import run_attempt
from background_task.dispatch import hand_over
from background_task.dispatch.messages import number_of
from background_task.enqueue import queue_database
from background_task.error_texts import naming_line
from background_task.exceptions import BackgroundTaskError
from background_task.outcomes import Failed, Finished
from background_task.registry import registry

if TYPE_CHECKING:
    from background_task.attempt import Ended
    from background_task.claims import Claim
    from background_task.dispatch.messages import Call

logger = logging.getLogger("background_task")


class RunAgain(Exception):  # noqa: N818 - it asks the broker for something
    """Deliver the message again, after ``pause_seconds``."""

    def __init__(self, reason: str, pause_seconds: float) -> None:
        super().__init__(reason)
        self.pause_seconds = pause_seconds


class GivenUpError(BackgroundTaskError):
    """The task will not run again; the broker records it as failed."""


def receive(call: Call, message_id: str, *, attempt: int, is_again: bool) -> Any:
    """Run what a delivered message asks for; return what the body returned.

    ``attempt`` counts the starts of a call that has no row; a row counts its own. ``is_again`` says
    whether this very message may have started before.

    Raises:
        RunAgain: the message has to be delivered again.
        GivenUpError: the task failed for good.
    """
    if call.task_name not in registry:
        discovery.import_tasks()
    try:
        claim = _claim(call, message_id, attempt=attempt, is_again=is_again)
        if claim is None:
            logger.info("%s #%s: a message without effect", call.task_name, call.row)
            return None
        ended = _run(claim)
        if call.row is not None and not (isinstance(ended, Finished) and ended.is_recorded):
            _record(ended)
    # Nothing around the body, a database that is away above all, is a reason to lose the message.
    except Exception as error:
        raise RunAgain(f"{error!r}", settings.read().backoff_seconds) from error
    return _result(ended)


def _claim(call: Call, message_id: str, *, attempt: int, is_again: bool) -> Claim | None:
    if call.row is None:
        return call.claim(number_of(message_id), token=attempt, attempt=attempt)
    database = queue_database()
    return database.retry_transient(
        lambda: hand_over.start(database, call, message_id, is_again=is_again)
    )


def _run(claim: Claim) -> Ended:
    if claim.attempt <= claim.max_attempts:
        return run_attempt(claim, settings.read())
    error = f"attempt {claim.max_attempts} of {claim.max_attempts} never ended: its worker died"
    return Failed(claim=claim, error=error, retry_in=None, is_final=True)


def _record(ended: Ended) -> None:
    database = queue_database()
    if not database.retry_transient(lambda: hand_over.record(database, ended)):
        logger.warning("%s #%d: its end came too late", ended.claim.task_name, ended.claim.id)


def _result(ended: Ended) -> Any:
    if isinstance(ended, Failed):
        if ended.is_last:
            raise GivenUpError(ended.error)
        raise RunAgain(naming_line(ended.error, ended.exception), ended.retry_in or 0.0)
    return None if ended.result is None else json.loads(ended.result)
