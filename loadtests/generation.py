"""Runs Locust, as a process of its own with the contender's Python, to carry out one order."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, Self

from loadtests.order import ORDER, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from loadtests.order import Order

LOCUSTFILE: Final = Path(__file__).with_name("locustfile.py")
START_SECONDS: Final = 60.0
"""How long Locust may take to begin and to report, besides the time of its order."""

CATCH_UP_FACTOR: Final = 3.0
"""An overloaded queue answers late: a schedule may take so many times its length, no longer."""

TICK_SECONDS: Final = 0.1
STOP_SECONDS: Final = 10.0


class GeneratorError(Exception):
    """The load generator did not report: one sentence with the end of its log."""


class Generation:
    """One Locust run; leaving the block ends all its processes."""

    def __init__(self, python: Path, order: Order, environment: Mapping[str, str]) -> None:
        self._order = order
        self._results = Path(order.results)
        self._log = self._results.with_suffix(".log")
        path = self._results.with_suffix(".order")
        order.write(path)
        # How many processes and users there are, the locustfile takes from the order.
        locust = (str(python), "-m", "locust", "-f", str(LOCUSTFILE))
        self._command = (*locust, "--headless", "--only-summary")
        self._environment = {**environment, ORDER: str(path)}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self._process = self._start(log)
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None and self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    @property
    def pid(self) -> int:
        """Locust's own process, the root of the generator's tree."""
        assert self._process is not None  # noqa: S101 - only asked within the block
        return self._process.pid

    def wait(self, on_tick: Callable[[], None]) -> Outcome:
        """Return what the generator saw, once it is done; ``on_tick`` is called meanwhile.

        Raises:
            GeneratorError: it ended without a result, or took far longer than its schedule.
        """
        assert self._process is not None  # noqa: S101 - only asked within the block
        length = sum(seconds for seconds, _ in self._order.arrivals.pieces)
        length = max(length, self._order.warmup_seconds + self._order.window_seconds)
        deadline = time.monotonic() + START_SECONDS + CATCH_UP_FACTOR * length
        while self._process.poll() is None:
            if time.monotonic() > deadline:
                self._interrupt()
            on_tick()
            time.sleep(TICK_SECONDS)
        return self._read()

    def _start(self, log: IO[bytes]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self._command,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def _interrupt(self) -> None:
        """Ask Locust to stop and report what it has; kill it if it does not."""
        assert self._process is not None  # noqa: S101 - only asked within the block
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def _read(self) -> Outcome:
        try:
            return Outcome.read(self._results)
        except (OSError, ValueError, TypeError, KeyError) as error:
            lines = self._log.read_text(errors="replace").strip().splitlines() or ["nothing"]
            raise GeneratorError(
                f"the load generator ended without a result; the last that it said: {lines[-1]}"
            ) from error
