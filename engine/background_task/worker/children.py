"""The supervisor's side of its worker processes: start, hand out, listen, kill, bury."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import time
from typing import TYPE_CHECKING, Final

from background_task.worker.child import RETURN_UNSTARTED, run_child
from background_task.worker.messages import LineBuffer, Message, end_of, to_line
from background_task.worker.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from background_task.attempt import Ended
    from background_task.claims import Claim

_RECEIVE_BYTES: Final = 1 << 18


class ChildProcess:
    """One worker process, and the claims that were handed to it.

    Attributes:
        pid: the process, a child of the calling process; not reused until ``wait`` reports it.
        handed: the claims whose end it has not told, by row id, in the order in which they run.
        is_returning: it was asked to give back what it has not started.
        kill_reason: why the supervisor killed it, or an empty text.
        deaf_since: when it was seen to have closed its channel, or None: it cannot be spoken to.
        killed_during: the claim that it ran when the supervisor killed it. It may have ended that
            one and begun the next before the signal came.
    """

    def __init__(self, doorbell: int, siblings: Iterable[ChildProcess]) -> None:
        """Fork. The caller must have no open database connection: the child would share it."""
        self.channel, child_side = socket.socketpair()
        self._progress = Progress()
        supervisor_pid = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            # A sibling learns of the supervisor's end by its channel's, so nobody else holds it.
            for channel in (self.channel, *(sibling.channel for sibling in siblings)):
                channel.close()
            run_child(child_side, self._progress, doorbell, supervisor_pid)
        child_side.close()
        self.channel.setblocking(False)
        self._lines = LineBuffer()
        self._unsent = bytearray()
        self.handed: dict[int, Claim] = {}
        self.is_returning = False
        self.deaf_since: float | None = None
        self.kill_reason = ""
        self.killed_during: Claim | None = None

    @property
    def is_idle(self) -> bool:
        """Whether it has nothing to do."""
        return not self.handed

    @property
    def running(self) -> Claim | None:
        """The claim whose body it is in, or None."""
        running = self._progress.running()
        return None if running is None else self.handed.get(running)

    @property
    def unstarted(self) -> list[Claim]:
        """The claims that it was handed and has not begun, or has ended and not told yet."""
        running = self._progress.running()
        return [claim for claim in self.handed.values() if claim.id != running]

    @property
    def started_at(self) -> float:
        """When it began the last task that it began, by the monotonic clock."""
        return self._progress.since()

    def has_run_for(self, seconds: float, now: float) -> bool:
        """Tell whether it has been in one task for longer than ``seconds``."""
        return now - self.started_at > seconds and self.running is not None

    def events_to_wait_for(self) -> int:
        """Return for which events on its channel a selector has to wait, 0 for none.

        Who has several tasks rings when little is left, and is not listened to for each of them.
        A channel that was closed at its other end would never again let anybody wait.
        """
        if self.deaf_since is not None:
            return 0
        reading = 0 if len(self.handed) > 1 else selectors.EVENT_READ
        return reading | (selectors.EVENT_WRITE if self._unsent else 0)

    def hand_out(self, claims: Sequence[Claim]) -> None:
        """Give it tasks to run after those that it has."""
        self.handed.update((claim.id, claim) for claim in claims)
        self._unsent += to_line(list(claims))
        self.send()

    def send(self) -> None:
        """Send what the channel takes; a dead child is left to ``wait``."""
        with contextlib.suppress(BlockingIOError, BrokenPipeError, ConnectionResetError):
            while self._unsent:
                del self._unsent[: self.channel.send(self._unsent)]

    def receive(self) -> list[Message]:
        """Return the messages that have arrived, without waiting."""
        messages: list[Message] = []
        with contextlib.suppress(BlockingIOError, ConnectionResetError):
            while piece := self.channel.recv(_RECEIVE_BYTES):
                messages.extend(self._lines.feed(piece))
            self.deaf_since = self.deaf_since or time.monotonic()
        return messages

    def end(self, message: Message) -> Ended:
        """Note that a task ended; return how."""
        return end_of(self.handed.pop(message[1]), message)

    def take_back(self, task_ids: Iterable[int]) -> list[Claim]:
        """Note that it returned tasks; return their claims."""
        self.is_returning = False
        return [self.handed.pop(task_id) for task_id in task_ids]

    def ask_to_return(self) -> None:
        """Ask it to give back what it has not started; it answers with ``returned``."""
        if not self.is_returning and not self.kill_reason:
            self.is_returning = True
            os.kill(self.pid, RETURN_UNSTARTED)

    def kill(self, reason: str) -> None:
        """Kill it, because of ``reason``."""
        if not self.kill_reason:
            self.kill_reason = reason
            self.killed_during = self.running
            os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> str | None:
        """Return how it ended, in words, or None while it lives."""
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if pid == 0:
            return None
        return exit_text(os.waitstatus_to_exitcode(status))

    def close(self) -> None:
        """Close the channel: a living child ends when it has nothing more to do."""
        self.channel.close()


def exit_text(code: int) -> str:
    """Say how a process ended: ``was killed by SIGKILL`` or ``exited with status 3``."""
    if code >= 0:
        return f"exited with status {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"
