"""The checker ``missed-fire``."""

from __future__ import annotations

from chaos.tests.judging import assert_valid, check, only_anomaly
from chaos.tests.script import DATABASE_EPOCH, Script
from reports.schema import Verdict

NAME = "missed-fire"


def chain(
    *runs: tuple[float, float], repeat: float | None = 10.0, until: float | None = None
) -> Script:
    """Runs of slots, each with the time at which it ends; the next row is created there."""
    script = Script()
    told = {} if repeat is None else {"repeat_seconds": repeat}
    script.say(0.5, "producer-10", "invoke", "enqueue", task="order-1", value=told)
    created = 1.0
    for row, (slot, end) in enumerate(runs, start=1):
        due = DATABASE_EPOCH + slot
        last = None if until is None else DATABASE_EPOCH + until
        script.audit(
            created, "created", row=row, run_at=due, slot_at=due, repeats=True, repeat_until=last
        )
        script.done(end - 0.3, row=row)
        created = end
    return script


def goes_on(script: Script, at: float, slot: float) -> Script:
    """The next row of the chain waits."""
    due = DATABASE_EPOCH + slot
    return script.audit(at, "created", row=99, run_at=due, slot_at=due, repeats=True)


def test_a_chain_with_every_slot_and_a_live_row_at_the_end_is_right() -> None:
    """The live row may wait, or run."""
    script = goes_on(chain((5.0, 5.5), (15.0, 15.5)), 15.5, 25.0)
    assert_valid(NAME, script, periodic=True)
    assert_valid(NAME, script.claim(25.0, row=99), periodic=True)


def test_a_chain_that_ends_although_it_should_go_on_is_broken() -> None:
    """The proof names the last row, its slot and its end."""
    anomaly = only_anomaly(NAME, chain((5.0, 5.5), (15.0, 15.5)), periodic=True)
    assert anomaly.task == "order-1"
    assert anomaly.proof == (
        "row 2, made for the slot at 15.00 s, was ended with a finish at 15.50 s, and no row was"
        " made for the slot after it"
    )


def test_a_run_that_failed_for_good_or_left_no_trace_does_not_end_a_chain() -> None:
    """The proof says how it ended."""
    script = Script().audit(1.0, "created", run_at=1005.0, repeats=True).claim(5.0)
    assert "with a dead-letter at 6.00 s" in (
        only_anomaly(NAME, script.audit(6.0, "dead-letter", token=1), periodic=True).proof
    )
    gone = Script().audit(1.0, "created", run_at=1005.0, repeats=True).claim(5.0)
    proof = only_anomaly(NAME, gone.audit(6.0, "deleted"), periodic=True).proof
    assert "was deleted at 6.00 s" in proof


def test_who_deletes_a_row_that_waits_means_to_end_the_chain() -> None:
    """So does a rhythm whose last row says that none follows it."""
    script = goes_on(chain((5.0, 5.5)), 5.5, 15.0).audit(6.0, "deleted", row=99)
    assert_valid(NAME, script, periodic=True)
    due = DATABASE_EPOCH + 15.0
    last = chain((5.0, 5.5)).audit(5.5, "created", row=2, run_at=due, slot_at=due, repeats=False)
    assert_valid(NAME, last.done(15.0, row=2), periodic=True)


def test_a_chain_whose_last_slots_passed_meanwhile_may_end() -> None:
    """The next slot after the end of the late run is later than the chain is to go on."""
    late = chain((5.0, 28.0), until=34.0)
    assert_valid(NAME, late, periodic=True)
    early = chain((5.0, 12.0), until=34.0)
    assert "no row was made" in only_anomaly(NAME, early, periodic=True).proof


def test_slots_that_passed_before_a_run_ended_are_missed_by_policy() -> None:
    """One run stands for them all: no worker was there, or the run took long."""
    assert_valid(NAME, goes_on(chain((5.0, 28.0)), 28.0, 35.0), periodic=True)
    assert_valid(NAME, goes_on(chain((5.0, 25.0)), 25.0, 35.0), periodic=True)


def test_slots_that_are_caught_up_are_right() -> None:
    """Each of them has its row, later than its time."""
    script = goes_on(chain((5.0, 28.0), (15.0, 28.5)), 28.5, 25.0)
    assert_valid(NAME, script, periodic=True)


def test_a_slot_that_had_not_passed_must_not_be_left_out() -> None:
    """The proof names the slot."""
    anomaly = only_anomaly(NAME, goes_on(chain((5.0, 5.5)), 5.5, 25.0), periodic=True)
    assert anomaly.proof == (
        "row 1, made for the slot at 5.00 s, ended at 5.50 s, and the row after it was made for the"
        " slot at 25.00 s, so the one at 15.00 s was left out"
    )


def test_a_rhythm_that_nobody_tells_has_no_slots_to_leave_out() -> None:
    """Nor one that two calls told otherwise, nor that of a row that did not end."""
    assert_valid(NAME, goes_on(chain((5.0, 5.5), repeat=None), 5.5, 99.0), periodic=True)
    two = goes_on(chain((5.0, 5.5)), 5.5, 99.0).say(
        6.0, "producer-11", "invoke", "enqueue", task="order-1", value={"repeat_seconds": 94.0}
    )
    assert_valid(NAME, two, periodic=True)
    alive = Script().audit(1.0, "created", task=None, task_hash="h", run_at=1005.0, repeats=True)
    due = DATABASE_EPOCH + 99.0
    alive.audit(2.0, "created", None, 2, task_hash="h", repeats=True, run_at=due, slot_at=due)
    assert_valid(NAME, alive, periodic=True)


def test_a_contract_without_periodic_tasks_allows_it() -> None:
    """And a run without any puts nothing to the test."""
    result = check(NAME, chain((5.0, 5.5)))
    assert (result.verdict, result.count, result.is_forbidden) == (Verdict.VALID, 1, False)
    assert check(NAME, Script().enqueue(1.0), periodic=True).exercised == 0


def test_a_row_that_did_not_end_hides_no_slot_that_was_left_out_later() -> None:
    """Each pair of rows is judged by itself."""
    script = Script().say(
        0.5, "producer-10", "invoke", "enqueue", task="order-1", value={"repeat_seconds": 10.0}
    )
    for row, (at, slot) in enumerate([(1.0, 5.0), (2.0, 15.0), (15.5, 45.0)], start=1):
        due = DATABASE_EPOCH + slot
        script.audit(at, "created", row=row, run_at=due, slot_at=due, repeats=True)
    script.done(15.1, row=2)
    assert "the one at 35.00 s was left out" in only_anomaly(NAME, script, periodic=True).proof


def test_a_chain_may_end_when_its_next_slot_is_later_than_its_end_by_a_tick() -> None:
    """The last one is the one before; a whole slot more would be too much."""
    assert_valid(NAME, chain((5.0, 5.5), (15.0, 15.5), until=24.9), periodic=True)
    only_anomaly(NAME, chain((5.0, 5.5), (15.0, 15.5), until=25.1), periodic=True)
    only_anomaly(NAME, chain((5.0, 5.5), (15.0, 15.5), until=34.0), periodic=True)


def test_a_task_that_is_given_up_while_it_runs_ends_its_chain_wrongly() -> None:
    """Its dead-letter is the end that counts, and not the deletion after it."""
    script = Script().audit(1.0, "created", run_at=1005.0, repeats=True).claim(5.0)
    script.audit(6.0, "dead-letter", token=1).audit(7.0, "deleted")
    proof = only_anomaly(NAME, script, periodic=True).proof
    assert "was ended with a dead-letter at 6.00 s" in proof


def test_a_successor_within_the_rhythm_of_a_run_that_ended_early_leaves_nothing_out() -> None:
    """A rhythm that was moved by less than half of itself has no slot between."""
    script = goes_on(chain((5.0, 5.5)), 5.5, 19.0)
    assert_valid(NAME, script, periodic=True)
    only_anomaly(NAME, goes_on(chain((5.0, 5.5)), 5.5, 21.0), periodic=True)
    assert_valid(NAME, chain((5.0, 5.5), (15.0, 15.5), until=25.0), periodic=True)
