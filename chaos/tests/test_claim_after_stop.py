"""The checker ``claim-after-stop``."""

from __future__ import annotations

import pytest

from chaos.tests.judging import assert_valid, check, only_anomaly
from chaos.tests.script import Script
from reports.schema import Verdict

NAME = "claim-after-stop"
STOP = 5.0


def stopped(*, exits: float | None = 4.0, status: int = 0) -> Script:
    """Worker 900 finished a task, was told to stop at 3 s, and ended."""
    script = Script().enqueue(1.0).done(2.0).stop(3.0)
    return script if exits is None else script.exit(exits, status=status)


def speaking(script: Script, end: float) -> Script:
    """Somebody speaks every second."""
    for at in range(4, int(end)):
        script.census(at + 0.5)
    return script.read(end)


def test_a_worker_that_finishes_or_releases_what_it_holds_and_ends_is_right() -> None:
    """In the time that the contract gives it."""
    assert_valid(NAME, stopped(), stop_seconds=STOP)
    released = Script().enqueue(1.0).claim(2.0).stop(3.0).release(3.5, token=1, attempts=0)
    assert_valid(NAME, released.exit(4.0), stop_seconds=STOP)


def test_a_claim_that_crosses_the_stop_is_right() -> None:
    """The worker had not read the signal, or the machine was busy."""
    script = stopped(exits=12.5).enqueue(3.0, "order-2", 2)
    script.claim(3.5, task="order-2", row=2).finish(12.0, task="order-2", row=2)
    assert_valid(NAME, script, stop_seconds=STOP)


def test_a_worker_that_goes_on_claiming_is_found() -> None:
    """One claim may have been under way at the stop; the next one was not."""
    script = stopped(exits=4.5).enqueue(2.5, "order-2", 2).enqueue(2.6, "order-3", 3)
    script.done(3.6, "order-2", 2).done(4.0, "order-3", 3)
    proof = only_anomaly(NAME, script, stop_seconds=STOP).proof
    assert proof.endswith("and still claimed row 3 at 4.00 s")


def test_claims_of_the_first_half_second_are_right() -> None:
    """A signal takes its time, and so do rows that are claimed at once."""
    script = stopped(exits=4.5).enqueue(2.5, "order-2", 2).enqueue(2.6, "order-3", 3)
    script.done(3.3, "order-2", 2).done(3.5, "order-3", 3)
    assert_valid(NAME, script, stop_seconds=STOP)


def test_a_worker_that_had_not_claimed_may_have_been_starting() -> None:
    """It hears of the stop when it is up."""
    script = Script().enqueue(1.0).enqueue(1.1, "order-2", 2).stop(3.0).exit(6.0)
    script.done(4.0).done(5.0, "order-2", 2)
    assert_valid(NAME, script, stop_seconds=STOP)


def test_a_claim_long_after_the_stop_shows_that_it_was_lost() -> None:
    """The proof names the row; one finding for the claim, one for the worker that stays."""
    script = speaking(stopped(exits=None).enqueue(3.0, "order-2", 2), 20.0)
    result = check(NAME, script.done(15.0, "order-2", 2), stop_seconds=STOP)
    assert result.verdict == Verdict.INVALID
    assert [anomaly.proof for anomaly in result.anomalies] == [
        "worker 900 was told to stop at 3.00 s, and still claimed row 2 at 15.00 s",
        "worker 900 was told to stop at 3.00 s and did not end, although it ran no body since",
    ]


def test_a_claim_that_a_worker_leaves_behind_is_found() -> None:
    """It ended in order, and the lease had to run out, or nobody ever ended the claim."""
    script = Script().enqueue(1.0).claim(2.0, token=4).stop(3.0).exit(4.0)
    anomaly = only_anomaly(NAME, script, stop_seconds=STOP)
    assert anomaly.task == "order-1"
    assert anomaly.proof == (
        "worker 900 was told to stop at 3.00 s, and ended in order at 4.00 s, but its claim of"
        " row 1 with token 4 was neither finished nor released by then"
    )
    only_anomaly(NAME, script.release(7.1, token=4, attempts=1), stop_seconds=STOP)


def test_a_claim_after_its_own_end_is_somebody_elses() -> None:
    """The clocks are converted: 50 ms are theirs."""
    script = stopped().enqueue(2.0, "order-2", 2)
    proof = only_anomaly(NAME, script.done(4.2, "order-2", 2), stop_seconds=STOP).proof
    assert "and claimed row 2 at 4.20 s, after it had ended at 4.00 s" in proof
    close = stopped(exits=4.5).enqueue(2.0, "order-2", 2).done(4.24, "order-2", 2)
    assert_valid(NAME, close, stop_seconds=STOP)


def test_a_worker_that_was_killed_may_leave_everything_behind() -> None:
    """That is what leases are for."""
    script = Script().enqueue(1.0).claim(2.0).stop(3.0).exit(4.0, status=-9)
    assert_valid(NAME, script, stop_seconds=STOP)


def test_a_worker_that_does_not_end_is_found() -> None:
    """It had to be killed, it ended late, or it is there still."""
    killed = only_anomaly(NAME, stopped(exits=13.5, status=-9), stop_seconds=STOP).proof
    assert killed.endswith("and was killed at 13.50 s only, although it ran no body since")
    late = only_anomaly(NAME, stopped(exits=13.5), stop_seconds=STOP).proof
    assert late.endswith("and ended at 13.50 s only, although it ran no body since")
    only_anomaly(NAME, stopped(exits=None).read(13.5), stop_seconds=STOP)
    assert_valid(NAME, stopped(exits=None).read(12.5), stop_seconds=STOP)


def test_twice_the_time_is_given_from_the_end_of_the_last_body() -> None:
    """A body may take as long as it likes."""
    for exits, is_legal in ((29.0, True), (31.0, False)):
        script = Script().enqueue(1.0).claim(2.0, until=60.0).start(2.1).stop(3.0)
        script.end(20.0).finish(20.1).exit(exits)
        if is_legal:
            assert_valid(NAME, script, stop_seconds=STOP)
        else:
            proof = only_anomaly(NAME, script, stop_seconds=STOP).proof
            assert proof.endswith("although its last body had ended at 20.00 s")
    endless = (
        Script().enqueue(1.0).claim(2.0, until=60.0).start(2.1).stop(3.0).exit(40.0, status=-9)
    )
    assert_valid(NAME, endless, stop_seconds=STOP)


def test_an_exit_that_was_seen_after_another_one_may_be_older() -> None:
    """Who waits for one worker looks at the next one only then."""
    script = stopped(exits=20.0).stop(3.0, pid=901).exit(4.0, pid=901)
    assert_valid(NAME, script, stop_seconds=STOP)
    killed = stopped(exits=20.0, status=-9).stop(3.0, pid=901).exit(4.0, pid=901)
    only_anomaly(NAME, killed, stop_seconds=STOP)


@pytest.mark.parametrize(("disturbs", "pids"), [("database", ()), ("processes", (900,))])
def test_a_worker_that_a_fault_held_up_is_excused(disturbs: str, pids: tuple[int, ...]) -> None:
    """While it was to stop; and its claims, if it struck before."""
    hung = stopped(exits=30.0, status=-9).fault(5.0, "sigstop", disturbs=disturbs, pids=pids)
    assert_valid(NAME, hung, stop_seconds=STOP)
    left = Script().enqueue(1.0).claim(2.0).stop(3.0).exit(4.0)
    left.fault(2.1, "reset", until=2.5, disturbs=disturbs, pids=pids)
    assert_valid(NAME, left, stop_seconds=STOP)


def test_a_contract_that_promises_no_stop_still_shows_what_was_left_behind() -> None:
    """And gives any time."""
    script = Script().enqueue(1.0).claim(2.0).stop(3.0).exit(400.0)
    result = check(NAME, script)
    assert (result.verdict, result.count, result.is_forbidden) == (Verdict.VALID, 1, False)


def test_a_run_in_which_nobody_was_told_to_stop_puts_nothing_to_the_test() -> None:
    """Exits alone say nothing."""
    assert check(NAME, Script().enqueue(1.0).exit(4.0), stop_seconds=STOP).exercised == 0


def test_what_is_told_of_a_stop_are_the_stops_and_the_exits() -> None:
    """A claim brings its row's whole story instead."""
    hung = Script().ready(1.0).done(2.0).stop(5.0).read(90.0)
    anomaly = only_anomaly(NAME, hung, stop_seconds=5.0)
    assert {op.f for op in anomaly.witness} == {"stop"}
    late = Script().ready(1.0).done(2.0).stop(5.0).exit(40.0).read(90.0)
    anomaly = only_anomaly(NAME, late, stop_seconds=5.0)
    assert [op.f for op in anomaly.witness] == ["stop", "exit"]


def test_a_claim_without_a_token_is_told_without_one() -> None:
    """The proof has no hole, and the witness knows its row."""
    script = Script().ready(1.0).claim(2.0, token=None, attempts=1).stop(5.0).exit(6.0).read(20.0)
    script.audit(9.0, "release", token=None, attempts=1, run_at=1009.0)
    anomaly = only_anomaly(NAME, script, stop_seconds=5.0)
    assert "its claim of row 1 was neither" in anomaly.proof
    assert {op.task for op in anomaly.witness} >= {"order-1"}


def test_a_worker_that_never_claimed_may_be_held_up_as_well() -> None:
    """Its pid is known all the same."""
    script = Script().ready(1.0).stop(5.0, pid=905).read(90.0)
    only_anomaly(NAME, script, stop_seconds=5.0)
    script.fault(4.0, "pause", until=80.0, disturbs="processes", pids=(905,))
    assert_valid(NAME, script, stop_seconds=5.0)


def test_the_last_of_all_its_bodies_counts() -> None:
    """Whichever task it was of."""
    script = Script().ready(1.0).ready(1.0, "order-2", 2).claim(2.0, until=90.0)
    script.claim(2.1, task="order-2", row=2, until=90.0).start(2.2).start(
        2.3, 801, task="order-2", row=2
    )
    script.stop(5.0).end(20.0).finish(20.1).end(7.0, 801, task="order-2")
    assert_valid(NAME, script.finish(20.2, task="order-2", row=2).exit(28.0), stop_seconds=5.0)
