"""The checker ``unnoticed-death``."""

from __future__ import annotations

import pytest

from chaos.checkers import CHECKERS
from chaos.tests.judging import CONTRACT, assert_valid, check, only_anomaly
from chaos.tests.script import Script, good_run, killed_run
from reports.schema import Verdict

NAME = "unnoticed-death"


def killed(at: float = 2.5, *, until: float = 7.0, seen: float | None = 0.01) -> Script:
    """A task that 900 claimed at 2 s, and whose body 800 was killed."""
    script = Script().enqueue(1.0).claim(2.0, until=until).start(2.1)
    return script.kill(at, seen=seen)


def forgotten() -> Script:
    """The same, and nobody took the task back before the lease ran out at 7 s."""
    return killed().release(7.1, token=1, attempts=1).read()


def assert_says_nothing(script: Script) -> None:
    """Assert that the checker found no opportunity."""
    result = check(NAME, script)
    assert (result.verdict, result.exercised) == (Verdict.UNKNOWN, 0), result
    assert "crashed" not in result.note


def test_a_death_after_which_the_claim_is_given_back_is_noticed() -> None:
    """Whatever becomes of the task."""
    assert_valid(NAME, killed_run())
    assert_valid(NAME, killed().audit(3.0, "dead-letter", token=1).read())
    assert_valid(NAME, killed().audit(3.0, "deleted").read())


def test_a_lease_that_runs_out_after_a_death_shows_that_nobody_noticed() -> None:
    """The proof names who died, who held the claim, and both times."""
    anomaly = only_anomaly(NAME, forgotten())
    assert anomaly.task == "order-1"
    assert anomaly.proof == (
        "body-800, which ran order-1, was seen dead at 2.51 s, but host:900 with token 1, which"
        " held the claim and lived on, did not end the claim before its lease ran out at 7.00 s"
    )


def test_a_claim_that_nobody_ever_ended_is_judged_by_its_lease_too() -> None:
    """There may be no reaper, and the claim no token."""
    only_anomaly(NAME, killed().read())
    script = Script().enqueue(1.0).claim(2.0, token=None, attempts=1).start(2.1, number=None)
    assert "but host:900, which held" in only_anomaly(NAME, script.kill(2.5).read()).proof


def test_an_end_in_the_moment_of_the_lease_is_the_reapers() -> None:
    """Its clock may show a millisecond less."""
    for released_at, is_legal in ((6.9995, False), (6.998, True)):
        script = killed().release(released_at, token=1, attempts=1).read()
        (assert_valid if is_legal else only_anomaly)(NAME, script)


def test_a_death_late_in_a_lease_leaves_no_time_to_notice() -> None:
    """Half of the lease is time enough; nobody is accused of less, or of a death after it."""
    only_anomaly(NAME, killed(4.49, seen=0.01).read())
    assert_valid(NAME, killed(4.49, seen=0.02).read())
    assert_valid(NAME, killed(7.5).read())


def test_half_of_a_renewed_lease_is_half_of_its_first_length() -> None:
    """However long the claim has been held."""
    script = Script().enqueue(1.0).claim(2.0).start(2.1).heartbeat(6.0, 1, 11.0)
    only_anomaly(NAME, script.kill(8.0).read())
    script = Script().enqueue(1.0).claim(2.0).start(2.1).heartbeat(6.0, 1, 11.0)
    assert_valid(NAME, script.kill(8.6).read())


@pytest.mark.parametrize("at", [2.2, 2.5, 6.9, 7.04])
def test_a_holder_that_may_have_died_before_the_lease_ended_is_not_accused(at: float) -> None:
    """It died with its body, or before it could write."""
    assert_says_nothing(forgotten().kill(at, pid=900, in_body=False))
    assert_says_nothing(forgotten().kill(at, pid=900, seen=None, in_body=False))


@pytest.mark.parametrize("at", [1.9, 7.06])
def test_a_holder_that_died_at_another_time_is_no_excuse(at: float) -> None:
    """Before the claim it was another process, and after the lease it was too late."""
    only_anomaly(NAME, forgotten().kill(at, pid=900, in_body=False))


def test_a_holder_that_died_after_it_had_given_the_claim_back_was_put_to_the_test() -> None:
    """It had noticed."""
    assert_valid(NAME, killed_run().exit(5.0, pid=900, status=-9))


def test_a_record_that_ends_before_the_lease_proves_nothing() -> None:
    """The claim might still have been ended."""
    assert_says_nothing(killed().read(7.04))
    only_anomaly(NAME, killed().read(7.06))


def test_a_worker_that_runs_its_bodies_itself_has_nobody_to_notice() -> None:
    """So has one whose name tells no pid, and one whose claims have no end."""
    for owner in ("host:800", "somebody"):
        script = Script().enqueue(1.0).claim(2.0, owner=owner).start(2.1).kill(2.5)
        assert_says_nothing(script.read())
    script = Script().enqueue(1.0).audit(2.0, "claim", token=1, owner="host:900").start(2.1)
    assert_says_nothing(script.kill(2.5).heartbeat(3.0, 1, 8.0).read())


def test_an_attempt_whose_claim_nobody_knows_is_not_judged() -> None:
    """It was told no token, and the row had been claimed twice by then; or its token is unknown."""
    script = Script().enqueue(1.0).claim(1.5, token=1).release(1.6, token=1, attempts=0)
    assert_says_nothing(script.claim(2.0, token=2).start(2.1, number=None).kill(2.5).read())
    assert_says_nothing(Script().enqueue(1.0).claim(2.0).start(2.1, token=7).kill(2.5).read())


def test_only_attempts_that_were_killed_count() -> None:
    """Not those that returned, raised, or whose process nobody saw dead."""
    assert_says_nothing(good_run())
    assert_says_nothing(good_run().kill(2.35, in_body=False))
    assert_says_nothing(killed(seen=None).read())


def renewed(*beats: float, ended: float | None = None) -> Script:
    """A task whose body was seen dead at 2.51 s, and whose lease of 5 s was renewed later."""
    script = killed()
    for beat in beats:
        script.heartbeat(beat, 1, beat + 5.0)
    return script if ended is None else script.release(ended, token=1, attempts=1)


def test_a_lease_that_is_renewed_for_a_dead_body_shows_that_nobody_noticed() -> None:
    """One full lease after the death was seen, also if the claim was ended at last."""
    proof = only_anomaly(NAME, renewed(4.0, 6.0, 7.6, 9.0, ended=9.5).read()).proof
    assert proof.endswith("lived on, still renewed its lease at 7.60 s")
    assert_valid(NAME, renewed(4.0, 6.0, 7.55, ended=9.0).read())


def test_who_renews_twice_for_the_dead_and_never_ends_the_claim_has_not_noticed() -> None:
    """The lease runs on at the final read; one renewal may have crossed the death."""
    proof = only_anomaly(NAME, renewed(4.0, 5.0).read(6.0)).proof
    assert "still renewed its lease at 5.00 s" in proof
    assert_says_nothing(renewed(4.0).read(6.0))
    assert_says_nothing(renewed(2.2, 4.0).read(6.0))
    assert_says_nothing(renewed(4.0, 5.0).exit(6.0, pid=777))


def test_a_holder_that_may_have_been_dead_did_not_renew_a_lease() -> None:
    """Somebody else did, or the clocks are off."""
    script = renewed(4.0, 5.0, 6.0, 7.6, ended=9.0).kill(3.0, pid=900, in_body=False)
    assert_says_nothing(script.read())


def test_a_renewal_after_the_end_of_a_claim_is_none() -> None:
    """It says nothing of who held the claim."""
    assert_valid(NAME, renewed(ended=3.0).heartbeat(9.0, 1, 14.0).read())


def test_a_run_without_that_fault_does_not_put_it_to_the_test() -> None:
    """All holders died, or nobody did: the other checks decide."""
    whole = forgotten().kill(2.4, pid=900, in_body=False)
    for script in (good_run(), whole):
        assert check(NAME, script).exercised == 0
    assert check(NAME, forgotten()).exercised == 1


def test_a_contract_without_leases_does_not_promise_it() -> None:
    """Nothing else could tell how long is too long."""
    (checker,) = (checker for checker in CHECKERS if checker.name == NAME)
    assert checker.can_be_seen(CONTRACT)
    assert not checker.can_be_seen(type(CONTRACT)(max_attempts=3, recovery_seconds=5, leases=False))


def test_a_body_of_an_unknown_claim_hides_none_that_was_forgotten() -> None:
    """Each is judged by itself."""
    script = Script().call(0.1, "order-0").answer(0.2, "order-0", row=5)
    script.start(0.3, 850, task="order-0", row=5).kill(0.4, pid=850)
    script.ops += forgotten().ops
    assert only_anomaly(NAME, script).task == "order-1"


def test_each_death_that_was_looked_at_counts_once() -> None:
    """Found or not."""
    assert check(NAME, forgotten()).exercised == 1
    both = killed_run().without(lambda op: op.process == "final-read")
    both.enqueue(1.0, "order-2", 2).claim(2.0, task="order-2", row=2)
    both.start(2.1, 850, task="order-2").kill(2.5, pid=850).audit(3.0, "deleted", "order-2", 2)
    assert check(NAME, both.read()).exercised == 2


def test_an_attempt_that_raised_hides_none_that_was_forgotten_after_it() -> None:
    """They are of one task."""
    script = Script().enqueue(1.0).claim(1.1).start(1.2, 850).end(1.3, 850, "fail")
    script.release(1.4, token=1, attempts=1).claim(2.0, token=2).start(2.1, number=2).kill(2.5)
    only_anomaly(NAME, script.release(7.1, token=2, attempts=2).read())
