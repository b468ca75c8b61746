"""A worker process: it runs the tasks that its supervisor hands it, one after the other.

It never touches the queue's tables. What it says about a task, it says before the next one starts,
so its supervisor knows at every moment which task would be interrupted if it died.
"""

from __future__ import annotations

import collections
import contextlib
import ctypes
import json
import logging
import os
import random
import signal
import sys
import traceback
from typing import TYPE_CHECKING, Any, Final, NoReturn

from django.db import connections

from background_task.arguments import decode
from background_task.context import RunningTask, running
from background_task.messages import LineBuffer, Message, to_line
from background_task.tasks import registry

if TYPE_CHECKING:
    import socket

logger = logging.getLogger("background_task.child")

ERROR_LENGTH: Final = 20_000
RETURN_UNSTARTED: Final = signal.SIGUSR1
_RECEIVE_BYTES: Final = 1 << 16
_PR_SET_PDEATHSIG: Final = 1


def run_child(channel: socket.socket, supervisor_pid: int, max_result_bytes: int) -> NoReturn:
    """Run tasks until the supervisor closes the channel or dies. Does not return."""
    status = 1
    try:
        _die_with(supervisor_pid)
        _ignore_stop_signals()
        random.seed()
        Child(channel, max_result_bytes).run()
        status = 0
    except (BrokenPipeError, ConnectionResetError):
        status = 0  # the supervisor is gone, and with it the reason to live
    except BaseException:
        logger.exception("a worker process failed outside of any task")
    finally:
        with contextlib.suppress(Exception):
            logging.shutdown()
            sys.stdout.flush()
            sys.stderr.flush()
        # Not sys.exit: what the supervisor registered to run at its exit is not the child's.
        os._exit(status)


class Child:
    """The tasks that wait in this process, and the loop that runs them."""

    def __init__(self, channel: socket.socket, max_result_bytes: int) -> None:
        self._channel = channel
        self._max_result_bytes = max_result_bytes
        self._unstarted: collections.deque[Message] = collections.deque()
        self._is_speaking = False
        self._must_return_unstarted = False
        signal.signal(RETURN_UNSTARTED, self._on_return_unstarted)

    def run(self) -> None:
        """Receive tasks and run them until the channel is closed."""
        lines = LineBuffer()
        while piece := self._channel.recv(_RECEIVE_BYTES):
            for tasks in lines.feed(piece):
                self._unstarted.extend(tasks)
                while self._unstarted:
                    self._run_next()

    def _run_next(self) -> None:
        task_id, token, attempt, max_attempts, name, params = self._unstarted.popleft()
        self._say(["started", task_id])
        task = RunningTask(
            id=task_id, name=name, attempt=attempt, max_attempts=max_attempts, token=token
        )
        self._say(self._outcome(task, params))

    def _outcome(self, task: RunningTask, params: str) -> Message:
        try:
            with running(task):
                args, kwargs = decode(params)
                result = registry.find(task.name).task_function(*args, **kwargs)
            return ["finished", task.id, self._encode_result(task, result)]
        # Whatever a body raises, SystemExit too, ends its own attempt and nothing else.
        except BaseException:  # noqa: BLE001
            return ["failed", task.id, error_text(traceback.format_exc())]
        finally:
            _close_unusable_connections()

    def _encode_result(self, task: RunningTask, result: object) -> str | None:
        if result is None:
            return None
        try:
            text = json.dumps(result, default=repr)
        # The task has done its work: nothing about its result is a reason to do it again.
        except Exception as error:  # noqa: BLE001
            logger.warning("%s: the result is not JSON and is not stored: %s", task.name, error)
            return None
        if len(text) <= self._max_result_bytes:
            return text
        logger.warning("%s: the result of %d bytes is too long to store", task.name, len(text))
        return None

    def _say(self, message: Message) -> None:
        self._is_speaking = True
        self._channel.sendall(to_line(message))
        self._is_speaking = False
        if self._must_return_unstarted:
            self._return_unstarted()

    def _on_return_unstarted(self, *_: Any) -> None:
        """Give back what has not started, or do so once the line that is being sent is out."""
        self._must_return_unstarted = True
        if not self._is_speaking:
            self._return_unstarted()

    def _return_unstarted(self) -> None:
        self._must_return_unstarted = False
        ids = [task[0] for task in self._unstarted]
        self._unstarted.clear()
        self._say(["returned", ids])


def error_text(text: str) -> str:
    """Return the end of a traceback, in characters that every database can hold."""
    clean = text.replace("\x00", "\\x00").encode("utf-8", "backslashreplace").decode()
    return clean if len(clean) <= ERROR_LENGTH else f"[...]\n{clean[-ERROR_LENGTH:]}"


def _close_unusable_connections() -> None:
    """Do between tasks what Django does between requests."""
    for connection in connections.all(initialized_only=True):
        connection.close_if_unusable_or_obsolete()


def _ignore_stop_signals() -> None:
    """Leave stopping to the supervisor, which gets the same signals from a terminal or systemd.

    The handlers do nothing, and SIG_IGN would do the same here, but programs that a task starts
    would inherit SIG_IGN and could not be stopped any more.
    """
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)


def _die_with(supervisor_pid: int) -> None:
    """Have the kernel kill this process when its supervisor dies, where the kernel can (Linux).

    Without a supervisor nobody renews the lease of the task that runs here, so another worker would
    run it a second time while it still runs.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != supervisor_pid:
        raise BrokenPipeError("the supervisor died before its child was ready")
