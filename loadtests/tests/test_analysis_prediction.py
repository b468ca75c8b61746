"""The capacity on other machines, computed from the ledger of a task."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest

from loadtests.analysis.prediction import predict
from loadtests.tests.test_analysis_steps import TARGET, knee, resources, step

if TYPE_CHECKING:
    from reports.load_schema import Prediction
    from reports.load_steps import Step

COSTS = {"cpu_ms_generator": 0.5, "cpu_ms_worker": 1.0, "cpu_ms_database": 0.5}


def hold(**changes: Any) -> Step:
    """Return a hold with a ledger."""
    usual = step(id="hold-12", phase="hold", per_task=COSTS, verdict="pass")
    return dataclasses.replace(usual, **changes)


def predicted(seen: Step, **more: Any) -> list[Prediction]:
    """Predict for two, four and eight cores."""
    found = knee(hold_step="hold-12")
    return list(predict(TARGET, found, [step(), seen], cores=(2, 4, 8), **more))


def test_the_capacity_follows_from_the_cpu_time_of_a_task_and_the_cores() -> None:
    """Two milliseconds of CPU a task are 1000 tasks a second on two cores, 4000 on eight."""
    found = predicted(hold())
    assert [(each.cores, each.rate) for each in found] == [(2, 1000.0), (4, 2000.0), (8, 4000.0)]
    assert {each.bound_by for each in found} == {"cpu of worker"}
    assert found[0].basis == (
        "2 cores x 1000 ms / (0.5 generator + 1 worker + 0.5 database) ms of CPU a task"
    )


def test_a_role_of_one_core_binds_larger_machines() -> None:
    """Redis uses one core, however many there are."""
    seen = hold(per_task={"cpu_ms_worker": 1.0, "cpu_ms_broker": 0.4})
    found = predicted(seen, single_core_roles=("broker", "database"))
    assert [each.bound_by for each in found] == ["cpu of worker", "broker", "broker"]
    assert found[2].rate == pytest.approx(2500)


def test_the_one_writer_of_sqlite_binds() -> None:
    """A lock that 400 tasks a second hold for a quarter of the time is full at 1600."""
    seen = hold(resources=resources(counters={"lock_busy_share": 0.25}))
    found = predicted(seen)
    assert [each.rate for each in found] == [1000.0, 1600.0, 1600.0]
    assert found[1].bound_by == "writer_lock"


def test_flushes_bind_with_no_more_group_commit_than_was_measured() -> None:
    """Two flushes of a quarter of a millisecond a task are 2000 tasks a second."""
    seen = hold(per_task={**COSTS, "fsyncs": 2.0})
    assert predicted(seen)[2].bound_by == "cpu of worker"
    found = predicted(seen, flush_ms=0.25)
    assert (found[2].rate, found[2].bound_by) == (2000.0, "commit_flush")
    assert "no more group commit than was measured" in found[2].basis


@pytest.mark.parametrize(
    "seen",
    [
        hold(per_task={}),
        hold(per_task={"cpu_ms_generator": 0.5, "cpu_ms_worker": 0.0}),
        hold(verdict="generator_limited"),
        hold(counts=dataclasses.replace(step().counts, completed=40)),
        hold(id="hold-13"),
    ],
)
def test_nothing_is_predicted_without_a_sound_ledger(seen: Step) -> None:
    """No ledger, no workers in it, a weak generator, too few tasks, or no hold: no prediction."""
    assert predicted(seen) == []


def test_a_knee_without_a_hold_predicts_nothing() -> None:
    """There is no basis."""
    assert predict(TARGET, knee(), [step()], cores=(2,)) == ()
