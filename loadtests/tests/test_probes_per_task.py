"""The ledger of one task."""

from __future__ import annotations

import pytest

from loadtests.probes import per_task
from reports.load_steps import Resources

USED = Resources(
    cpu_seconds={"worker": 2.0, "database": 0.5, "harness": 1.0},
    cores=2,
    counters={"commits": 3000.0, "statements": 6000.0, "connections_max": 9.0},
)


def test_what_was_used_is_divided_by_the_bodies() -> None:
    """Counters that nobody took are missing, and the harness's own time is no task's."""
    assert per_task(USED, 1000) == {
        "statements": pytest.approx(6.0),
        "commits": pytest.approx(3.0),
        "cpu_ms_worker": pytest.approx(2.0),
        "cpu_ms_database": pytest.approx(0.5),
    }


def test_without_bodies_nothing_can_be_told() -> None:
    """A step in which no body ended has no ledger."""
    assert per_task(USED, 0) == {}
