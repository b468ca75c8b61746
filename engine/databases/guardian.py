"""Stand between the harness and one server, and end the server when the harness goes.

Run as a program of its own, in a session of its own: ``guardian.py HARNESS_PID FAREWELL FOLDER``.
It starts the server as its child, so that all processes of the server descend from it, and it
watches its parent. However the harness ends, SIGKILL included, within a second the server is
asked to stop, what remains is killed, the farewell command (a JSON list) is run, and the folder
(unless empty) is removed. Should the guardian itself be killed, Linux kills the server.

It reads orders from its standard input, a JSON object a line. An order to start a program is
answered by ``{"pid": ...}`` or ``{"error": ...}``, and ``{"exit": ...}`` when the last process of
the program is gone. The empty object ends the guardian as the harness's death does.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from typing import Any

WATCH_SECONDS = 0.5
KILL_SECONDS = 10.0

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def main() -> None:
    """Serve orders until the harness ends, or says so."""
    harness, farewell, folder = int(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3]
    # A server's orphans become our children, so that none gets lost.
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    program = Program()
    try:
        _serve(harness, program, _wake_when_children_end())
    finally:
        program.end()
        say_farewell(farewell, folder)


def say_farewell(command: list[str], folder: str) -> None:
    """Remove what a server left behind."""
    if command:
        subprocess.run(command, check=False, stdin=subprocess.DEVNULL)
    if folder:
        shutil.rmtree(folder, ignore_errors=True)


class Program:
    """The program that runs at present, if one does, with all its descendants."""

    def __init__(self) -> None:
        self._pid: int | None = None
        self._status: int | None = None
        self._stop_signal: int = signal.SIGTERM
        self._grace_seconds: float = 0.0

    def start(self, order: dict[str, Any]) -> None:
        """Start the program of an order and say its process id."""
        self._stop_signal = order["stop_signal"]
        self._grace_seconds = order["grace_seconds"]
        account = {key: order[key] for key in ("user", "group") if order[key] is not None}
        if account:
            account["extra_groups"] = []
        try:
            with open(order["log"], "ab") as log:  # noqa: PTH123 - pathlib costs start-up time
                process = subprocess.Popen(
                    order["command"],
                    env=order["environment"],
                    cwd=order["folder"],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    # It runs after the change of user, which would undo it; no threads here.
                    preexec_fn=_die_with_parent,  # noqa: PLW1509
                    **account,
                )
        except OSError as error:
            _say({"error": str(error)})
            return
        self._pid, self._status = process.pid, None
        # We reap by ourselves, and Popen must not warn of it.
        process.returncode = 0
        _say({"pid": process.pid})

    def reap(self) -> None:
        """Bury the dead; say the exit when nobody is left of the program."""
        with contextlib.suppress(ChildProcessError):
            while (dead := os.waitpid(-1, os.WNOHANG))[0]:
                if dead[0] == self._pid:
                    self._status = os.waitstatus_to_exitcode(dead[1])
            return
        if self._pid is not None:
            self._pid = None
            _say({"exit": self._status})

    def end(self) -> None:
        """Ask the program to stop, then kill what is left of it."""
        if self._pid is None:
            return
        self._signal_all(signal.SIGCONT)
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, self._stop_signal)
        if not self._is_gone_within(self._grace_seconds):
            self._signal_all(signal.SIGKILL)
            self._is_gone_within(KILL_SECONDS)

    def _is_gone_within(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self._pid is not None and time.monotonic() < deadline:
            time.sleep(0.01)
            self.reap()
        return self._pid is None

    def _signal_all(self, number: signal.Signals) -> None:
        import psutil

        for process in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(number)


def _serve(harness: int, program: Program, wakeup: int) -> None:
    orders = open(0, "rb", buffering=0, closefd=False)  # noqa: SIM115 - not ours to close
    while os.getppid() == harness:
        ready, _, _ = select.select([0, wakeup], [], [], WATCH_SECONDS)
        if wakeup in ready:
            os.read(wakeup, 4096)
        program.reap()
        if 0 in ready:
            order = json.loads(orders.readline() or "{}")
            if not order:
                return
            program.start(order)


def _wake_when_children_end() -> int:
    """Open a pipe that is readable whenever a child has ended."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    return reader


def _say(answer: dict[str, Any]) -> None:
    # Nobody listens when the harness is dead.
    with contextlib.suppress(BrokenPipeError):
        os.write(1, json.dumps(answer).encode() + b"\n")


def _die_with_parent() -> None:
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


if __name__ == "__main__":
    main()
