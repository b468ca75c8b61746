"""Runs that nobody ran: histories written op by op, stored as a harness would store them.

All times are made up, so two calls with the same arguments store the same run.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from reports.schema import (
    Anomaly,
    CheckResult,
    Counts,
    Manifest,
    Op,
    OpType,
    Results,
    Verdict,
    write_json,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

BOOT = 7_000_000_000_000
DATABASE_EPOCH = 1_700_000_000.0
LEASE_SECONDS = 15.0
PHASES = ("setup", "steady", "chaos", "heal", "drain", "quiesce", "final-read")


class History:
    """Collects ops; times are given in seconds since the start of the run."""

    def __init__(self) -> None:
        self.ops: list[Op] = []
        self._token = 0

    def add(self, seconds: float, process: str, f: str, kind: OpType = "ok", **fields: Any) -> Op:
        """Record one op; ``value`` and the other fields are those of Op."""
        op = Op(time=BOOT + round(seconds * 1e9), process=process, f=f, type=kind, **fields)
        self.ops.append(op)
        return op

    def phases(self, *starts: float) -> None:
        """Begin the phases at these moments."""
        for name, start in zip(PHASES, starts, strict=False):
            self.add(start, "harness", "phase", value={"name": name})

    def enqueue(self, seconds: float, task: str, row: int, *, duplicate: bool = False) -> None:
        """A producer enqueued a task, and the call returned."""
        self.add(seconds, "producer-100", "enqueue", "invoke", task=task, value={"kind": "invoice"})
        told = {"row": row, "duplicate": duplicate}
        self.add(seconds + 0.002, "producer-100", "enqueue", task=task, value=told)

    def claim(self, seconds: float, task: str, row: int, attempt: int, owner: str) -> int:
        """The audit saw a claim; returns its token."""
        self._token += 1
        value = {"row": row, "owner": owner, "lease_until": at(seconds + LEASE_SECONDS)}
        self.audit(seconds, "claim", task, attempt=attempt, token=self._token, value=value)
        return self._token

    def audit(self, seconds: float, f: str, task: str, **fields: Any) -> Op:
        """The audit saw a change."""
        return self.add(seconds, "audit", f, task=task, database_time=at(seconds), **fields)

    def start(self, seconds: float, pid: int, task: str, row: int, attempt: int) -> None:
        """A task's body started."""
        value = {"row": row, "kind": "invoice", "pid": pid}
        self.add(
            seconds, f"body-{pid}", "attempt", "invoke", task=task, attempt=attempt, value=value
        )

    def end(self, seconds: float, pid: int, task: str, attempt: int, error: str = "") -> None:
        """A task's body had its effect and returned, or raised."""
        body = f"body-{pid}"
        if error:
            self.add(seconds, body, "attempt", "fail", task=task, attempt=attempt, error=error)
            return
        self.add(seconds - 0.001, body, "effect", task=task, attempt=attempt, value={"pid": pid})
        self.add(seconds, body, "attempt", task=task, attempt=attempt)

    def kill(self, seconds: float, number: int, pid: int, *, in_body: bool = True) -> None:
        """A worker was killed and was seen dead."""
        told = {"pid": pid, "target": "child", "signal": 9}
        self.add(seconds - 0.004, f"fault-{number}", "kill", "invoke", value=told)
        self.add(seconds, f"fault-{number}", "kill", value={"pid": pid, "in_body": in_body})

    def fault(
        self,
        number: int,
        f: str,
        start: float,
        end: float,
        *,
        landed: bool = True,
        pids: tuple[int, ...] = (),
        **about: Any,
    ) -> None:
        """A fault struck, was seen to land (or not), and was healed."""
        who = f"fault-{number}"
        self.add(start, who, f, "invoke", value=about)
        told: dict[str, Any] = {"value": {"pids": list(pids)}} if landed else {"error": "not seen"}
        self.add(start + 0.01, who, f, "ok" if landed else "info", **told)
        self.add(end - 0.01, who, "heal", "invoke")
        self.add(end, who, "heal")


def at(seconds: float) -> float:
    """The database's time of a moment of the run."""
    return DATABASE_EPOCH + seconds


def manifest(**changes: Any) -> Manifest:
    """A manifest like those that a harness writes."""
    usual = Manifest(
        scenario="sigkill_mid_task",
        summary="Workers are killed in the middle of their tasks; everything must still be done.",
        seed=7,
        command="nox -s chaos -- --scenario sigkill_mid_task --database postgresql --seed 7",
        started_at="2025-01-31T12:00:00+00:00",
        duration_seconds=24.3,
        database={
            "name": "postgresql",
            "provider": "embedded",
            "version": "18.0",
            "durability": {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"},
        },
        subject={
            "name": "background_task",
            "version": "0.1.0",
            "contract": {"delivery": "at-least-once", "max_attempts": 5, "recovery_seconds": 2.0},
        },
        environment={"python": "3.11.7", "django": "5.2.19", "cpus": 2, "commit": "c74296a"},
    )
    return dataclasses.replace(usual, **changes)


def passed(name: str, exercised: int) -> CheckResult:
    """A check that was put to the test and held."""
    return CheckResult(name=name, verdict=Verdict.VALID, exercised=exercised)


def broken(name: str, *anomalies: Anomaly, count: int | None = None) -> CheckResult:
    """A check that found anomalies."""
    return CheckResult(
        name=name,
        verdict=Verdict.INVALID,
        exercised=40,
        count=len(anomalies) if count is None else count,
        anomalies=anomalies,
    )


def store(folder: Path, history: History, results: Results, **changes: Any) -> Path:
    """Write a run's folder: a history file per process, the manifest and the results."""
    (folder / "history").mkdir(parents=True)
    lines: dict[str, list[str]] = {}
    for op in history.ops:
        lines.setdefault(op.process, []).append(op.to_json() + "\n")
    for number, written in enumerate(lines.values()):
        path = folder / "history" / f"{number}.ndjson"
        path.write_text("".join(written), encoding="utf-8")
    write_json(folder / "manifest.json", manifest(**changes))
    write_json(folder / "results.json", results)
    return folder


def workday(*, tasks: int, workers: int, kill_every: int, fail_every: int = 0) -> History:
    """Workers that run tasks in turn, some of them killed and replaced, some attempts failing."""
    history = History()
    pids = [1000 + 10 * number for number in range(workers)]
    free = [1.0 + 0.02 * number for number in range(workers)]
    kills = 0
    for row in range(1, tasks + 1):
        task, lane = f"invoice-{row}", row % workers
        start = free[lane]
        history.enqueue(0.4 + 0.03 * row / workers, task, row)
        token = history.claim(start - 0.003, task, row, 1, f"worker-{lane}")
        history.start(start, pids[lane], task, row, 1)
        attempt, pause = 1, 0.06 + 0.05 * (row % 5)
        if kill_every and row % kill_every == 0:
            kills += 1
            history.kill(start + pause, kills, pids[lane])
            pids[lane] += 1
            attempt, start = 2, start + pause + 0.4
        elif fail_every and row % fail_every == 0:
            history.end(start + pause, pids[lane], task, 1, "ValueError: no such order")
            attempt, start = 2, start + pause + 0.1
        if attempt == 2:
            fields: dict[str, Any] = {"token": token, "value": {"row": row, "attempts": 1}}
            history.audit(start - 0.05, "release", task, **fields)
            token = history.claim(start - 0.003, task, row, 2, f"worker-{lane}")
            history.start(start, pids[lane], task, row, 2)
        history.end(start + pause, pids[lane], task, attempt)
        history.audit(start + pause + 0.002, "finish", task, token=token, value={"row": row})
        free[lane] = start + pause + 0.01
    end = max(free)
    history.phases(0.0, 0.4, 2.0, end * 0.7, end * 0.7 + 0.05, end, end + 1.5)
    history.add(end + 1.6, "final-read", "final-read", value={"drained": True})
    return history


VALID_COUNTS = Counts(
    attempted=232,
    acknowledged=220,
    ok=220,
    retried=25,
    kills_landed=14,
    kills_in_body=14,
    recovery_ms_p50=412.0,
    recovery_ms_max=1240.0,
)


def store_valid_run(folder: Path, **changes: Any) -> Path:
    """A run in which workers were killed and nothing went wrong."""
    checks = (
        passed("lost", 220),
        passed("vanished", 220),
        passed("unexpected", 220),
        passed("duplicated-effect", 220),
        passed("double-claim", 25),
        passed("stuck", 14),
        passed("premature", 245),
        passed("stats", 14),
    )
    results = Results(verdict=Verdict.VALID, counts=VALID_COUNTS, checks=checks)
    history = workday(tasks=220, workers=4, kill_every=15, fail_every=22)
    return store(folder, history, results, **changes)


def double_claim(history: History) -> Anomaly:
    """Add a task that two workers claimed at once, and its anomaly."""
    history.enqueue(3.0, "order-17", 917)
    first = history.claim(3.1, "order-17", 917, 1, "worker-8")
    history.start(3.11, 2001, "order-17", 917, 1)
    second = history.claim(3.9, "order-17", 917, 2, "worker-9")
    history.start(3.92, 2002, "order-17", 917, 2)
    history.end(4.4, 2001, "order-17", 1)
    history.audit(4.42, "finish", "order-17", token=first, value={"row": 917})
    history.kill(4.6, 90, 2002)
    return Anomaly(
        name="double-claim",
        task="order-17",
        proof=f"Token {second} was granted at 3.900 s while the lease of token {first} was live.",
        witness=tuple(op for op in history.ops if op.task == "order-17"),
    )


def lost(history: History) -> Anomaly:
    """Add a task that was acknowledged, killed and never run again, and its anomaly."""
    history.enqueue(3.3, "order-44", 944)
    history.claim(3.5, "order-44", 944, 1, "worker-7")
    history.start(3.52, 2044, "order-44", 944, 1)
    history.kill(3.9, 91, 2044)
    history.add(30.0, "final-read", "row", task="order-44", value={"row": 944, "state": "claimed"})
    return Anomaly(
        name="lost",
        task="order-44",
        proof="order-44 was acknowledged at 3.302 s and neither finished nor was dead-lettered.",
        witness=tuple(op for op in history.ops if op.task == "order-44" or "91" in op.process),
    )


def store_invalid_run(folder: Path, **changes: Any) -> Path:
    """A run with a double claim, a lost task, and a property that nothing exercised."""
    history = workday(tasks=60, workers=3, kill_every=12)
    checks = (
        broken("double_claim", double_claim(history)),
        broken("lost", lost(history), count=3),
        passed("unexpected", 62),
        CheckResult(name="premature", verdict=Verdict.UNKNOWN, exercised=0),
    )
    counts = Counts(attempted=62, acknowledged=62, ok=61, lost=3, kills_landed=7, kills_in_body=5)
    return store(
        folder, history, Results(verdict=Verdict.INVALID, counts=counts, checks=checks), **changes
    )


def paused(history: History) -> Anomaly:
    """Add a task whose worker was paused beyond its lease and then ended it, and its anomaly."""
    history.enqueue(3.0, "order-71", 971)
    first = history.claim(3.1, "order-71", 971, 1, "worker-4")
    history.start(3.12, 2071, "order-71", 971, 1)
    history.fault(34, "sigstop", 3.4, 5.6, pids=(2071,), **PAUSE)
    history.audit(4.4, "release", "order-71", token=first, value={"row": 971})
    second = history.claim(4.5, "order-71", 971, 2, "worker-5")
    history.start(4.52, 2072, "order-71", 971, 2)
    history.end(5.9, 2071, "order-71", 1)
    history.audit(5.95, "finish", "order-71", token=first, value={"row": 971})
    history.end(6.3, 2072, "order-71", 2)
    return Anomaly(
        name="zombie-finish",
        task="order-71",
        proof=f"order-71 was finished at 5.950 s with token {first}; token {second} held it.",
        witness=tuple(
            op
            for op in history.ops
            if (op.task == "order-71" and op.f in ("attempt", "finish")) or op.process == "fault-34"
        ),
    )


PAUSE: Mapping[str, Any] = {"family": "worker", "disturbs": "processes", "colour": "#CC79A7"}
OUTAGE: Mapping[str, Any] = {"family": "database", "disturbs": "database", "colour": "#0072B2"}
UNTESTED = ("late", "starvation", "double-fire", "leak", "limbo")


def store_swarm_run(folder: Path, **changes: Any) -> Path:
    """A run with faults of several kinds, an allowed anomaly and properties nobody exercised."""
    history = workday(tasks=160, workers=4, kill_every=25, fail_every=17)
    zombie = paused(history)
    twice = dataclasses.replace(double_claim(history), name="overlap")
    history.fault(35, "database_restart", 6.5, 7.3, **OUTAGE)
    history.fault(36, "latency", 6.0, 8.0, family="network", disturbs="nothing", colour="#56B4E9")
    history.fault(37, "lost_answer", 8.2, 8.205, family="network", disturbs="nothing")
    history.fault(38, "clock", 7.0, 7.9, landed=False, family="time", colour="#F0E442")
    for name, row in (("stuck-1", 801), ("stuck-2", 802)):
        history.enqueue(6.6, name, row)
        told = {"row": row, "state": "waiting", "run_at": at(6.6)}
        history.add(12.0, "final-read", "row", task=name, database_time=at(12.0), value=told)
    idle: dict[str, Any] = {"verdict": Verdict.UNKNOWN, "exercised": 0, "is_required": False}
    checks = (
        passed("lost", 220),
        passed("double-claim", 25),
        broken("zombie-finish", zombie),
        dataclasses.replace(
            broken("overlap", twice), verdict=Verdict.VALID, is_forbidden=False, count=3
        ),
        CheckResult(name="premature", verdict=Verdict.UNKNOWN, exercised=0, note="No late task."),
        *(CheckResult(name=name, **idle) for name in UNTESTED),
        passed("stats", 14),
    )
    results = Results(verdict=Verdict.INVALID, counts=VALID_COUNTS, checks=checks)
    return store(folder, history, results, **changes)


def store_empty_run(folder: Path, **changes: Any) -> Path:
    """A run that recorded nothing and therefore proves nothing."""
    checks = (
        CheckResult(name="lost", verdict=Verdict.UNKNOWN, exercised=0),
        CheckResult(name="stats", verdict=Verdict.UNKNOWN, exercised=0, note="No kill landed."),
    )
    results = Results(verdict=Verdict.UNKNOWN, counts=Counts(), checks=checks)
    return store(folder, History(), results, **changes)
