"""The checker ``double-fire``, and what a chain of runs is."""

from __future__ import annotations

from typing import Any

from chaos.checkers.chains import find_chains
from chaos.history import History
from chaos.tests.judging import assert_valid, check, only_anomaly
from chaos.tests.script import DATABASE_EPOCH, Script
from reports.schema import Verdict

NAME = "double-fire"


def run(at: float, row: int, *, slot: float, task: str | None = "order-1", **told: Any) -> Script:
    """The run of one slot: created, claimed and finished, with no successor yet."""
    return add_run(Script(), at, row, slot=slot, task=task, **told)


def add_run(
    script: Script, at: float, row: int, *, slot: float, task: str | None = "order-1", **told: Any
) -> Script:
    """Add the row of one slot."""
    when = {"run_at": DATABASE_EPOCH + slot, "slot_at": DATABASE_EPOCH + slot}
    return script.audit(at, "created", task, row, **{**when, "repeats": True, **told})


def test_one_row_for_each_slot_is_right() -> None:
    """Wherever the slots lie."""
    script = add_run(add_run(run(1.0, 1, slot=5.0), 5.2, 2, slot=15.0), 15.2, 3, slot=25.0)
    assert_valid(NAME, script, periodic=True)
    assert check(NAME, script, periodic=True).exercised == 3


def test_two_rows_for_one_slot_fire_twice() -> None:
    """The proof names both rows and the slot."""
    script = add_run(add_run(run(1.0, 1, slot=5.0), 5.2, 2, slot=15.0), 15.2, 3, slot=15.0)
    assert only_anomaly(NAME, script, periodic=True).proof == (
        "row 3 was created at 15.20 s for the slot at 15.00 s, for which row 2 had been created at"
        " 5.20 s"
    )


def test_slots_a_tick_apart_are_one() -> None:
    """Databases round."""
    only_anomaly(NAME, add_run(run(1.0, 1, slot=5.0), 2.0, 2, slot=5.0009), periodic=True)
    assert_valid(NAME, add_run(run(1.0, 1, slot=5.0), 2.0, 2, slot=5.01), periodic=True)


def test_the_first_row_of_a_rhythm_has_its_due_time_for_a_slot() -> None:
    """It was made by a call and not for a slot."""
    script = add_run(run(1.0, 1, slot=5.0, slot_at=None), 2.0, 2, slot=5.0)
    only_anomaly(NAME, script, periodic=True)


def test_a_retry_is_the_same_row_and_a_call_by_hand_is_none_of_the_chain() -> None:
    """Neither is a second run of the slot."""
    script = run(1.0, 1, slot=5.0).claim(5.0).release(5.2, token=1, attempts=1, due=5.0)
    assert_valid(NAME, script.ready(5.0, "order-1", 2, due=5.0), periodic=True)


def test_chains_are_told_apart_by_their_hash_or_else_by_their_task() -> None:
    """Two tasks may have equal slots; a cron task has a hash and no key."""
    assert_valid(NAME, add_run(run(1.0, 1, slot=5.0), 2.0, 2, slot=5.0, task="b"), periodic=True)
    hashed = run(1.0, 1, slot=5.0, task=None, task_hash="h")
    only_anomaly(NAME, add_run(hashed, 2.0, 2, slot=5.0, task=None, task_hash="h"), periodic=True)
    nameless = add_run(run(1.0, 1, slot=5.0, task=None), 2.0, 2, slot=5.0, task=None)
    assert find_chains(History(nameless.ops)) == {}


def test_a_contract_without_periodic_tasks_allows_it() -> None:
    """And a run without any puts nothing to the test."""
    result = check(NAME, add_run(run(1.0, 1, slot=5.0), 2.0, 2, slot=5.0))
    assert (result.verdict, result.count, result.is_forbidden) == (Verdict.VALID, 1, False)
    assert check(NAME, Script().enqueue(1.0), periodic=True).exercised == 0


def test_a_row_that_is_none_of_a_chain_hides_none_that_is() -> None:
    """Wherever it stands among them."""
    script = Script().ready(0.5, "order-9", 9)
    add_run(add_run(script, 1.0, 1, slot=5.0), 2.0, 2, slot=5.0)
    only_anomaly(NAME, script, periodic=True)


def test_a_slot_is_not_the_time_at_which_a_row_is_due() -> None:
    """A run may be put off, and is of its slot all the same."""
    late = add_run(run(1.0, 1, slot=5.0), 2.0, 2, slot=5.0, run_at=DATABASE_EPOCH + 9.0)
    assert "for the slot at 5.00 s" in only_anomaly(NAME, late, periodic=True).proof


def test_a_twin_of_another_task_brings_its_own_story() -> None:
    """One hash may have two keys; the witness knows both."""
    script = add_run(
        run(1.0, 1, slot=5.0, task_hash="h"), 2.0, 2, slot=5.0, task="b", task_hash="h"
    )
    anomaly = only_anomaly(NAME, script, periodic=True)
    assert [op.task for op in anomaly.witness] == ["order-1", "b"]
    same = add_run(run(1.0, 1, slot=5.0), 2.0, 2, slot=5.0)
    assert len(only_anomaly(NAME, same, periodic=True).witness) == 2


def test_a_row_is_gone_with_its_deletion_or_else_with_its_end() -> None:
    """Some subjects keep ended rows where they are."""
    for words in (("finish", "deleted"), ("dead-letter", "deleted"), ("finish",), ("dead-letter",)):
        script = run(1.0, 1, slot=5.0).claim(5.0)
        for at, word in enumerate(words, start=6):
            script.audit(at, word, token=1)
        ((link,),) = find_chains(History(script.ops)).values()
        assert link.gone is not None
        assert link.gone.f == words[-1]
