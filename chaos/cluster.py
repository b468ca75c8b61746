"""The workers and producers of a run: real processes, started and watched by the harness."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import time
from typing import IO, TYPE_CHECKING, Any, Final, Literal

import psutil

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from chaos.plan import Plan
    from engine.project.recorder import Recorder
    from engine.subjects import Subject

Role = Literal["worker", "producer", "harness"]

STOP_SECONDS: Final = 20.0
RESPAWN_PAUSE_SECONDS: Final = 0.5
SPAWN_LIMIT: Final = 200


class ClusterError(Exception):
    """A process of the run did not do what the run cannot go on without."""


@dataclasses.dataclass(slots=True)
class _Worker:
    slot: int
    process: subprocess.Popen[bytes]
    log: IO[bytes]
    spawned_at: float


class Cluster:
    """Starts the subject's processes with its own Python, each in its own session.

    A worker that ended is started again, as a process supervisor would: at once, or after a pause
    if it had only just started.
    """

    def __init__(
        self,
        subject: Subject,
        databases: Mapping[Role, Mapping[str, Any]],
        folder: Path,
        history: Recorder,
    ) -> None:
        """Take the ``DATABASES`` entry that each role's processes get."""
        self._subject = subject
        self._history = history
        self._logs = folder / "logs"
        self._python = str(subject.python())
        self._environments = {
            role: _environment(subject, settings, folder, role)
            for role, settings in databases.items()
        }
        self._workers: dict[int, _Worker] = {}
        self._producers: list[subprocess.Popen[bytes]] = []
        self._empty_slots: dict[int, float] = {}
        self._releases: dict[int, str] = {}
        self._spawned = 0

    def migrate(self) -> None:
        """Create the subject's tables and the project's.

        Raises:
            ClusterError: it failed; the message has the last line of what it said.
        """
        command = [self._python, "-m", "engine.project.manage", "migrate", "--verbosity=0"]
        done = subprocess.run(
            command, env=self._environments["harness"], capture_output=True, text=True, check=False
        )
        (self._logs / "migrate.log").write_text(done.stdout + done.stderr)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
            raise ClusterError(f"the tables of {self._subject.name} were not created: {last}")

    def start_workers(self, plan: Plan) -> None:
        """Start the workers of a plan, in slots from 0 on."""
        self._arguments = self._subject.worker_arguments(plan.processes, plan.timeout_seconds)
        for slot in range(plan.workers):
            self._spawn(slot)

    def add_workers(self, count: int) -> list[int]:
        """Start so many workers more, all at once, and return their slots."""
        first = 1 + max([*self._workers, *self._empty_slots], default=-1)
        slots = list(range(first, first + count))
        for slot in slots:
            self._spawn(slot)
        return slots

    def remove_workers(self, slots: Sequence[int]) -> None:
        """Tell workers to stop, wait for them, and do not start them again."""
        for slot, pid in self.workers().items():
            if slot in slots:
                self.tell_to_stop(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        for slot in slots:
            if slot in self._workers:
                self._stop_one(self._workers[slot], deadline)
            self._empty_slots.pop(slot, None)

    def deploy(self, slots: Sequence[int], release: str) -> None:
        """Replace workers, as a deploy does: stop them, and start them with another release."""
        for slot, pid in self.workers().items():
            if slot in slots:
                self._releases[slot] = release
                self.tell_to_stop(pid, signal.SIGTERM)

    def start_producers(self, count: int, plan: Path) -> None:
        """Start the producers of a plan."""
        for number in range(count):
            log = (self._logs / f"producer-{number}.log").open("wb")
            command = ["-m", "engine.project.produce", str(plan), str(number)]
            self._producers.append(self._popen(command, log, "producer"))
            log.close()

    def are_producers_done(self) -> bool:
        """Tell whether all producers have ended.

        Raises:
            ClusterError: one of them failed, so the run has not the workload of its plan.
        """
        statuses = [producer.poll() for producer in self._producers]
        for number, status in enumerate(statuses):
            if status:
                raise ClusterError(
                    f"producer {number} ended with status {status}: see logs/producer-{number}.log"
                )
        return None not in statuses

    def owns(self, pid: int) -> bool:
        """Tell whether a living process belongs to one of the workers."""
        with contextlib.suppress(ProcessLookupError):
            return os.getsid(pid) in {worker.process.pid for worker in self._workers.values()}
        return False

    def worker_of(self, pid: int) -> list[int]:
        """Return the pids of the worker that a process belongs to, the worker's own first."""
        with contextlib.suppress(ProcessLookupError):
            worker = os.getsid(pid)
            if worker in {each.process.pid for each in self._workers.values()}:
                return [worker, *_descendants(worker)]
        return []

    def workers(self) -> dict[int, int]:
        """Return the pid of each worker, by its slot; its processes are not among them."""
        return {worker.slot: worker.process.pid for worker in self._workers.values()}

    def pids(self) -> list[int]:
        """Return the pids of all workers and all their processes, the workers first."""
        workers = [worker.process.pid for worker in self._workers.values()]
        return workers + [pid for worker in workers for pid in _descendants(worker)]

    def tend(self) -> None:
        """Wait for workers that ended, record how, and start workers in slots that have none."""
        for worker in list(self._workers.values()):
            status = worker.process.poll()
            if status is not None:
                self._record_exit(worker, status)
                age = time.monotonic() - worker.spawned_at
                pause = RESPAWN_PAUSE_SECONDS if age < RESPAWN_PAUSE_SECONDS else 0.0
                self._empty_slots[worker.slot] = time.monotonic() + pause
        for slot, spawn_at in list(self._empty_slots.items()):
            if time.monotonic() >= spawn_at and self._spawned < SPAWN_LIMIT:
                del self._empty_slots[slot]
                self._spawn(slot)

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Stop everything: nothing of it is left when this returns.

        Workers get so many seconds to end gracefully.
        """
        for producer in self._producers:
            producer.kill()
            producer.wait()
        for worker in self._workers.values():
            self.tell_to_stop(worker.process.pid, signal.SIGTERM)
        deadline = time.monotonic() + seconds
        for worker in list(self._workers.values()):
            self._stop_one(worker, deadline)

    def tell_to_stop(self, pid: int, number: signal.Signals) -> None:
        """Send a worker a signal that asks it to stop, and record that it was told."""
        slots = [slot for slot, worker in self.workers().items() if worker == pid]
        value = {"pid": pid, "slot": slots[0] if slots else None, "signal": number.name}
        self._history.write("ok", "stop", value=value)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)

    def _stop_one(self, worker: _Worker, deadline: float) -> None:
        descendants = _descendants(worker.process.pid)
        try:
            status = worker.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(worker.process.pid, signal.SIGKILL)
            status = worker.process.wait()
        _wait_until_gone(descendants)
        self._record_exit(worker, status)

    def _record_exit(self, worker: _Worker, status: int) -> None:
        del self._workers[worker.slot]
        worker.log.close()
        value = {"pid": worker.process.pid, "slot": worker.slot, "status": status}
        self._history.write("ok", "exit", value=value)

    def _spawn(self, slot: int) -> None:
        self._spawned += 1
        log = (self._logs / f"worker-{slot}.log").open("ab")
        process = self._popen(
            ["-m", "engine.project.manage", *self._arguments], log, "worker", self._release_of(slot)
        )
        self._workers[slot] = _Worker(slot, process, log, time.monotonic())
        value = {"pid": process.pid, "slot": slot, "release": self._releases.get(slot)}
        self._history.write("ok", "spawn", value=value)

    def _release_of(self, slot: int) -> Mapping[str, str]:
        release = self._releases.get(slot)
        return {} if release is None else {"KILLPROOF_RELEASE": release}

    def _popen(
        self,
        arguments: Sequence[str],
        log: IO[bytes],
        role: Role,
        also: Mapping[str, str] | None = None,
    ) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [self._python, *arguments],
            env={**self._environments[role], **(also or {})},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _environment(
    subject: Subject, database: Mapping[str, Any], folder: Path, role: Role
) -> Mapping[str, str]:
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "engine.project.settings",
        "PYTHONPATH": os.pathsep.join(str(path) for path in subject.import_path()),
        "PYTHONUNBUFFERED": "1",
        "KILLPROOF_DATABASE": json.dumps(database),
        "KILLPROOF_SETTINGS": json.dumps(subject.settings()),
        "KILLPROOF_HISTORY": str(folder / "history"),
        "KILLPROOF_ORDERS": str(folder / "orders"),
        "KILLPROOF_ROLE": role,
        "KILLPROOF_PARENT": str(os.getpid()),
    }


def _descendants(pid: int) -> list[int]:
    with contextlib.suppress(psutil.NoSuchProcess):
        return [child.pid for child in psutil.Process(pid).children(recursive=True)]
    return []


def _wait_until_gone(pids: Sequence[int]) -> None:
    """Wait for the processes of a worker that was stopped, and kill those that stay."""
    processes = []
    for pid in pids:
        with contextlib.suppress(psutil.NoSuchProcess):
            processes.append(psutil.Process(pid))
    for process in psutil.wait_procs(processes, timeout=5)[1]:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
