"""Run one attempt of a task in this process: its body, and what its end means.

A worker's child does it, and so does whoever drains the queue in a test.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import time
from typing import TYPE_CHECKING

from background_task import lifecycle, outcomes
from background_task.arguments import decode
from background_task.context import RunningTask, running
from background_task.enqueue import queue_database
from background_task.error_texts import class_path, traceback_of
from background_task.exceptions import BackgroundTaskError
from background_task.outcomes import Failed, Finished
from background_task.retries import verdict_on
from background_task.task_bodies import body_of
from background_task.task_options import NAME_LENGTH

if TYPE_CHECKING:
    from background_task.claims import Claim
    from background_task.settings import Settings
    from background_task.task_bodies import Body

logger = logging.getLogger("background_task")


class StaleClaimError(BackgroundTaskError):
    """The task was given to another worker while its body ran; what the body did is undone."""


Ended = Finished | Failed


def run_attempt(claim: Claim, settings: Settings) -> Ended:
    """Run the body of a claimed task; return how it ended. Whatever it raises is an end."""
    task = RunningTask(
        id=claim.id,
        name=claim.task_name,
        attempt=claim.attempt,
        max_attempts=claim.max_attempts,
        token=claim.token,
    )
    with running(task):
        lifecycle.started(task)
        ended = _run_body(claim, task, settings)
        if isinstance(ended, Finished):
            lifecycle.succeeded(task, ended.result)
        return ended


def _run_body(claim: Claim, task: RunningTask, settings: Settings) -> Ended:
    begun = time.monotonic()
    body = None
    try:
        body = body_of(claim.task_name)
        if body.options.atomic:
            return _run_atomically(claim, body, settings, begun)
        return _finished(claim, _run(claim, body, settings), begun)
    # Whatever a body raises, SystemExit too, ends its own attempt and nothing else.
    except BaseException as error:  # noqa: BLE001
        failed = _failed(claim, error, body, settings, begun)
        lifecycle.failed(task, error, is_last=failed.is_last)
        return failed


def _run(claim: Claim, body: Body, settings: Settings) -> str | None:
    args, kwargs = decode(claim.task_params)
    result = body.task_function(*args, **kwargs)
    return None if result is None else _encode(claim, result, settings.max_params_bytes)


def _finished(claim: Claim, result: str | None, begun: float) -> Finished:
    return Finished(
        claim=claim,
        result=result,
        seconds=time.monotonic() - begun,
        waited_seconds=_waited(claim, begun),
    )


def _waited(claim: Claim, begun: float) -> float:
    """Return how long the task was due: until its claim by the database's clock, then by ours."""
    return max(0.0, claim.late_seconds + begun - claim.claimed_at)


def _run_atomically(claim: Claim, body: Body, settings: Settings, begun: float) -> Finished:
    """Run the body and write its end in one transaction: both are there, or neither is."""
    database = queue_database()
    with database.transaction():
        end = _finished(claim, _run(claim, body, settings), begun)
        if outcomes.record(database, [end], keep_completed=settings.keep_completed):
            raise StaleClaimError(
                f"{claim.task_name} #{claim.id} was given to another worker while it ran; "
                "its transaction was rolled back"
            )
    return dataclasses.replace(end, is_recorded=True)


def _failed(
    claim: Claim, error: BaseException, body: Body | None, settings: Settings, begun: float
) -> Failed:
    backoff = body.options.backoff if body else None
    verdict = verdict_on(error, claim.attempt, backoff=backoff, settings=settings)
    return Failed(
        claim=claim,
        error=traceback_of(error),
        exception=class_path(type(error))[:NAME_LENGTH],
        retry_in=verdict.pause_seconds,
        is_final=verdict.is_final,
        seconds=time.monotonic() - begun,
        waited_seconds=_waited(claim, begun),
    )


def _encode(claim: Claim, result: object, max_bytes: int) -> str | None:
    try:
        text = json.dumps(result, default=repr, allow_nan=False)
    # The task has done its work: nothing about its result is a reason to do it again.
    except Exception as error:  # noqa: BLE001
        logger.warning("%s: the result is not JSON and is not stored: %s", claim.task_name, error)
        return None
    if len(text) <= max_bytes:
        return text
    logger.warning("%s: the result of %d bytes is too long to store", claim.task_name, len(text))
    return None
