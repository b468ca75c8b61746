"""The tasks of the shop. Every body records its start, its effect and its end.

The first argument is the key of the task in the run's history.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from typing import TYPE_CHECKING, Any

from django.db import transaction

from background_task import background
from engine.project.models import Invoice, Mail
from engine.project.recorder import digest, is_first_time, recorder

try:
    from background_task import current_task
except ImportError:  # a subject that tells its bodies nothing of their attempt

    def current_task() -> Any:  # type: ignore[misc]
        """Return nothing."""
        return None


if TYPE_CHECKING:
    from collections.abc import Iterator


class OutOfPaperError(Exception):
    """What a flaky task raises."""


@background(schedule=0)
def send_mail(order: str) -> None:
    """Send one mail at once: the common, short task."""
    with observed(order):
        _send(order)


@background(schedule=0)
def take_note(order: str) -> None:
    """Do nothing but be seen: what there may be a hundred thousand of."""
    with observed(order):
        effect(order)


@background(schedule=0)
def write_invoice(order: str, seconds: float) -> str:
    """Work for ``seconds``, then write an invoice."""
    with observed(order, seconds) as returned:
        time.sleep(seconds)
        Invoice.objects.create(order=order, written_by=os.getpid())
        effect(order)
        returned["result"] = f"invoice of {order}"
    return f"invoice of {order}"


@background(schedule=0)
def hang_once(order: str, seconds: float) -> None:
    """Hang for ``seconds`` the first time, so that a fault can strike; be quick from then on."""
    # Asked before the start is recorded: whoever kills this because it started, kills it after.
    is_first = is_first_time(order)
    with observed(order, seconds):
        if is_first:
            time.sleep(seconds)
        _send(order)


@background(schedule=0)
def fail_once(order: str) -> None:
    """Raise the first time, before any effect."""
    with observed(order):
        if is_first_time(order):
            raise OutOfPaperError(f"order {order}: the printer is out of paper")
        _send(order)


@background(schedule=0)
def kill_worker(order: str) -> None:
    """Kill the process that runs this, every time, after a moment of innocent work."""
    with observed(order):
        time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGKILL)


@background(schedule=0)
def place_order(order: str) -> None:
    """Enqueue the mail of an order within a transaction, as tasks do that lead to others."""
    with observed(order):
        _enqueue_mail(f"{order}-mail")
        effect(order)


def _enqueue_mail(order: str) -> None:
    write = producer.write if (producer := recorder("producer")) else lambda *_, **__: None
    value = {"kind": "send_mail", "digest": digest([order])}
    write("invoke", "enqueue", task=order, value=value)
    try:
        with transaction.atomic():
            made: Any = send_mail(order)
    except Exception as error:
        write("info", "enqueue", task=order, error=_said(error))
        raise
    answer = {"row": made.pk, "duplicate": getattr(made, "is_duplicate", False)}
    write("ok", "enqueue", task=order, value=answer)


def _send(order: str) -> None:
    Mail.objects.create(order=order, sent_by=os.getpid())
    effect(order)


def effect(order: str) -> None:
    """Record that the body of the task with this key had its effect."""
    if body := recorder("body"):
        body.write("ok", "effect", task=order, value={"pid": os.getpid()}, **_attempt())


@contextlib.contextmanager
def observed(order: str, *args: Any) -> Iterator[dict[str, str]]:
    """Record the body of the task with this key and these other arguments: start, end, error.

    What it will return goes into ``result`` of the mapping that this gives.
    """
    returned: dict[str, str] = {}
    body = recorder("body")
    if body is None:
        yield returned
        return
    task = current_task()
    value = {"pid": os.getpid(), "digest": digest([order, *args])}
    row = {"row": task.id} if task else {}
    body.write("invoke", "attempt", task=order, value={**value, **row}, **_attempt())
    try:
        yield returned
    except BaseException as error:
        body.write("fail", "attempt", task=order, error=_said(error), **_attempt())
        raise
    value = {name: json.dumps(result) for name, result in returned.items()}
    body.write("ok", "attempt", task=order, value=value or None, **_attempt())


def _said(error: BaseException) -> str:
    """Return what an error says, and its name alone if its text cannot be had."""
    with contextlib.suppress(Exception):
        return f"{type(error).__name__}: {error}"
    return type(error).__name__


def _attempt() -> dict[str, int]:
    task = current_task()
    return {"attempt": task.attempt, "token": task.token} if task else {}


# Last, as they are made of what is above: workers find the tasks of this module only.
from engine.project import poison, releases  # noqa: E402, F401
