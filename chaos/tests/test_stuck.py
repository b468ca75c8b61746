"""The checker ``stuck``."""

from __future__ import annotations

from chaos.tests.judging import assert_valid, check, only_anomaly
from chaos.tests.script import Script, good_run
from reports.schema import Verdict

NAME = "stuck"


def claimed() -> Script:
    """A row that was claimed by 900 and run by 800 and has no end."""
    return Script().enqueue(1.0).claim(2.0, token=3, owner="host:900").start(2.1, number=1, token=3)


def test_a_completed_row_is_not_stuck() -> None:
    """Nor is a failed one."""
    assert_valid(NAME, good_run())
    assert_valid(NAME, Script().enqueue(1.0).final(60.0, "failed").read())


def test_a_due_row_that_waits_at_the_end_is_stuck() -> None:
    """Everybody had time enough."""
    proof = only_anomaly(NAME, Script().enqueue(1.0).final(60.0, "waiting", due=60.0).read()).proof
    assert "row 1 of order-1 was still waiting at the final read at 60.00 s" in proof


def test_a_row_that_is_not_due_yet_is_not_stuck() -> None:
    """Waiting is what it is for, even if the queue was not drained."""
    script = Script().enqueue(1.0).final(60.0, "waiting", due=60.01).read(drained=False)
    assert_valid(NAME, script)


def test_a_row_without_a_due_time_is_due() -> None:
    """Nothing says that it may wait."""
    value = {"row": 1, "state": "waiting"}
    script = Script().enqueue(1.0)
    script.say(60.0, "final-read", "ok", "row", task="order-1", value=value, database_time=1060.0)
    only_anomaly(NAME, script.read())


def test_a_claim_under_a_live_lease_and_a_live_owner_is_not_stuck() -> None:
    """Somebody works on it."""
    assert_valid(NAME, claimed().final(60.0, "claimed", until=61.0).read())


def test_a_claim_whose_lease_is_over_is_stuck() -> None:
    """Also if it ended in the moment of the read."""
    script = claimed().final(60.0, "claimed", until=60.0).read()
    assert "lease had run out" in only_anomaly(NAME, script).proof


def test_a_claim_whose_owner_is_dead_is_stuck() -> None:
    """The proof names the owner, its token and its death."""
    script = claimed().exit(30.0, pid=900).final(60.0, "claimed", until=61.0).read()
    proof = only_anomaly(NAME, script).proof
    assert "its owner host:900 with token 3 was dead since 30.00 s" in proof


def test_an_owner_that_dies_after_the_final_read_was_alive() -> None:
    """What happens later says nothing about then."""
    assert_valid(NAME, claimed().final(60.0, "claimed", until=61.0).read().exit(60.5))


def test_a_claim_that_outlives_the_deadline_is_stuck() -> None:
    """The run gave it all the time that it had."""
    script = claimed().final(60.0, "claimed", until=61.0).read(drained=False)
    assert "deadline had passed" in only_anomaly(NAME, script).proof


def test_without_leases_the_death_of_the_process_that_ran_it_tells() -> None:
    """A lock without an end, held by a dead process."""
    script = Script().enqueue(1.0).claim(2.0, token=None, owner="900").start(2.1, number=None)
    script.kill(3.0, pid=800).final(60.0, "claimed").read()
    assert "body-800, which ran it, was dead since 3.01 s" in only_anomaly(NAME, script).proof


def test_without_leases_a_dead_owner_tells_too() -> None:
    """The process that locked it may have run nothing yet."""
    script = Script().enqueue(1.0).claim(2.0, token=None, owner="900").kill(3.0, pid=900)
    proof = only_anomaly(NAME, script.final(60.0, "claimed").read()).proof
    assert "its owner 900 was dead since 3.01 s" in proof


def test_without_leases_a_living_process_may_go_on() -> None:
    """The run was drained as far as the harness could tell."""
    script = Script().enqueue(1.0).claim(2.0, token=None, owner="900").start(2.1, number=None)
    assert_valid(NAME, script.final(60.0, "claimed").read())


def test_with_a_live_lease_a_dead_child_is_its_owners_business() -> None:
    """The owner lives, so it will notice."""
    script = claimed().kill(3.0, pid=800).final(60.0, "claimed", until=61.0).read()
    assert_valid(NAME, script)


def test_a_claim_that_nobody_recorded_is_judged_by_its_lease() -> None:
    """A subject may have no audit and name no owner."""
    script = Script().enqueue(1.0).final(60.0, "claimed").read()
    assert_valid(NAME, script)
    script = Script().enqueue(1.0).claim(2.0, owner="somebody").final(60.0, "claimed").read()
    assert_valid(NAME, script)


def test_a_row_that_only_the_final_read_names_is_judged_by_its_lease() -> None:
    """It may be the task's row under another id."""
    script = Script().enqueue(1.0).final(60.0, "claimed", row=77, until=59.0).read()
    assert "row 77" in only_anomaly(NAME, script).proof
    script = Script().enqueue(1.0).final(60.0, "claimed", row=77, until=61.0).read()
    assert_valid(NAME, script)


def test_a_row_that_nobody_was_promised_is_not_judged() -> None:
    """Its enqueue never returned."""
    script = Script().call(1.0).created(1.1).final(60.0, "waiting").read()
    assert check(NAME, script).verdict == Verdict.UNKNOWN


def test_without_a_final_read_nobody_knows_what_is_stuck() -> None:
    """A run that was cut short is no evidence."""
    result = check(NAME, Script().enqueue(1.0))
    assert result.verdict == Verdict.UNKNOWN
    assert "final read" in result.note


def test_the_time_of_a_row_serves_where_the_read_has_none() -> None:
    """Both are the database's; with neither the check cannot judge, and says so."""
    final: dict[str, dict[str, bool]] = {"value": {"drained": True}}
    script = Script().enqueue(1.0).final(60.0, "waiting", due=61.0)
    script.say(60.0, "final-read", "ok", "final-read", **final)
    assert_valid(NAME, script)
    script = Script().enqueue(1.0)
    script.say(60.0, "final-read", "ok", "row", value={"row": 1, "state": "waiting"})
    result = check(NAME, script.say(60.0, "final-read", "ok", "final-read", **final))
    assert result.verdict == Verdict.UNKNOWN
    assert "no database_time" in result.note


def test_without_a_final_read_nothing_was_looked_at() -> None:
    """However much was acknowledged."""
    assert check(NAME, Script().enqueue(1.0)).exercised == 0


def test_one_row_of_two_that_is_stuck_is_found_once() -> None:
    """It is not the other one's."""
    script = Script().enqueue(1.0).enqueue(2.0, row=2).final(60.0, "waiting", row=2)
    proof = only_anomaly(NAME, script.read()).proof
    assert proof == (
        "row 2 of order-1 was still waiting at the final read at 60.00 s, and nobody had claimed it"
        " although it was due"
    )


def test_how_long_ago_a_lease_had_run_out_is_told() -> None:
    """By the database's clock; and of a run that was cut off, that it was."""
    script = Script().enqueue(1.0).claim(2.0).final(60.0, "claimed", until=50.0)
    assert only_anomaly(NAME, script.read()).proof.endswith("its lease had run out 10.00 s before")
    late = Script().enqueue(1.0).claim(2.0).final(60.0, "claimed", until=70.0)
    proof = only_anomaly(NAME, late.read(drained=False)).proof
    assert proof.endswith("and the run's deadline had passed")


def test_a_fault_of_the_database_excuses_a_row_that_somebody_holds() -> None:
    """And a row that is claimed without a claim on record is nobody's, and stuck."""
    held = Script().enqueue(1.0).claim(2.0).start(2.1).final(60.0, "claimed", until=50.0)
    held.fault(50.0, "outage", until=58.0, disturbs="database")
    assert_valid(NAME, held.read())
    nobody = Script().enqueue(1.0).final(60.0, "claimed", until=50.0)
    only_anomaly(NAME, nobody.read())
