"""A database and workers to send load to, put up by ``python -m loadtests stand`` beside Locust.

It ends when its standard input does: when it is closed here, and also if this process is killed.
"""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT: Final = Path(__file__).resolve().parents[2]
END_SECONDS: Final = 60.0

_PROBE_SECONDS: Final = 60.0


class StandError(Exception):
    """There is nothing to send load to: one sentence."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """A database driver, and whether it lets others run while it waits."""

    name: str
    is_cooperative: bool


class Stand:
    """A stand that runs.

    Attributes:
        environment: what the processes that send must have in theirs.
        producer: the module that they enqueue with.
    """

    def __init__(self, contender: str, database: str, workers: int) -> None:
        command = [sys.executable, "-m", "loadtests", "stand", "--contender", contender]
        command += ["--database", database, "--workers", str(workers)]
        # A group of its own: Ctrl-C is for Locust, which ends the stand when it is done with it.
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": _import_path()},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            stands = self._first_line()
        except BaseException:
            self.close()
            raise
        self.environment: Mapping[str, str] = stands["environment"]
        self.producer: str = stands["producer"]
        self._python = Path(stands.get("python", sys.executable))

    def check_python(self) -> None:
        """Refuse a contender that is installed elsewhere; raises StandError."""
        if self._python.parent != Path(sys.executable).parent:
            raise StandError(
                "This contender has a Python of its own, which must also run Locust: "
                f"start {self._python} -m locust with the same options."
            )

    def driver(self) -> Driver:
        """Ask which driver producers have in the database; raises StandError."""
        done = subprocess.run(
            [sys.executable, "-m", "loadtests.generator.driver_probe"],
            cwd=ROOT,
            env={**os.environ, **self.environment, "PYTHONPATH": _import_path()},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PROBE_SECONDS,
            check=False,
        )
        if done.returncode:
            raise StandError((done.stderr.strip().splitlines() or ["The probe said nothing."])[-1])
        found = json.loads(done.stdout)
        return Driver(name=found["driver"], is_cooperative=found["is_cooperative"])

    def close(self) -> None:
        """End it and wait until it has cleaned up; kill it if it never does."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _first_line(self) -> dict[str, Any]:
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        line = self._process.stdout.readline()
        if not line:
            raise StandError("There is nothing to send load to: the stand ended at its start.")
        stands: dict[str, Any] = json.loads(line)
        return stands


def _import_path() -> str:
    given = os.environ.get("PYTHONPATH")
    return os.pathsep.join([str(ROOT), str(ROOT / "engine"), *([given] if given else [])])
