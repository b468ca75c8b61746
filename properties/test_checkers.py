"""The checkers, for every history: silent on legal ones, loud on spoiled ones, and never wrong."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chaos.checkers import CHECKERS, analyse
from chaos.history import History
from properties.histories import histories, outspoken_histories
from properties.mutators import MUTATORS, Mutator
from properties.oracle import RULES, judge
from properties.scrambles import scrambled
from reports.schema import Verdict

if TYPE_CHECKING:
    from engine.subjects.contract import Contract
    from reports.schema import Op

MODEST = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def findings(ops: list[Op], contract: Contract) -> set[tuple[str, str | None]]:
    """Return each anomaly's name with its task, as the checkers see it that the oracle knows."""
    history = History(ops)
    return {
        (checker.name, found.task)
        for checker in CHECKERS
        if checker.name in RULES and checker.is_promised(contract) and checker.can_be_seen(contract)
        for found in checker.find(history, contract).found
    }


@MODEST
@given(histories())
def test_a_legal_history_raises_no_alarm(story: tuple[list[Op], Contract]) -> None:
    """Whatever a correct engine does under faults, and however little it tells."""
    ops, contract = story
    results = analyse(ops, contract)
    proofs = [
        anomaly.proof
        for check in results.checks
        if check.is_forbidden
        for anomaly in check.anomalies
    ]
    assert proofs == []
    assert not any("crashed" in check.note for check in results.checks)


@settings(MODEST, max_examples=10)
@pytest.mark.parametrize("mutator", MUTATORS, ids=lambda mutator: mutator.name)
@given(story=outspoken_histories(), data=st.data())
def test_a_spoiled_history_has_the_anomaly_that_the_mutator_names(
    mutator: Mutator, story: tuple[list[Op], Contract], data: st.DataObject
) -> None:
    """And no others but those that it says may follow; the oracle agrees.

    A mutator without an anomaly leaves the history legal.
    """
    ops, contract = story
    contract = dataclasses.replace(contract, **mutator.terms)
    spoiled = mutator.mutate(ops, lambda options: data.draw(st.sampled_from(options)))
    names = {
        check.name
        for check in analyse(spoiled, contract).checks
        if check.verdict == Verdict.INVALID and check.name in RULES
    }
    assert mutator.anomaly in {*names, None}
    assert names <= mutator.anomalies
    assert findings(spoiled, contract) == judge(spoiled, contract)


@MODEST
@given(story=histories(), data=st.data())
def test_the_checkers_agree_with_the_oracle_on_any_history(
    story: tuple[list[Op], Contract], data: st.DataObject
) -> None:
    """Also on histories that no engine and no mutator would write."""
    ops, contract = story
    damaged = scrambled(ops, data.draw)
    assert findings(damaged, contract) == judge(damaged, contract)


@settings(MODEST, max_examples=40)
@given(story=histories(), data=st.data())
def test_a_part_of_a_legal_history_raises_no_alarm(
    story: tuple[list[Op], Contract], data: st.DataObject
) -> None:
    """A run that was cut short may prove nothing, and accuses nobody."""
    ops, contract = story
    kept = data.draw(st.integers(0, len(ops)))
    assert findings(ops[:kept], contract) == set()


@settings(MODEST, max_examples=40)
@given(story=histories(), data=st.data())
def test_the_order_of_the_files_changes_nothing(
    story: tuple[list[Op], Contract], data: st.DataObject
) -> None:
    """Only each process's own order is kept by who merges the files."""
    ops, contract = story
    damaged = scrambled(ops, data.draw)
    files: dict[str, list[Op]] = {}
    for op in damaged:
        files.setdefault(op.process, []).append(op)
    names = data.draw(st.permutations(sorted(files)))
    merged = [op for name in names for op in files[name]]
    assert findings(merged, contract) == findings(damaged, contract)
