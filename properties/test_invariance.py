"""What no verdict may depend on: the zero of a clock, the order of equal times, names."""

from __future__ import annotations

import random as randoms
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chaos.checkers import CHECKERS, analyse
from chaos.history import History
from properties.canaries import CANARIES, Canary
from properties.histories import histories
from properties.relabelled import Names, crowded, merged_anew, shifted
from properties.scrambles import scrambled

if TYPE_CHECKING:
    from engine.subjects.contract import Contract
    from reports.schema import Op

MODEST = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
TICKS_NS = (1, 10**6, 10**8, 10**9)


def said(ops: list[Op], contract: Contract) -> list[Any]:
    """Return all that the checkers say but their witnesses."""
    return [
        (check.name, check.verdict, check.exercised, check.count, check.note, proofs)
        for check in analyse(ops, contract).checks
        for proofs in [sorted(anomaly.proof for anomaly in check.anomalies)]
    ]


def named(
    ops: list[Op], contract: Contract, tasks: dict[str, str] | None = None
) -> dict[str, list[str]]:
    """Return the tasks that each checker accuses, and how much it looked at."""
    history = History(ops)
    accused: dict[str, list[str]] = {}
    for checker in CHECKERS:
        if checker.can_be_seen(contract):
            findings = checker.find(history, contract)
            keys = [str(found.task) for found in findings.found]
            known = sorted((tasks or {}).get(key, key) for key in keys)
            accused[checker.name] = [*known, f"of {findings.exercised}"]
    return accused


@MODEST
@given(story=histories(), data=st.data())
def test_the_order_of_equal_times_changes_nothing(
    story: tuple[list[Op], Contract], data: st.DataObject
) -> None:
    """Clocks tick seldom and files are merged in any order; each process keeps its own."""
    ops, contract = story
    tick = data.draw(st.sampled_from(TICKS_NS))
    damaged = crowded(scrambled(ops, data.draw), tick_ns=tick)
    other = merged_anew(damaged, data.draw(st.randoms(use_true_random=False)))
    assert said(other, contract) == said(damaged, contract)


@MODEST
@given(
    story=histories(),
    data=st.data(),
    by_ns=st.integers(-(10**12), 10**13),
    # So far the floats of both times have the same precision.
    database_by=st.integers(-(10**8), 10**8),
)
def test_the_zero_of_a_clock_changes_nothing(
    story: tuple[list[Op], Contract], data: st.DataObject, by_ns: int, database_by: int
) -> None:
    """Clocks count from any moment. Their pace does matter: slack and leases are seconds."""
    ops, contract = story
    damaged = scrambled(ops, data.draw)
    moved = shifted(damaged, by_ns=by_ns, database_by=database_by)
    assert said(moved, contract) == said(damaged, contract)


@MODEST
@given(story=histories(), data=st.data())
def test_names_change_nothing(story: tuple[list[Op], Contract], data: st.DataObject) -> None:
    """Other keys, ids and pids: the same tasks are accused of the same."""
    ops, contract = story
    damaged = scrambled(ops, data.draw)
    names = Names.drawn(damaged, data.draw(st.randoms(use_true_random=False)))
    renamed = [names.renamed(op) for op in damaged]
    assert named(renamed, contract) == named(damaged, contract, dict(names.tasks))


@pytest.mark.parametrize("canary", CANARIES, ids=lambda canary: canary.name)
def test_a_canary_is_named_under_any_clock_order_and_name(canary: Canary) -> None:
    """All of it at once, for every checker there is."""
    ops, random = canary.ops(), randoms.Random(canary.name)  # noqa: S311 - it shuffles
    names = Names.drawn(ops, random)
    moved = shifted(ops, by_ns=7 * 10**12, database_by=-86_400)
    other = merged_anew([names.renamed(op) for op in moved], random)
    tasks = dict(names.tasks)
    assert named(other, canary.contract) == named(ops, canary.contract, tasks)
