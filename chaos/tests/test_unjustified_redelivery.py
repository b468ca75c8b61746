"""The checker ``unjustified-redelivery``."""

from __future__ import annotations

import pytest

from chaos.tests.judging import assert_valid, check, only_anomaly
from chaos.tests.script import Script, good_run, killed_run
from reports.schema import Verdict

NAME = "unjustified-redelivery"


def begun(*, until: float = 7.0) -> Script:
    """A task that was claimed by 900 at 2 s, and started by 800 at 2.1 s."""
    return Script().enqueue(1.0).claim(2.0, until=until).start(2.1)


def again(script: Script, at: float = 8.0) -> Script:
    """The task is claimed by 901 and started by 801, a tenth of a second later."""
    return script.claim(at, token=2, owner="host:901").start(at + 0.1, pid=801, number=2)


def test_a_single_start_needs_no_reason_and_proves_nothing() -> None:
    """The check has to see a second one."""
    result = check(NAME, good_run())
    assert result.verdict == Verdict.UNKNOWN
    assert "no second starts" in result.note


def test_each_row_has_its_own_starts() -> None:
    """A task that was enqueued again after it was done is not started again."""
    script = good_run().enqueue(3.0, row=2).claim(3.5, row=2).body(4.0, pid=801, row=2)
    assert check(NAME, script).exercised == 0


def test_an_attempt_that_raised_is_a_reason() -> None:
    """Also in the very moment of the other start."""
    assert_valid(NAME, again(begun().end(2.5, type_="fail")))
    assert_valid(NAME, again(begun().end(8.1, type_="fail")))


def test_an_attempt_that_raised_too_late_is_no_reason() -> None:
    """It still ran when the task was started again."""
    proof = only_anomaly(NAME, again(begun()).end(8.2, type_="fail")).proof
    assert "had not ended" in proof


def test_an_attempt_that_returned_is_no_reason() -> None:
    """The proof names both starts, and how they can be found."""
    proof = only_anomaly(NAME, again(begun().end(2.5))).proof
    assert "row 1 of order-1 was started at 8.10 s in body-801 under token 2" in proof
    assert "its start at 2.10 s in body-800 under token 1 had ended ok" in proof


def test_an_attempt_that_still_runs_is_no_reason() -> None:
    """Whether it ends later, or never."""
    assert "had not ended" in only_anomaly(NAME, again(begun())).proof
    assert "had not ended" in only_anomaly(NAME, again(begun()).end(9.0)).proof


def test_the_death_of_the_process_is_a_reason() -> None:
    """In the body, or between its end and the finish."""
    assert_valid(NAME, killed_run())
    assert_valid(NAME, again(begun().end(2.5).kill(2.6, in_body=False)))


def test_a_death_that_may_have_come_before_the_restart_is_a_reason() -> None:
    """The kill was sent, and nobody had seen it land, or ever did."""
    assert_valid(NAME, again(begun().kill(8.0, seen=5.0)))
    assert_valid(NAME, again(begun().kill(8.0, seen=None)))


@pytest.mark.parametrize("killed_at", [2.05, 8.15])
def test_the_death_of_another_time_is_no_reason(killed_at: float) -> None:
    """Before the first start it was another process's, and after the second it came too late."""
    only_anomaly(NAME, again(begun()).kill(killed_at, seen=0.01))


def test_the_death_of_another_process_is_no_reason() -> None:
    """Not even that of the holder of the next claim."""
    only_anomaly(NAME, again(begun()).kill(8.05, pid=901).kill(5.0, pid=777))


def test_the_death_of_the_holder_of_the_claim_is_a_reason() -> None:
    """While the body ran on, or after it had returned."""
    assert_valid(NAME, again(begun().kill(3.0, pid=900, in_body=False)))
    assert_valid(NAME, again(begun().end(2.5).exit(3.0, status=1)))


def test_a_body_may_begin_after_the_death_of_who_ordered_it() -> None:
    """The claim died with its holder, seen dead before the body began."""
    script = Script().enqueue(1.0).claim(2.0).kill(2.01, pid=900, in_body=False).start(2.1)
    assert_valid(NAME, again(script))


def test_a_holder_that_had_died_before_its_claim_was_another_process() -> None:
    """Up to the 50 ms by which the audit's times are off."""
    for seen_at, is_legal in ((1.95, True), (1.94, False)):
        script = begun().kill(seen_at, pid=900, seen=0.0, in_body=False)
        (assert_valid if is_legal else only_anomaly)(NAME, again(script))


def test_a_lease_that_was_renewed_and_ran_out_is_a_reason() -> None:
    """Whether somebody takes it back first, or the next one claims over it."""
    assert_valid(NAME, again(begun().heartbeat(2.5, 1, 7.5)))
    assert_valid(NAME, again(begun().heartbeat(2.5, 1, 7.5).release(7.6, token=1, attempts=1)))


def test_a_body_may_begin_after_its_lease_ran_out() -> None:
    """It had been claimed early and renewed while it waited for its process."""
    script = Script().enqueue(1.0).claim(2.0).heartbeat(2.5, 1, 7.5).start(7.6)
    assert_valid(NAME, again(script))


def test_a_lease_that_ran_out_and_was_never_renewed_is_no_reason() -> None:
    """To renew it was the engine's job."""
    only_anomaly(NAME, again(begun()))
    only_anomaly(NAME, again(begun().release(7.0, token=1, attempts=1)))


def test_a_heartbeat_of_another_claim_renews_nothing() -> None:
    """Each lease is its own."""
    only_anomaly(NAME, again(begun().heartbeat(2.5, 2, 7.5)))


def test_a_lease_that_had_not_run_out_is_no_reason() -> None:
    """Renewed, released and started again all the same; a tick of the clock does not decide."""
    for released_at, is_legal in ((7.4995, True), (7.498, False)):
        script = begun().heartbeat(2.5, 1, 7.5).release(released_at, token=1, attempts=1)
        (assert_valid if is_legal else only_anomaly)(NAME, again(script))


def test_a_lease_that_ran_on_when_the_task_was_started_again_is_no_reason() -> None:
    """Up to the 50 ms by which the audit's times are off."""
    for until, is_legal in ((8.15, True), (8.16, False)):
        script = again(begun().heartbeat(2.5, 1, until))
        (assert_valid if is_legal else only_anomaly)(NAME, script)


def test_a_lease_without_end_never_runs_out() -> None:
    """Whatever was renewed."""
    script = Script().enqueue(1.0).audit(2.0, "claim", token=1, owner="host:900").start(2.1)
    only_anomaly(NAME, again(script.audit(2.5, "heartbeat", token=1)))


def silent(claims: int = 1) -> Script:
    """Bodies that are told no token: one start after so many claims, by 900, 901 and so on."""
    script = Script().enqueue(1.0)
    for number in range(1, claims + 1):
        script.claim(number * 1.0, token=number, owner=f"host:{899 + number}", until=5.0)
        script.heartbeat(number + 0.5, number, 5.0)
    return script.start(claims + 0.6, number=None)


def test_a_body_that_was_told_no_token_ran_under_the_claim_before() -> None:
    """Its lease, and its holder's death, count as if the body had named it."""
    assert_valid(NAME, silent().start(6.0, pid=801, number=None))
    only_anomaly(NAME, silent().start(4.0, pid=801, number=None))
    killed = silent().kill(1.55, pid=900, seen=0.01, in_body=False)
    assert_valid(NAME, killed.start(4.0, pid=801, number=None))
    assert (
        "in body-801 although its start"
        in only_anomaly(NAME, silent().start(4.0, pid=801, number=None)).proof
    )


def test_it_hardly_ran_under_a_claim_that_another_one_had_replaced() -> None:
    """What ended that one before the body began is no reason; a death after it may be one."""
    for killed_at, is_legal in ((2.55, False), (2.65, True)):
        script = silent(claims=2).kill(killed_at, pid=900, seen=0.01, in_body=False)
        script.start(4.0, pid=801, number=None)
        (assert_valid if is_legal else only_anomaly)(NAME, script)


def test_a_lease_that_had_run_out_before_the_claim_was_replaced_is_no_reason() -> None:
    """It was the reason for the claim before, not for this one."""
    script = Script().enqueue(1.0).claim(1.0, until=2.0).heartbeat(1.5, 1, 3.0)
    script.claim(4.0, token=2, until=90.0).start(4.1, number=None)
    only_anomaly(NAME, script.start(6.0, pid=801, number=None))


def test_bodies_that_were_told_no_row_may_have_run_two() -> None:
    """Nobody knows whether the call that never returned made a row: nobody is accused."""
    script = Script().call(1.0).answer(1.1).body(2.0, row=None).body(3.0, pid=801, row=None)
    only_anomaly(NAME, script)
    assert check(NAME, script.call(1.2)).verdict == Verdict.UNKNOWN


def test_every_start_is_compared_with_the_one_before() -> None:
    """A death justifies one restart, not two."""
    script = killed_run().claim(3.0, token=3).start(3.1, pid=802, number=3)
    proof = only_anomaly(NAME, script).proof
    assert check(NAME, script).exercised == 2
    assert "at 3.10 s in body-802" in proof
    assert "at 2.60 s in body-801" in proof


def test_every_contract_forbids_it() -> None:
    """Also one without leases, and one that lets no effect happen twice."""
    script = again(begun().end(2.5))
    only_anomaly(NAME, script, leases=False, counts_attempts=False, deduplicates=False)
    only_anomaly(NAME, script, delivery="effectively-once")
    assert_valid(NAME, killed_run(), delivery="effectively-once")
