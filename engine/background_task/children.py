"""The supervisor's side of its worker processes: start, hand out, listen, kill, bury."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import time
from typing import TYPE_CHECKING, Final

from background_task.child import RETURN_UNSTARTED, run_child
from background_task.messages import LineBuffer, Message, to_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from background_task.claims import Claim

_RECEIVE_BYTES: Final = 1 << 18


class ChildProcess:
    """One worker process, and the claims that were handed to it.

    Attributes:
        pid: the process, a child of the calling process; not reused until ``wait`` reports it.
        unstarted: the claims that it was handed and has not started, by row id, in order.
        running: the claim that it runs, or None.
        started_at: when it started that, by the monotonic clock.
        is_returning: it was asked to give back what it has not started.
        kill_reason: why the supervisor killed it, or an empty text.
        killed_during: the claim that it ran when the supervisor killed it. It may have ended that
            one and begun the next before the signal came.
    """

    def __init__(self, *, max_result_bytes: int, siblings: Iterable[ChildProcess]) -> None:
        """Fork. The caller must have no open database connection: the child would share it."""
        self.channel, child_side = socket.socketpair()
        supervisor_pid = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            # A sibling learns of the supervisor's end by its channel's, so nobody else holds it.
            for channel in (self.channel, *(sibling.channel for sibling in siblings)):
                channel.close()
            run_child(child_side, supervisor_pid, max_result_bytes)
        child_side.close()
        self.channel.setblocking(False)
        self._lines = LineBuffer()
        self._unsent = bytearray()
        self.unstarted: dict[int, Claim] = {}
        self.running: Claim | None = None
        self.started_at = 0.0
        self.is_returning = False
        self.kill_reason = ""
        self.killed_during: Claim | None = None

    @property
    def is_idle(self) -> bool:
        """Whether it has nothing to do."""
        return self.running is None and not self.unstarted

    def has_run_for(self, seconds: float, now: float) -> bool:
        """Tell whether it has been in one task for longer than ``seconds``."""
        return self.running is not None and now - self.started_at > seconds

    @property
    def has_unsent(self) -> bool:
        """Whether ``send`` has to be called when the channel becomes writable."""
        return bool(self._unsent)

    def claims(self) -> list[Claim]:
        """Return the claims that it was handed and that have not ended."""
        return [*([self.running] if self.running else []), *self.unstarted.values()]

    def hand_out(self, claims: Sequence[Claim]) -> None:
        """Give it tasks to run after those that it has."""
        self.unstarted.update((claim.id, claim) for claim in claims)
        self._unsent += to_line(
            [[c.id, c.token, c.attempt, c.max_attempts, c.task_name, c.task_params] for c in claims]
        )
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
        return messages

    def start(self, task_id: int) -> None:
        """Note that it started a task."""
        self.running = self.unstarted.pop(task_id)
        self.started_at = time.monotonic()

    def end(self) -> tuple[Claim, float]:
        """Note that its running task ended; return its claim and how many seconds it took."""
        claim = self.running
        assert claim is not None, "a child ended a task that it had not started"  # noqa: S101
        self.running = None
        return claim, time.monotonic() - self.started_at

    def take_back(self, task_ids: Iterable[int]) -> list[Claim]:
        """Note that it returned tasks; return their claims."""
        self.is_returning = False
        return [self.unstarted.pop(task_id) for task_id in task_ids]

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
