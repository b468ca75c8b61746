"""The tasks of the shop. Every body records its start, its effect and its end.

The first argument is the key of the task in the run's history.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from typing import TYPE_CHECKING, Any

from background_task import background
from engine.project.models import Invoice, Mail
from engine.project.recorder import is_first_time, recorder

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
    with _observed(order, "send_mail"):
        _send(order)


@background(schedule=0)
def write_invoice(order: str, seconds: float) -> str:
    """Work for ``seconds``, then write an invoice."""
    with _observed(order, "write_invoice"):
        time.sleep(seconds)
        Invoice.objects.create(order=order, written_by=os.getpid())
        _effect(order)
    return f"invoice of {order}"


@background(schedule=0)
def hang_once(order: str, seconds: float) -> None:
    """Hang for ``seconds`` the first time, so that a fault can strike; be quick from then on."""
    # Asked before the start is recorded: whoever kills this because it started, kills it after.
    is_first = is_first_time(order)
    with _observed(order, "hang_once"):
        if is_first:
            time.sleep(seconds)
        _send(order)


@background(schedule=0)
def fail_once(order: str) -> None:
    """Raise the first time, before any effect."""
    with _observed(order, "fail_once"):
        if is_first_time(order):
            raise OutOfPaperError(f"order {order}: the printer is out of paper")
        _send(order)


@background(schedule=0)
def kill_worker(order: str) -> None:
    """Kill the process that runs this, every time, after a moment of innocent work."""
    with _observed(order, "kill_worker"):
        time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGKILL)


def _send(order: str) -> None:
    Mail.objects.create(order=order, sent_by=os.getpid())
    _effect(order)


def _effect(order: str) -> None:
    if body := recorder("body"):
        body.write("ok", "effect", task=order, value={"pid": os.getpid()}, **_attempt())


@contextlib.contextmanager
def _observed(order: str, kind: str) -> Iterator[None]:
    body = recorder("body")
    if body is None:
        yield
        return
    task = current_task()
    value = {"pid": os.getpid(), "kind": kind, **({"row": task.id} if task else {})}
    body.write("invoke", "attempt", task=order, value=value, **_attempt())
    try:
        yield
    except BaseException as error:
        message = f"{type(error).__name__}: {error}"
        body.write("fail", "attempt", task=order, error=message, **_attempt())
        raise
    body.write("ok", "attempt", task=order, **_attempt())


def _attempt() -> dict[str, int]:
    task = current_task()
    return {"attempt": task.attempt, "token": task.token} if task else {}
