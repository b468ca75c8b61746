"""Ledgers and what was seen of a step, as the tests need them: times in milliseconds."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from hdrh.histogram import HdrHistogram

from engine.project.ledger import RECORD, Kind
from loadtests.assembling import Observed
from loadtests.measuring import Senders, StepPlan, steady
from loadtests.order import Outcome
from loadtests.tally import tally
from loadtests.tests.test_analysis_steps import TARGET, resources

if TYPE_CHECKING:
    from pathlib import Path

MS = 1_000_000
PLAN = StepPlan(
    id="ramp-1",
    phase="ramp",
    arrivals=steady(1.0, "uniform", 10.0),
    warmup_seconds=1.0,
    window_seconds=10.0,
    workload={"tasks": [{"name": "empty"}]},
    workers=2,
    settings={},
    seed=1,
)


class NoProbes:
    """Probes that saw an idle machine, whatever the window."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, int]] = []

    def resources(self, begin_ns: int, end_ns: int) -> Any:
        """Return what was used, and remember what was asked."""
        self.asked.append((begin_ns, end_ns))
        return resources(cpu_seconds={"worker": 2.0})


class Script:
    """Writes a ledger, task by task."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._keys = 0
        folder.mkdir(exist_ok=True)

    def task(
        self,
        intended: int,
        *,
        sent: int | None = None,
        acknowledged: int | None = None,
        refused: int | None = None,
        ended: tuple[int, ...] = (),
    ) -> int:
        """Write one task with its times; a time that is None did not come."""
        self._keys += 1
        times = [(Kind.SENT, sent), (Kind.ACKNOWLEDGED, acknowledged), (Kind.REFUSED, refused)]
        times += [(Kind.ENDED, time) for time in ended]
        records = [
            RECORD.pack(kind, 7, self._keys, intended * MS, time * MS)
            for kind, time in times
            if time is not None
        ]
        with (self._folder / "7.ledger").open("ab") as file:
            file.write(b"".join(records))
        return self._keys

    def done(self, intended: int, *, takes: int = 20) -> int:
        """Write a task that was sent at its time, acknowledged 2 ms later, and ended."""
        return self.task(
            intended, sent=intended, acknowledged=intended + 2, ended=(intended + takes,)
        )


def histogram(*values_ms: float) -> str:
    """Encode durations as the generator does."""
    made = HdrHistogram(1, 3_600_000_000, 3)
    for value in values_ms:
        made.record_value(int(value * 1000))
    return str(made.encode().decode())


def outcome(**changes: Any) -> Outcome:
    """Return what the generator saw of a step of 1 s warm-up and 10 s window that began at 0."""
    usual: dict[str, Any] = {
        "begun_ns": 0,
        "window_ns": (1_000 * MS, 11_000 * MS),
        "histograms": {"service": histogram(2), "send_lag": histogram(1), "loop_lag": histogram(5)},
        "planned": 10,
        "sent": 10,
        "acknowledged": 10,
        "errors": {},
        "cpu_share_max": 0.25,
        "pids": (7,),
        "locust": {},
    }
    return Outcome(**{**usual, **changes})


def observed(folder: Path, **changes: Any) -> Observed:
    """Return what was seen of a step whose ledger is in ``folder``."""
    usual: dict[str, Any] = {
        "plan": PLAN,
        "order": 3,
        "target": TARGET,
        "senders": Senders(processes=1, users=32),
        "started_at": "2026-01-01T00:00:00+00:00",
        "outcome": outcome(),
        "tally": tally(folder),
        "probes": NoProbes(),
        "left_ns": 12_000 * MS,
    }
    return Observed(**{**usual, **changes})


def bench(**changes: Any) -> Any:
    """Return what stands for a bench where nothing is started: its names and its target."""
    usual = {"target": lambda _=None: TARGET, "contender": None, "database": None}
    return SimpleNamespace(**{**usual, **changes})
