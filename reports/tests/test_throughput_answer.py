"""The rule of the answer: which bracket and which forecast give which decision."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from reports.load_schema import Knee, KneeStatus
from reports.load_steps import Target
from reports.tests.synthetic_load import knee_run
from reports.throughput.answer import STAY_FROM, TUNE_FROM, answer, first_month
from reports.throughput.cases import cases_of
from reports.throughput.confidence import judge
from reports.throughput.forecast import Forecast, Growth
from reports.throughput.stored import read_load_run

if TYPE_CHECKING:
    from pathlib import Path


def make_knee(low: float | None, high: float | None, status: KneeStatus = "bracketed") -> Knee:
    """A bracket."""
    target = Target(contender="background_task", database="postgresql")
    return Knee(target=target, status=status, low=low, high=high, repeats=())


def expect(peak: float, *, growth: float = 0.0, months: int = 0) -> Forecast:
    """A forecast of a peak that grows."""
    return Forecast(
        contender=None,
        database=None,
        peak_rate=peak,
        burst_factor=1.0,
        growth=Growth(low=0.0, expected=growth, high=growth * 2),
        horizon_months=months,
        needed_p99_ms=None,
        is_atomic=False,
        machine=None,
        starts_on=None,
        notes="",
    )


@pytest.mark.parametrize(
    ("peak", "decision"),
    [(500.0, "stay"), (500.1, "tune"), (833.3, "tune"), (833.4, "move"), (5000.0, "move")],
)
def test_the_low_end_of_the_bracket_divided_by_the_peak_decides(peak: float, decision: str) -> None:
    """From twice the peak stay, from 1.2 times tune, below that move."""
    found = answer(make_knee(1000.0, 1100.0), expect(peak), None)

    assert found.decision == decision
    assert found.headroom == pytest.approx(1000.0 / peak)


def test_growth_and_bursts_count() -> None:
    """The peak is judged at the horizon, with the expected growth and the burst factor."""
    grown = dataclasses.replace(expect(100.0, growth=0.1, months=12), burst_factor=2.0)

    found = answer(make_knee(1000.0, 1100.0), grown, None)

    assert found.headroom == pytest.approx(1000.0 / (200.0 * 1.1**12))
    assert found.headroom_now == pytest.approx(5.0)
    assert found.decision == "tune"


@pytest.mark.parametrize(("peak", "decision"), [(400.0, "stay"), (600.0, "undecided")])
def test_a_capacity_that_was_not_reached_decides_only_for_staying(
    peak: float, decision: str
) -> None:
    """At least X is enough to stay, and not enough to tune or to move."""
    for status in ("not_reached", "generator_limited"):
        found = answer(make_knee(1000.0, None, status), expect(peak), None)

        assert (found.decision, found.is_at_least) == (decision, True)


@pytest.mark.parametrize(("peak", "decision"), [(95.0, "move"), (50.0, "undecided")])
def test_a_capacity_below_the_range_decides_only_for_moving(peak: float, decision: str) -> None:
    """If not even the lowest rate was held, only too large a peak is known."""
    found = answer(make_knee(None, 100.0, "below_range"), expect(peak), None)

    assert (found.decision, found.headroom) == (decision, None)


def test_an_unstable_capacity_decides_nothing() -> None:
    """Repeats that do not agree are no capacity, however large."""
    found = answer(make_knee(9000.0, None, "unstable"), expect(1.0), None)

    assert found.decision == "undecided"
    assert (found.low, found.headroom, found.limits.stay_below) == (None, None, None)


def test_without_a_forecast_the_rule_is_turned_round() -> None:
    """Stay below half of what it holds, tune below that divided by 1.2."""
    found = answer(make_knee(1200.0, 1300.0), None, None)

    assert found.decision == "open"
    assert found.limits.stay_below == 1200.0 / STAY_FROM
    assert found.limits.tune_below == 1200.0 / TUNE_FROM


def test_a_latency_that_is_not_met_turns_stay_into_tune() -> None:
    """Headroom alone is not enough where a latency is needed."""
    needed = dataclasses.replace(expect(100.0), needed_p99_ms=50.0)

    assert answer(make_knee(1000.0, 1100.0), needed, 49.0).decision == "stay"
    slow = answer(make_knee(1000.0, 1100.0), needed, 51.0)
    assert (slow.decision, slow.reason) == ("tune", "latency")


def test_no_capacity_is_no_answer() -> None:
    """A run that found none decides nothing."""
    assert answer(None, expect(1.0), None).decision == "undecided"


@pytest.mark.parametrize(
    ("monthly", "headroom", "month"),
    [(0.0, 2.0, None), (-0.1, 2.0, None), (0.1, 20.0, 0), (1.0, 2.0, 3), (1.0, 1.0, 4)],
)
def test_headroom_runs_out_in_the_first_month_below_the_threshold(
    monthly: float, headroom: float, month: int | None
) -> None:
    """From ten times the peak, doubling each month."""
    assert first_month(1000.0, 100.0, monthly, headroom) == month


def test_the_month_is_the_first_one_by_counting_too() -> None:
    """The formula and a loop agree."""
    for low, monthly, headroom in ((757.0, 0.03, 2.0), (310.0, 0.011, 1.2), (400.0, 0.5, 1.0)):
        month = first_month(low, 100.0, monthly, headroom)
        counted = next(m for m in range(600) if low / (100.0 * (1 + monthly) ** m) < headroom)
        assert month == counted


def test_a_growth_that_takes_lifetimes_never_ends_the_headroom() -> None:
    """A month beyond the longest is said not to come."""
    assert first_month(1000.0, 1.0, 1e-6, 2.0) is None


def test_confidence_is_high_only_if_every_check_held(tmp_path: Path) -> None:
    """Unstable brackets and generators at their limit make it low, unknowns medium."""
    cases = cases_of([read_load_run(knee_run(tmp_path / "knee"))])
    judged = {case.database: judge(case, None) for case in cases}

    held = {check.name: check.holds for check in judged["postgresql"].checks}
    assert judged["postgresql"].level == "medium"
    assert (held["bracketed"], held["confirmed"], held["held"], held["control"]) == (True,) * 4
    assert (held["stable"], held["same_machine"]) == (False, None)
    assert judged["mariadb"].level == "low"
    generator = {c.name: c.holds for c in judged["sqlite"].checks}["generator"]
    assert (judged["sqlite"].level, generator) == ("low", False)


def test_the_forecast_can_name_the_machine(tmp_path: Path) -> None:
    """Measured on another machine than the one it will run on: a failed check."""
    (case, *_) = cases_of([read_load_run(knee_run(tmp_path / "knee"))])

    for machine, holds in (("xeon", True), ("graviton", False)):
        named = dataclasses.replace(expect(1.0), machine=machine)
        checks = {check.name: check.holds for check in judge(case, named).checks}
        assert checks["same_machine"] is holds
