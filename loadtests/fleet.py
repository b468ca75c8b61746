"""The workers of one step: real processes of the contender, started, tended and ended by us.

Whatever happens to a fleet, none of its processes is left when ``stop`` has returned, and they die
with the harness if that dies first. Start and tend a fleet from one thread that outlives it: to the
kernel, a process dies with the thread that started it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import subprocess
import time
from typing import IO, TYPE_CHECKING, Final, Self

import psutil

from engine.contenders.contender import ContenderError
from engine.project.ledger import LEDGER
from engine.project.lifeline import PARENT
from engine.project.meter import METER
from loadtests.roll_call import RollCall

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from engine.contenders.contender import Contender, Site

READY_SECONDS: Final = 60.0
STOP_SECONDS: Final = 20.0
RESPAWN_PAUSE_SECONDS: Final = 0.5
SPAWN_LIMIT: Final = 400

_KILL_SECONDS: Final = 10.0
_LOOK_SECONDS: Final = 0.02


class FleetError(ContenderError):
    """Workers did not do what a step cannot go on without: one sentence."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Worker:
    slot: int
    process: subprocess.Popen[bytes]
    spawned_at: float


class Fleet:
    """The workers of a contender, each in a session of its own, with its log in ``logs``.

    As a context manager it is started, and stopped at the end.
    """

    def __init__(self, contender: Contender, site: Site, logs: Path) -> None:
        self._contender = contender
        self._site = site
        self._logs = logs
        self._workers: dict[int, _Worker] = {}
        self._empty_slots: dict[int, float] = {}
        self._spawned = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start all workers, without waiting until they work."""
        self._make_folders()
        try:
            self._command = self._contender.worker_command(self._site)
            for slot in range(self._contender.workers(self._site)):
                self._spawn(slot)
        except BaseException:
            self.stop(seconds=0.0)
            raise

    def start_ready(self, seconds: float = READY_SECONDS) -> None:
        """Start all workers and return when each process has run a task.

        This is sooner than ``start`` and ``wait_until_ready``: the workers find tasks at their
        first look, so that nobody has to wait for their second one.

        Raises:
            ContenderError: as in ``wait_until_ready``.
        """
        with self._roll_call() as roll_call:
            roll_call.is_complete()
            self.start()
            self._await(roll_call, seconds)

    def wait_until_ready(self, seconds: float = READY_SECONDS) -> None:
        """Return when each process has run a task, and nothing of that is left in the ledger.

        The queue must be empty and nobody may be sending. See ``loadtests.roll_call``.

        Raises:
            ContenderError: a worker ended, or not every process ran a task in time.
        """
        with self._roll_call() as roll_call:
            self._await(roll_call, seconds)

    def tend(self) -> tuple[int, ...]:
        """Start workers anew that ended, and return how they ended: exit statuses of Popen.

        What is left of such a worker is killed, as a service manager does. One that had only just
        started is started again after a pause.

        Raises:
            FleetError: workers ended so often that they will not stay.
        """
        statuses = []
        for worker in list(self._workers.values()):
            status = worker.process.poll()
            if status is not None:
                statuses.append(status)
                self._bury(worker)
                is_young = time.monotonic() - worker.spawned_at < RESPAWN_PAUSE_SECONDS
                pause = RESPAWN_PAUSE_SECONDS if is_young else 0.0
                self._empty_slots[worker.slot] = time.monotonic() + pause
        for slot, spawn_at in list(self._empty_slots.items()):
            if time.monotonic() >= spawn_at:
                del self._empty_slots[slot]
                self._spawn(slot)
        return tuple(statuses)

    def pids(self) -> tuple[int, ...]:
        """Return the pids of the workers themselves, in the order of their slots."""
        return tuple(self._workers[slot].process.pid for slot in sorted(self._workers))

    def tree(self) -> tuple[int, ...]:
        """Return the pids of the workers and of all their processes that live."""
        return tuple(process.pid for process in _members(set(self.pids())))

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """End all workers, and all their processes; they get so many seconds to end gracefully."""
        self._empty_slots.clear()
        for worker in self._workers.values():
            worker.process.terminate()
        deadline = time.monotonic() + seconds
        for worker in list(self._workers.values()):
            with contextlib.suppress(subprocess.TimeoutExpired):
                worker.process.wait(max(0.0, deadline - time.monotonic()))
            self._bury(worker)

    def _bury(self, worker: _Worker) -> None:
        """Kill what is left of a worker, and wait until all of it is gone."""
        members = _members({worker.process.pid})
        for process in members:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        worker.process.wait()
        psutil.wait_procs(members, timeout=_KILL_SECONDS)
        del self._workers[worker.slot]

    def _roll_call(self) -> RollCall:
        self._make_folders()
        environment = environment_of(self._contender, self._site)
        return RollCall(self._contender, self._site, environment, self._logs)

    def _await(self, roll_call: RollCall, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not roll_call.is_complete():
            self._check_alive()
            if time.monotonic() > deadline:
                raise FleetError(f"{roll_call.shortfall()} within {seconds:.0f} seconds")
            time.sleep(_LOOK_SECONDS)

    def _make_folders(self) -> None:
        for folder in (self._site.ledger, meter_folder(self._site), self._logs):
            folder.mkdir(parents=True, exist_ok=True)

    def _check_alive(self) -> None:
        for worker in self._workers.values():
            status = worker.process.poll()
            if status is not None:
                end = f"status {status}" if status >= 0 else signal.Signals(-status).name
                raise FleetError(
                    f"a worker of {self._contender.name} ended with {end} while it started: "
                    f"{self._last_words(worker.slot)}"
                )

    def _spawn(self, slot: int) -> None:
        if self._spawned == SPAWN_LIMIT:
            raise FleetError(
                f"workers of {self._contender.name} were started {SPAWN_LIMIT} times and do not "
                f"stay: {self._last_words(slot)}"
            )
        self._spawned += 1
        environment = environment_of(self._contender, self._site)
        try:
            with self._log(slot).open("ab") as log:
                process = _popen(self._command, environment, log)
        except OSError as error:
            raise FleetError(
                f"a worker of {self._contender.name} could not be started: {error}"
            ) from error
        self._workers[slot] = _Worker(slot=slot, process=process, spawned_at=time.monotonic())

    def _log(self, slot: int) -> Path:
        return self._logs / f"worker-{slot}.log"

    def _last_words(self, slot: int) -> str:
        lines = self._log(slot).read_text(errors="replace").strip().splitlines()
        return (lines or ["it said nothing"])[-1]


@contextlib.contextmanager
def working_fleet(
    contender: Contender, site: Site, logs: Path, seconds: float = READY_SECONDS
) -> Iterator[Fleet]:
    """Give a fleet of which every process works, and stop it at the end.

    The queue must be empty and nobody may be sending.

    Raises:
        ContenderError: a worker ended, or not every process ran a task in time.
    """
    fleet = Fleet(contender, site, logs)
    try:
        fleet.start_ready(seconds)
        yield fleet
    finally:
        fleet.stop()


def environment_of(contender: Contender, site: Site) -> dict[str, str]:
    """Return the environment of the contender's processes, workers and producers alike."""
    return {
        **os.environ,
        **contender.environment(site),
        LEDGER: str(site.ledger),
        METER: str(meter_folder(site)),
        PARENT: str(os.getpid()),
    }


def meter_folder(site: Site) -> Path:
    """Return where the processes of a step meter their SQLite connections."""
    return site.folder / "meter"


def _popen(
    command: tuple[str, ...], environment: dict[str, str], log: IO[bytes]
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def _members(sessions: set[int]) -> list[psutil.Process]:
    """Return all processes of some sessions, whoever their parent has become."""
    members = []
    for pid in psutil.pids():
        with contextlib.suppress(ProcessLookupError, PermissionError, psutil.NoSuchProcess):
            if os.getsid(pid) in sessions:
                members.append(psutil.Process(pid))
    return members
