"""A violation of safety never disappears when the history goes on."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from chaos.checkers import CHECKERS
from chaos.history import History
from properties.canaries import CANARIES, Canary
from properties.finality import FINAL, PROVISIONAL, quiet_prefixes
from properties.healthy_run import CONTRACT, Errand
from properties.histories import outspoken_histories
from properties.mutators import MUTATORS, Mutator
from properties.tape import OUTSPOKEN, Tape

if TYPE_CHECKING:
    from engine.subjects.contract import Contract
    from reports.schema import Op

MODEST = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
SOME = 5
RESTARTED = ("unjustified-redelivery", "late")
FOR_GOOD = [canary for canary in CANARIES if canary.anomaly in FINAL]
SPOILERS = [mutator for mutator in MUTATORS if mutator.anomaly in FINAL]


def accused(ops: list[Op], contract: Contract) -> set[tuple[str, str | None]]:
    """Return whom the checks of safety accuse, of what."""
    history = History(ops)
    return {
        (checker.name, found.task)
        for checker in CHECKERS
        if checker.name in FINAL and checker.can_be_seen(contract)
        for found in checker.find(history, contract).found
    }


def test_of_every_checker_it_is_known_whether_its_findings_are_final() -> None:
    """Who adds a checker says so, and of one whose findings may be taken back: by what."""
    assert sorted([*FINAL, *PROVISIONAL]) == sorted(checker.name for checker in CHECKERS)
    assert all(PROVISIONAL.values())


@pytest.mark.parametrize("canary", FOR_GOOD, ids=lambda canary: canary.name)
def test_a_canary_that_was_named_stays_named(canary: Canary) -> None:
    """From the quiet moment after it on to the end; and it is named before the end."""
    ops, contract = canary.ops(), canary.contract
    prefixes = list(quiet_prefixes(ops))
    some = prefixes[:: len(prefixes) // SOME]
    told = [accused(prefix, contract) for prefix in [*some, prefixes[-1]]]
    assert any(canary.anomaly == name for said in told for name, _ in said)
    known: set[tuple[str, str | None]] = set()
    for said in [*told, accused(ops, contract)]:
        assert known <= said
        known = said


@MODEST
@given(
    story=outspoken_histories(),
    mutator=st.sampled_from(SPOILERS),
    data=st.data(),
)
def test_what_was_found_is_found_for_ever(
    story: tuple[list[Op], Contract], mutator: Mutator, data: st.DataObject
) -> None:
    """Whatever the engine goes on to do."""
    ops, contract = story
    contract = dataclasses.replace(contract, **mutator.terms)
    spoiled = mutator.mutate(ops, lambda options: data.draw(st.sampled_from(options)))
    prefixes = list(quiet_prefixes(spoiled))
    assume(prefixes)
    said = accused(data.draw(st.sampled_from(prefixes)), contract)
    event("something was found by then" if said else "nothing was found by then")
    assert said <= accused(spoiled, contract)


def overdue(*, told_at: int) -> Tape:
    """A lease that was never renewed runs out, and its row is started again at 9 s."""
    tape = Tape(OUTSPOKEN)
    errand = Errand(tape=tape, key="late", owner=910)
    errand.ask(1_000)
    errand.claim(1_030)
    tape.say(told_at, "harness", "ok", "census")
    errand.claim(9_000)
    errand.succeed(9_050)
    return tape


def test_the_end_of_a_history_that_is_not_quiet_proves_nothing() -> None:
    """A death that is told later, and a fault that lands later, would have been an excuse."""
    plain, dead, struck = (overdue(told_at=12_000) for _ in range(3))
    dead.say(12_000, "harness", "ok", "death", value={"pid": 1002})
    struck.say(2_000, "fault-1", "invoke", "pause", value={"disturbs": "processes"})
    struck.say(12_000, "fault-1", "ok", "pause", value={"pids": [910]})
    for tape, is_told in ((plain, True), (dead, False), (struck, False)):
        ops = [op for op in tape.ops() if op.process != "final-read"]
        too_soon = [op for op in ops if op.time < ops[-1].time]
        assert RESTARTED in accused(too_soon, CONTRACT)
        quiet = [accused(prefix, CONTRACT) for prefix in quiet_prefixes(ops)]
        assert any(RESTARTED in said for said in quiet) is is_told
        assert (RESTARTED in accused(ops, CONTRACT)) is is_told
