"""The checkers ``attempt-overrun`` and ``uncounted-attempt``."""

from __future__ import annotations

from chaos.tests.judging import assert_valid, check, only_anomaly
from chaos.tests.script import Script, good_run, killed_run
from reports.schema import Verdict


def started(times: int, max_attempts: int | None = None) -> Script:
    """A row that was started so often."""
    script = Script().enqueue(1.0, max_attempts=max_attempts)
    for number in range(1, times + 1):
        script.claim(number * 2.0, token=number)
        script.start(number * 2.0 + 0.1, pid=800 + number, number=number)
        script.kill(number * 2.0 + 0.5, pid=800 + number)
    return script


def test_as_many_starts_as_allowed_are_right() -> None:
    """The contract's maximum, or the row's own."""
    assert_valid("attempt-overrun", started(3))
    assert_valid("attempt-overrun", started(5, max_attempts=5))


def test_a_start_more_than_the_contract_allows_is_an_overrun() -> None:
    """The proof names the first start too many."""
    proof = only_anomaly("attempt-overrun", started(5)).proof
    assert "row 1 was started 5 times and may start 3 times" in proof
    assert "start 4 began at 8.10 s in body-804" in proof


def test_a_rows_own_maximum_comes_first() -> None:
    """Also if it is smaller than the contract's."""
    assert "may start 1 times" in only_anomaly("attempt-overrun", started(2, max_attempts=1)).proof


def test_each_row_has_its_own_attempts() -> None:
    """A task that was enqueued twice may start twice as often."""
    script = Script().enqueue(1.0).enqueue(2.0, row=2)
    for row in (1, 2):
        for number in (1, 2):
            script.body(10.0 * row + number, pid=800 + number, number=number, row=row)
    assert_valid("attempt-overrun", script, max_attempts=2)


def test_bodies_that_are_told_no_row_ran_the_only_one() -> None:
    """Of two rows nobody knows which, so neither is accused."""
    script = Script().enqueue(1.0).body(2.0, row=None).body(3.0, row=None)
    only_anomaly("attempt-overrun", script, max_attempts=1)
    result = check("attempt-overrun", script.enqueue(4.0, row=2), max_attempts=1)
    assert result.verdict == Verdict.UNKNOWN


def test_a_row_without_an_audit_has_the_contracts_maximum() -> None:
    """Nobody told another one."""
    script = Script().call(1.0).answer(1.1)
    assert_valid("attempt-overrun", script.body(2.0), max_attempts=1)
    only_anomaly("attempt-overrun", script.body(3.0, number=2), max_attempts=1)


def test_every_start_that_was_charged_is_counted() -> None:
    """Killed ones too."""
    assert_valid("uncounted-attempt", good_run())
    assert_valid("uncounted-attempt", killed_run())


def test_starts_that_nobody_charged_are_uncounted() -> None:
    """A task that kills its worker would do so for ever."""
    script = Script().enqueue(1.0).claim(2.0, attempts=0).start(2.1, number=None, token=1)
    script.kill(2.3).release(2.5, token=1, attempts=0)
    script.claim(3.0, token=2, attempts=0).start(3.1, pid=801, number=None, token=2)
    proof = only_anomaly("uncounted-attempt", script.kill(3.3, pid=801)).proof
    assert "row 1 was started 2 times, the last time at 3.10 s in body-801" in proof
    assert "recorded 0 attempts" in proof


def test_one_start_too_few_is_uncounted() -> None:
    """Two starts, one charge."""
    script = killed_run().without(lambda op: op.f in {"claim", "release", "finish", "row"})
    script.audit(90.0, "finish", token=2, attempts=1)
    assert only_anomaly("uncounted-attempt", script).proof.endswith("recorded 1 attempt")


def test_any_record_of_the_charge_will_do() -> None:
    """The claim, the last op of the audit, the final row, or one that may be the row's."""
    two = Script().enqueue(1.0).body(2.0).body(3.0, pid=801, number=2)
    only_anomaly("uncounted-attempt", two.final(60.0, "completed", attempts=1))
    assert_valid("uncounted-attempt", two.final(60.0, "completed", attempts=2))
    for word in ("release", "finish", "dead-letter"):
        two = Script().enqueue(1.0).body(2.0).body(3.0, pid=801, number=2)
        assert_valid("uncounted-attempt", two.audit(4.0, word, attempts=2))
    two = Script().enqueue(1.0).body(2.0).body(3.0, pid=801, number=2)
    assert_valid("uncounted-attempt", two.audit(4.0, "claim", attempt=2))
    two = Script().enqueue(1.0).enqueue(1.5, row=2).body(2.0).body(3.0, pid=801, number=2)
    assert_valid("uncounted-attempt", two.audit(4.0, "finish", row=None, attempts=2))


def test_only_the_last_record_of_the_audit_counts() -> None:
    """A charge that was taken back is no charge."""
    script = Script().enqueue(1.0).body(2.0).body(3.0, pid=801, number=2)
    script.audit(4.0, "release", attempts=2).audit(5.0, "release", attempts=1)
    only_anomaly("uncounted-attempt", script)


def test_a_subject_that_records_nothing_is_not_accused() -> None:
    """Nothing recorded is not zero recorded."""
    assert_valid("uncounted-attempt", Script().enqueue(1.0).body(2.0))


def test_a_last_start_that_is_still_open_may_be_charged_at_its_end() -> None:
    """But one that another start followed was ended by the engine, and not charged."""
    script = Script().enqueue(1.0).claim(2.0, token=1, attempts=0).start(2.1, number=None, token=1)
    assert_valid("uncounted-attempt", script)
    script.claim(9.0, token=2, attempts=0).start(9.1, pid=801, number=None, token=2)
    proof = only_anomaly("uncounted-attempt", script).proof
    assert "row 1 was started once, at 2.10 s in body-800" in proof


def test_a_body_that_is_told_a_used_number_was_not_counted() -> None:
    """Numbers must grow; equal ones and smaller ones are anomalies."""
    for number in (2, 1):
        script = Script().enqueue(1.0).audit(1.5, "claim", attempt=9)
        script.body(2.0, number=2).body(3.0, pid=801, number=number)
        proof = only_anomaly("uncounted-attempt", script).proof
        assert "as attempt 2 at 2.00 s in body-800" in proof
        assert f"as attempt {number} at 3.00 s in body-801" in proof


def test_starts_at_the_same_time_are_ordered_by_their_numbers() -> None:
    """A tie of the clock accuses nobody."""
    script = Script().enqueue(1.0).audit(1.5, "claim", attempt=9)
    script.body(2.0, number=2).body(2.0, pid=801, number=1)
    assert_valid("uncounted-attempt", script)


def test_rows_that_never_started_put_nothing_to_the_test() -> None:
    """Both checks say so."""
    for name in ("attempt-overrun", "uncounted-attempt"):
        result = check(name, Script().enqueue(1.0))
        assert result.verdict == Verdict.UNKNOWN
        assert "no rows that were started" in result.note


def test_the_final_row_of_another_row_of_the_task_records_nothing_for_this_one() -> None:
    """Each row has its own number."""
    script = Script().enqueue(1.0).enqueue(1.5, row=2).claim(2.0, attempts=1).body(2.1)
    script.claim(3.0, token=2, attempts=1).body(3.1, pid=801, number=2)
    script.final(60.0, "completed", row=1, attempts=1).final(60.0, "completed", row=2, attempts=2)
    assert only_anomaly("uncounted-attempt", script.read()).task == "order-1"
