"""The harness's end of a proxy that makes a server of this machine look further away.

The proxy is a process of its own (see forwarder.py), so that a busy harness does not add to the
delay. It ends with ``stop``, and with the harness, however that ends.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
from typing import TYPE_CHECKING, Final, Self

from engine.network import forwarder

if TYPE_CHECKING:
    from types import TracebackType

_START_SECONDS: Final = 20.0
_STOP_SECONDS: Final = 5.0


class ProxyFailed(Exception):  # noqa: N818 - it is the proxy that failed
    """The proxy did not start: one sentence."""


class DelayProxy:
    """A port of 127.0.0.1 that leads to a server, a fixed time away in each direction.

    Attributes:
        delay_seconds: one way; a round trip takes twice as much longer.
    """

    def __init__(self, target_host: str, target_port: int, delay_seconds: float) -> None:
        if delay_seconds < 0:
            raise ValueError(f"A delay of {delay_seconds} seconds is below zero.")
        self.delay_seconds = delay_seconds
        self._target = (target_host, target_port)
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def port(self) -> int:
        """The port to connect to instead of the server's."""
        return self._port

    @property
    def pid(self) -> int | None:
        """The id of its process, whose CPU time is the harness's; None if it does not run."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start the process and return when it listens; raise ProxyFailed if it does not."""
        if self._process is not None:
            return
        host, port = self._target
        arguments = [str(os.getpid()), host, str(port), repr(self.delay_seconds)]
        self._process = subprocess.Popen(
            # -P: the modules beside the program are ours and must not pass for the system's.
            [sys.executable, "-P", forwarder.__file__, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # A Ctrl-C at the terminal is the harness's to handle.
            start_new_session=True,
        )
        try:
            self._port = self._read_port(self._process)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the process with all its connections; twice is fine."""
        process, self._process = self._process, None
        if process is None:
            return
        process.stdin.close()  # type: ignore[union-attr] # it is a pipe
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()  # type: ignore[union-attr] # likewise

    def _read_port(self, process: subprocess.Popen[bytes]) -> int:
        output = process.stdout
        assert output is not None  # noqa: S101 - a pipe, as asked for
        # Unlike select, poll takes the high numbers that many open connections lead to.
        poll = select.poll()
        poll.register(output, select.POLLIN)
        line = output.readline() if poll.poll(_START_SECONDS * 1000) else b""
        if not line:
            host, port = self._target
            raise ProxyFailed(
                f"The proxy in front of {host}:{port} did not start within "
                f"{_START_SECONDS:.0f} seconds: see what it said above."
            )
        return int(line)
