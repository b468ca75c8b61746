"""The checker ``premature``."""

from __future__ import annotations

from typing import Any

from chaos.tests.judging import assert_valid, check, only_anomaly
from chaos.tests.script import Script
from reports.schema import Verdict

NAME = "premature"


def delayed() -> Script:
    """A row that is created at 1.01 s and due at 5 s."""
    return Script().enqueue(1.0, due=5.0)


def test_a_claim_when_the_row_is_due_is_right() -> None:
    """In the very moment, and a tick before it on a clock of milliseconds."""
    for at in (5.0, 4.9995, 30.0):
        assert_valid(NAME, delayed().claim(at))


def test_a_claim_before_the_row_is_due_is_premature() -> None:
    """The proof names the claim and the time it had to wait for."""
    proof = only_anomaly(NAME, delayed().claim(4.0, token=6, owner="host:812")).proof
    assert "claimed at 4.00 s with token 6 by host:812" in proof
    assert "not due before 5.00 s" in proof


def test_two_ticks_are_more_than_the_clocks_slack() -> None:
    """The tolerance is one millisecond."""
    only_anomaly(NAME, delayed().claim(4.998))


def test_a_retry_before_its_backoff_is_over_is_premature() -> None:
    """The release moved the due time."""
    script = delayed().claim(6.0).release(7.0, token=1, attempts=1, due=9.0)
    only_anomaly(NAME, script.claim(8.0, token=2))


def test_a_retry_after_its_backoff_is_right() -> None:
    """The first due time is history."""
    script = delayed().claim(6.0).release(7.0, token=1, attempts=1, due=9.0)
    assert_valid(NAME, script.claim(9.0, token=2))


def test_a_due_time_that_somebody_moved_accuses_nobody() -> None:
    """The claim says that it was due earlier, or the creation does."""
    assert_valid(NAME, delayed().claim(4.0, due=3.0))
    assert_valid(NAME, delayed().claim(6.0, due=9.0))


def test_the_due_time_of_the_claim_serves_where_the_creation_has_none() -> None:
    """It is the row's."""
    only_anomaly(NAME, Script().call(1.0).answer(1.1).claim(4.0, due=5.0))


def test_claims_without_any_due_time_or_clock_are_not_judged() -> None:
    """Nothing is known of them."""
    script = delayed().claim(6.0).audit(7.0, "claim", row=2)
    script.say(2.0, "audit", "ok", "claim", value={"row": 1, "sequence": 90})
    assert_valid(NAME, script)


def asked(run_at: float, **told: Any) -> Script:
    """A row that was called for at 1 s, made at 2 s, due at ``run_at``, and claimed then."""
    script = Script().call(1.0, **told).created(2.0, due=run_at).answer(2.1)
    return script.claim(max(run_at, 2.2))


def test_a_delay_counts_from_the_call_by_the_databases_clock() -> None:
    """From the call at the earliest: up to 50 ms are the clocks'."""
    for run_at in (4.0, 3.96, 5.0, 70.0):
        assert_valid(NAME, asked(run_at, delay_seconds=3.0))
    proof = only_anomaly(NAME, asked(3.9, delay_seconds=3.0)).proof
    assert proof == (
        "row 1 was created at 2.00 s to be due at 3.90 s, and no call that may have made it asked"
        " for so early a time"
    )


def test_a_time_of_day_is_what_it_is() -> None:
    """Whatever the producer's clock says now: it asked for that time."""
    assert_valid(NAME, asked(4.0, due_at=1004.0, delay_seconds=0.0))
    only_anomaly(NAME, asked(3.9, due_at=1004.0))
    assert_valid(NAME, asked(3.0, due_at=1001.0, delay_seconds=3.0))


def test_any_call_that_may_have_made_the_row_speaks_for_it() -> None:
    """One that nobody knows the end of may have; one that was told of a duplicate has not."""
    early = asked(3.0, delay_seconds=3.0)
    assert_valid(NAME, early.call(1.5, delay_seconds=1.0))
    twice = asked(3.0, delay_seconds=3.0).call(2.15).answer(2.18, duplicate=True)
    only_anomaly(NAME, twice)


def test_a_release_may_set_an_earlier_time() -> None:
    """Only the creation answers the call."""
    script = asked(4.0, delay_seconds=3.0).release(4.1, token=1, attempts=1, due=4.1)
    assert_valid(NAME, script.claim(4.2, token=2))


def test_a_row_that_is_due_at_once_puts_nothing_to_the_test() -> None:
    """A delay of 50 ms is none, one of 60 ms is one; without a creation nobody knows."""
    for script in (
        Script().enqueue(1.0, due=1.06).claim(2.0),
        Script().call(1.0).answer(1.1).claim(6.0, due=5.0),
    ):
        assert check(NAME, script).verdict == Verdict.UNKNOWN
    assert_valid(NAME, Script().enqueue(1.0, due=1.07).claim(2.0))


def test_a_delay_of_less_than_a_second_is_one() -> None:
    """And no delay at all is none, however early the row is due."""
    assert check(NAME, asked(0.5, delay_seconds=0.0)).count == 0
    anomaly = only_anomaly(NAME, asked(1.3, delay_seconds=0.5))
    assert anomaly.task == "order-1"


def test_a_row_whose_task_nobody_knows_answers_no_call() -> None:
    """It is judged by its own time."""
    script = Script().audit(1.0, "created", None, run_at=1005.0)
    assert_valid(NAME, script.audit(6.0, "claim", None, token=1, run_at=1005.0))
