"""A comparison and a timeline, whole, with real workers, real load and real kills on SQLite."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loadtests.cli import main
from reports.load_schema import read_findings, read_load_manifest, read_steps

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.processes

COMPARE = """\
kind = "compare"
contenders = ["background_task"]
databases = ["sqlite"]
sleep_seconds = 0.1
blocks = 1
rate = 20
warmup_seconds = 0.5
window_seconds = 1
burst_rate = 200
burst_seconds = 1
drain_seconds = 5

[reference]
contender = "background_task"
database = "sqlite"

[semantics]
kills = 2
faults = ["child"]
work_ms = 200
rate = 5
workers = 2
seconds_between_kills = 0.5
patience_seconds = 20
"""

TIMELINE = """\
kind = "timeline"
databases = ["sqlite"]
sleep_seconds = 0.1
window_seconds = 1
drain_seconds = 10

[[pieces]]
seconds = 2
rate = 20

[[pieces]]
seconds = 2
rate = 0

[[events]]
kind = "idle_in_transaction"
at_seconds = 0.5
seconds = 1
"""


def run(folder: Path, name: str, text: str) -> Path:
    """Run a profile and return the folder of its one run."""
    profile = folder / f"{name}.toml"
    profile.write_text(text)
    assert main([str(profile), "--out", str(folder / "runs"), "--seed", "3"]) == 0
    return next((folder / "runs").iterdir())


def test_a_comparison_measures_each_arm_and_claims_nothing_from_one_pair(tmp_path: Path) -> None:
    """The reference runs twice, kills land, and a single block is too few pairs."""
    folder = run(tmp_path, "tiny", COMPARE)

    steps, findings = list(read_steps(folder)), read_findings(folder)
    assert read_load_manifest(folder).status == "complete"
    assert {step.arm for step in steps} == {"background_task on sqlite", "A/A"}
    assert all(step.counts.completed for step in steps)
    assert findings.ratios
    assert {ratio.claim for ratio in findings.ratios} == {"withheld"}
    assert [(trial.kills, trial.lost, trial.recovered) for trial in findings.semantics] == [
        (2, 0, 2)
    ]


def test_a_timeline_is_cut_into_windows_and_drained(tmp_path: Path) -> None:
    """Windows follow the rates, and what was sent in the first ones has ended in the last."""
    folder = run(tmp_path, "short", TIMELINE)

    steps = list(read_steps(folder))
    assert [step.id for step in steps] == [f"window-{number:03}" for number in range(4)]
    assert [step.offered_rate > 0 for step in steps] == [True, True, False, False]
    assert steps[-1].counts.unfinished == 0
    assert all(step.locust is None for step in steps)
