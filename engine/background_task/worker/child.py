"""A worker process: it runs the tasks that its supervisor hands it, one after the other.

It does not touch the queue's tables, but for the end of an atomic task. What it says about a task,
it says before the next one starts, so its supervisor knows at every moment which task would be
interrupted if it died.
"""

from __future__ import annotations

import collections
import contextlib
import ctypes
import functools
import logging
import os
import random
import signal
import socket
import sys
from typing import TYPE_CHECKING, Any, Final, NoReturn

from django.db import connections

from background_task import settings
from background_task.attempt import run_attempt
from background_task.claims import Claim
from background_task.worker.messages import LineBuffer, Message, end_message, to_line

if TYPE_CHECKING:
    from background_task.worker.progress import Progress

logger = logging.getLogger("background_task.worker.child")

RETURN_UNSTARTED: Final = signal.SIGUSR1
_RECEIVE_BYTES: Final = 1 << 16
_PR_SET_PDEATHSIG: Final = 1


def run_child(
    channel: socket.socket, progress: Progress, doorbell: int, supervisor_pid: int
) -> NoReturn:
    """Run tasks until the supervisor closes the channel or dies. Does not return."""
    status = 1
    try:
        _die_with(supervisor_pid)
        _ignore_stop_signals()
        random.seed()
        Child(channel, progress, doorbell).run()
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

    def __init__(self, channel: socket.socket, progress: Progress, doorbell: int) -> None:
        self._channel = channel
        self._progress = progress
        self._doorbell = doorbell
        self._pid = os.getpid()
        self._settings = settings.read()
        self._unstarted: collections.deque[Claim] = collections.deque()
        self._ring_at = 0
        self._is_speaking = False
        self._must_return_unstarted = False
        self._inode = os.fstat(channel.fileno()).st_ino
        signal.signal(RETURN_UNSTARTED, self._on_return_unstarted)

    def run(self) -> None:
        """Receive tasks and run them until the channel is closed and none is left."""
        lines, is_open = LineBuffer(), True
        while is_open or self._unstarted:
            if is_open:
                is_open = self._receive(lines, socket.MSG_DONTWAIT if self._unstarted else 0)
            if self._unstarted:
                self._run_next()

    def _receive(self, lines: LineBuffer, flags: int) -> bool:
        """Take in new tasks, waiting for them if there is nothing to do; False: the end."""
        try:
            piece = self._channel.recv(_RECEIVE_BYTES, flags)
        except BlockingIOError:
            return True
        for tasks in lines.feed(piece):
            self._unstarted.extend(map(Claim._make, tasks))
            self._ring_at = len(self._unstarted) // 2
        return bool(piece)

    def _run_next(self) -> None:
        try:
            claim = self._unstarted.popleft()
        except IndexError:  # they were given back in this very moment
            return
        self._progress.begin(claim.id)
        ended = run_attempt(claim, self._settings)
        if os.getpid() != self._pid:
            # The body forked, and this is the copy: it must not speak for its original.
            os._exit(0)
        self._check_channel()
        _close_unusable_connections()
        self._say(end_message(ended))
        self._progress.end()
        if len(self._unstarted) in (0, self._ring_at):
            self._ring()

    def _check_channel(self) -> None:
        """Raise OSError if the body has closed the channel, whatever has its number by now."""
        if os.fstat(self._channel.fileno()).st_ino != self._inode:
            raise OSError("a body has closed the channel to the supervisor")

    def _say(self, message: Message) -> None:
        self._is_speaking = True
        self._channel.sendall(to_line(message))
        self._is_speaking = False
        if self._must_return_unstarted:
            self._return_unstarted()

    def _ring(self) -> None:
        """Wake the supervisor: it does not listen for each message."""
        with contextlib.suppress(BlockingIOError):
            os.write(self._doorbell, b"\0")

    def _on_return_unstarted(self, *_: Any) -> None:
        """Give back what has not started, or do so once the line that is being sent is out."""
        self._must_return_unstarted = True
        if not self._is_speaking:
            self._return_unstarted()

    def _return_unstarted(self) -> None:
        self._must_return_unstarted = False
        ids = [claim.id for claim in self._unstarted]
        self._unstarted.clear()
        self._say(["returned", ids])
        self._ring()


def _close_unusable_connections() -> None:
    """Do between tasks what Django does between requests.

    A connection that a body left inside a transaction is dropped with all that Django knows of it.
    """
    for connection in connections.all(initialized_only=True):
        if connection.in_atomic_block:
            connection.close()
            del connections[connection.alias]
        else:
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
    _let_forks_be_terminated()


def _let_forks_be_terminated() -> None:
    """Have processes that a body forks obey SIGTERM, by which ``multiprocessing`` ends its own.

    One that comes before they do waits. Their SIGINT stays ignored: a Ctrl-C goes to all of them,
    and lets what runs finish.
    """

    def obey() -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        unblock()

    block, unblock = (
        functools.partial(signal.pthread_sigmask, how, {signal.SIGTERM})
        for how in (signal.SIG_BLOCK, signal.SIG_UNBLOCK)
    )
    os.register_at_fork(before=block, after_in_parent=unblock, after_in_child=obey)


def _die_with(supervisor_pid: int) -> None:
    """Have the kernel kill this process when its supervisor dies, where the kernel can (Linux).

    Without a supervisor nobody renews the lease of the task that runs here, so another worker would
    run it a second time while it still runs.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != supervisor_pid:
        raise BrokenPipeError("the supervisor died before its child was ready")
