"""All processes of one server, as the harness holds them: start, kill, pause, resume, end.

They descend from a guardian (see guardian.py), which ends them when the harness ends.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.databases import guardian
from engine.databases.failures import ServerFailed

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psutil

    from engine.databases.accounts import Account

_ANSWER_SECONDS = 30.0
_RUN_SECONDS = 120.0
_END_SECONDS = 60.0
_PAUSE_SECONDS = 10.0
_SHUT_DOWN_SECONDS = 30.0
_LAST_LINES = 30


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What every program of one server runs in.

    Attributes:
        account: the account to run under, or None for one's own.
        folder: the working folder.
        log: the file that takes all that the programs print.
        farewell: a command to run at the end, whatever the end is.
        removed: a temporary folder to remove at the end, or None.
        grace_seconds: how long a program that was asked to stop may take until it is killed.
    """

    name: str
    account: Account | None
    folder: Path
    log: Path
    farewell: Sequence[str] = ()
    removed: Path | None = None
    grace_seconds: float = 8.0


class Guardian:
    """The harness's end of a guardian process."""

    def __init__(self, *, farewell: Sequence[str] = (), removed: Path | None = None) -> None:
        self._farewell = list(farewell)
        self._removed = str(removed or "")
        settings = [str(os.getpid()), json.dumps(self._farewell), self._removed]
        # -P: the modules beside the program are ours and must not pass for the system's.
        self._process = subprocess.Popen(
            [sys.executable, "-P", guardian.__file__, *settings],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            bufsize=0,
        )
        assert self._process.stdin is not None  # noqa: S101 - a pipe, as asked for
        assert self._process.stdout is not None  # noqa: S101 - likewise
        self._orders, self._answers = self._process.stdin, self._process.stdout
        # Unlike select, poll takes the high numbers that many open connections lead to.
        self._poll = select.poll()
        self._poll.register(self._answers, select.POLLIN)

    @property
    def pid(self) -> int:
        """The guardian's own process id."""
        return self._process.pid

    def order(self, order: dict[str, Any]) -> None:
        """Send an order; one to a guardian that is gone has no effect."""
        with contextlib.suppress(BrokenPipeError):
            self._orders.write(json.dumps(order).encode() + b"\n")

    def answers_within(self, seconds: float) -> bool:
        """Tell whether an answer is there to be read."""
        return bool(self._poll.poll(seconds * 1000))

    def answer(self, seconds: float) -> dict[str, Any] | None:
        """Read an answer; None if none came in time, or the guardian is gone."""
        line = self._answers.readline() if self.answers_within(seconds) else b""
        return json.loads(line) if line else None

    def end(self) -> None:
        """Have the guardian end everything, and wait for it; twice is fine."""
        if self._orders.closed:
            return
        self.order({})
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._orders.close()
        self._answers.close()
        if self._process.wait():
            # It was killed and could do nothing any more.
            guardian.say_farewell(self._farewell, self._removed)


class ServerProcesses:
    """The processes of one server."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self._guardian = Guardian(farewell=surroundings.farewell, removed=surroundings.removed)
        self._is_running = False
        self._pid = 0

    def run(self, command: Sequence[str]) -> None:
        """Run a program to its end; raise ServerFailed unless it succeeds."""
        self.start(command, stop_signal=signal.SIGTERM)
        status = self._exit_within(_RUN_SECONDS)
        if status != 0:
            end = f"did not end in {_RUN_SECONDS:.0f} seconds"
            end = end if status is None else f"ended with status {status}"
            raise self.failure(f"{Path(command[0]).name} {end}")

    def start(self, command: Sequence[str], *, stop_signal: signal.Signals) -> None:
        """Start a program, of which there is one at a time."""
        account = self._surroundings.account
        self._guardian.order(
            {
                "command": list(command),
                "environment": {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
                "folder": str(self._surroundings.folder),
                "log": str(self._surroundings.log),
                "user": account and account.user,
                "group": account and account.group,
                "stop_signal": int(stop_signal),
                "grace_seconds": self._surroundings.grace_seconds,
            }
        )
        answer = self._guardian.answer(_ANSWER_SECONDS)
        if answer is None or "pid" not in answer:
            error = (answer or {}).get("error", "its guardian does not answer")
            raise self.failure(f"{command[0]} could not be started: {error}")
        self._is_running, self._pid = True, int(answer["pid"])

    def has_ended(self) -> bool:
        """Tell whether the program has ended by itself."""
        return not self._is_running or self._guardian.answers_within(0)

    def all(self) -> list[psutil.Process]:
        """List the processes that live, parents first."""
        import psutil

        with contextlib.suppress(psutil.NoSuchProcess):
            return psutil.Process(self._guardian.pid).children(recursive=True)
        return []

    def pids(self) -> tuple[int, ...]:
        """Tell the ids of the processes that live, parents first."""
        return tuple(process.pid for process in self.all())

    def shut_down(self, stop_signal: signal.Signals) -> tuple[int, ...]:
        """Ask the program to stop and wait until every process is gone; tell their ids.

        Raises:
            ServerFailed: it did not stop in time.
        """
        if not self._is_running:
            return ()
        ending = self.all()
        for process in ending:
            if process.pid == self._pid:
                _send(process, stop_signal)
        self._exit_within(_SHUT_DOWN_SECONDS)
        if self._is_running:
            raise self.failure(f"it did not shut down in {_SHUT_DOWN_SECONDS:.0f} seconds")
        return tuple(process.pid for process in ending)

    def kill(self) -> tuple[int, ...]:
        """Send SIGKILL to every process and wait until all are gone."""
        victims: dict[int, None] = {}
        deadline = time.monotonic() + guardian.KILL_SECONDS
        # A server may start a process between the look and the kill, so look again.
        while self._is_running:
            victims.update(dict.fromkeys(self._signal(signal.SIGKILL)))
            self._exit_within(0.01)
            if time.monotonic() > deadline:
                raise self.failure(f"processes {self._signal(signal.SIGKILL)} outlived SIGKILL")
        return tuple(victims)

    def pause(self) -> None:
        """Stop every process with SIGSTOP; return when the system says that all are stopped."""
        deadline = time.monotonic() + _PAUSE_SECONDS
        # A process may have been born between the look and its parent's stop, so look twice.
        looks_left = 2
        while looks_left:
            moving = [process for process in self.all() if _is_moving(process)]
            looks_left = 2 if moving else looks_left - 1
            for process in moving:
                _send(process, signal.SIGSTOP)
            if time.monotonic() > deadline:
                raise self.failure(f"processes {[process.pid for process in moving]} do not stop")

    def resume(self) -> None:
        """Send SIGCONT to every process."""
        self._signal(signal.SIGCONT)

    def end(self) -> None:
        """End everything for good, with the temporary folder."""
        self._guardian.end()

    def failure(self, reason: str) -> ServerFailed:
        """Make an exception that quotes the log."""
        return ServerFailed(self._surroundings.name, reason=reason, last_words=self.last_words())

    def last_words(self) -> str:
        """Read the last lines of the log."""
        log = self._surroundings.log
        if not log.exists():
            return "(no log)"
        return "\n".join(log.read_text(errors="replace").splitlines()[-_LAST_LINES:])

    def _exit_within(self, seconds: float) -> int | None:
        """Wait for the program's end; its status, or None if it runs on or nobody knows."""
        if not self._guardian.answers_within(seconds):
            return None
        self._is_running = False
        status = (self._guardian.answer(0) or {}).get("exit")
        return None if status is None else int(status)

    def _signal(self, number: signal.Signals) -> list[int]:
        return [process.pid for process in self.all() if _send(process, number)]


def _send(process: psutil.Process, number: signal.Signals) -> bool:
    import psutil

    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return False
    return True


def _is_moving(process: psutil.Process) -> bool:
    import psutil

    try:
        return process.status() not in {psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE}
    except psutil.NoSuchProcess:
        return False
