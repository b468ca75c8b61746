"""The checker ``duplicated-effect``."""

from __future__ import annotations

import pytest

from chaos.tests.judging import assert_valid, only_anomaly
from chaos.tests.script import DATABASE_EPOCH, Script, good_run, killed_run

NAME = "duplicated-effect"


def two_runs() -> Script:
    """Two attempts of one row, one after the other, both with their effect."""
    return Script().enqueue(1.0).body(2.0).body(3.0, pid=801, number=2)


def test_one_effect_is_right_under_both_contracts() -> None:
    """The common case."""
    assert_valid(NAME, good_run())
    assert_valid(NAME, good_run(), delivery="effectively-once")


def test_a_second_effect_without_a_reason_is_one_too_many() -> None:
    """The proof names both attempts, and how they can be found."""
    proof = only_anomaly(NAME, two_runs()).proof
    assert "at 2.10 s in body-800 (attempt 1, token 1)" in proof
    assert "at 3.10 s in body-801 (attempt 2, token 2)" in proof
    assert "from 2.00 s to 3.00 s" in proof


def test_a_lease_that_ran_out_under_a_live_worker_is_no_reason() -> None:
    """Renewing it was the engine's job."""
    script = Script().enqueue(1.0).claim(2.0).start(2.1).effect(2.2)
    script.claim(8.0, token=2).body(8.1, pid=801, number=2).end(9.0)
    assert "did not raise" in only_anomaly(NAME, script).proof


def test_the_death_of_the_process_justifies_another_effect() -> None:
    """At-least-once: the engine cannot know how far the dead one had come."""
    assert_valid(NAME, killed_run())


def test_effectively_once_knows_no_justification() -> None:
    """A death between effect and finish must undo the effect."""
    proof = only_anomaly(NAME, killed_run(), delivery="effectively-once").proof
    assert "its contract allows one" in proof


def test_a_death_after_the_body_returned_justifies_too() -> None:
    """The finish may not have been written yet."""
    script = Script().enqueue(1.0).body(2.0).kill(2.5).body(3.0, pid=801, number=2)
    assert_valid(NAME, script)


def test_a_restart_may_begin_before_the_killer_has_seen_the_death() -> None:
    """A supervisor is quicker than its observers."""
    script = Script().enqueue(1.0).start(2.0).effect(2.1).kill(2.2, seen=0.9)
    assert_valid(NAME, script.body(2.3, pid=801, number=2))


def test_a_kill_that_nobody_saw_land_may_have_landed() -> None:
    """No accusation on a guess."""
    script = Script().enqueue(1.0).start(2.0).effect(2.1).kill(2.2, seen=None)
    assert_valid(NAME, script.body(2.3, pid=801, number=2))


@pytest.mark.parametrize("killed_at", [1.5, 3.05])
def test_a_death_outside_of_the_two_starts_is_no_reason(killed_at: float) -> None:
    """A death before the first start was another process's, one after the second came too late."""
    script = two_runs().kill(killed_at, seen=0.001)
    only_anomaly(NAME, script)


def test_the_death_of_another_process_is_no_reason() -> None:
    """Neither the runner nor the holder of the claim."""
    only_anomaly(NAME, two_runs().kill(2.5, pid=999))


def test_the_death_of_the_holder_of_the_claim_is_a_reason() -> None:
    """A supervisor that dies cannot finish what its child has done."""
    script = Script().enqueue(1.0).claim(1.9, owner="host:900").body(2.0)
    script.kill(2.5, pid=900, in_body=False).claim(2.9, token=2).body(3.0, pid=801, number=2)
    assert_valid(NAME, script)


def test_a_holder_that_died_before_the_body_began_is_a_reason() -> None:
    """It had ordered the body, and its claim died with it."""
    script = Script().enqueue(1.0).claim(1.9).kill(1.95, pid=900, in_body=False).body(2.0)
    assert_valid(NAME, script.claim(6.9, token=2).body(7.0, pid=801, number=2))


def test_bodies_that_were_told_no_row_may_have_run_two() -> None:
    """If a call never returned, nobody knows whether it made the second one."""
    script = Script().call(0.5).say(0.6, "producer-10", "info", "enqueue", task="order-1")
    script.call(1.0).answer(1.1).body(2.0, row=None).body(3.0, pid=801, row=None)
    assert_valid(NAME, script)
    only_anomaly(NAME, script.body(4.0, pid=802, row=None))


def test_the_holder_of_another_claim_is_no_reason() -> None:
    """Token 1 was held by 900; that 901 died excuses nothing."""
    script = Script().enqueue(1.0).claim(1.9, owner="host:900").body(2.0)
    script.claim(2.4, token=2, owner="host:901").kill(2.5, pid=901, in_body=False)
    only_anomaly(NAME, script.body(3.0, pid=801, number=2))


def test_a_body_that_was_told_no_token_ran_under_an_earlier_claim() -> None:
    """The holder of any of those may have died; the holder of a later one is no reason."""
    script = Script().enqueue(1.0).claim(1.9, owner="host:900").body(2.0, number=None)
    script.claim(2.4, token=2, owner="host:901")
    script.body(3.0, pid=801, number=None)
    only_anomaly(NAME, script.kill(2.5, pid=901, in_body=False))
    assert_valid(NAME, script.kill(2.6, pid=900, in_body=False))


def test_a_body_may_start_a_little_before_its_claim_by_the_audits_converted_times() -> None:
    """Up to 50 ms."""
    for claimed_at, is_legal in ((2.05, True), (2.06, False)):
        script = Script().enqueue(1.0).claim(claimed_at).body(2.0, number=None)
        script.kill(2.5, pid=900, in_body=False).body(3.0, pid=801, number=None)
        (assert_valid if is_legal else only_anomaly)(NAME, script)


def test_a_body_that_knows_no_row_ran_under_a_claim_of_its_task() -> None:
    """Of either row."""
    script = Script().enqueue(1.0).enqueue(1.1, row=2).claim(1.9, owner="host:900")
    for pid in (800, 801, 802):
        script.body(pid - 798.0, pid=pid, number=None, row=None)
    only_anomaly(NAME, script)
    assert_valid(NAME, script.kill(2.5, pid=900, in_body=False))


def test_an_attempt_that_raised_after_its_effect_justifies_another() -> None:
    """The engine was told that it failed."""
    script = Script().enqueue(1.0).body(2.0, ends="fail").body(3.0, pid=801, number=2)
    assert_valid(NAME, script)


def test_an_attempt_that_raised_in_the_moment_of_the_other_start_justifies_it() -> None:
    """A tie of the clock accuses nobody."""
    script = Script().enqueue(1.0).body(2.8, ends="fail").body(3.0, pid=801, number=2)
    assert_valid(NAME, script)


def test_an_attempt_that_raised_too_late_is_no_reason() -> None:
    """The second one had begun already."""
    script = Script().enqueue(1.0).start(2.0).effect(2.1).body(3.0, pid=801, number=2)
    only_anomaly(NAME, script.end(3.5, type_="fail"))


def test_two_effects_of_one_attempt_are_too_many_even_if_it_died() -> None:
    """No restart lies between them."""
    script = Script().enqueue(1.0).start(2.0).effect(2.1).effect(2.2).kill(2.3)
    assert "both of one attempt" in only_anomaly(NAME, script).proof


def test_each_row_has_its_own_effect() -> None:
    """Enqueued again after it was done, a task runs again."""
    script = good_run().enqueue(3.0, row=2).body(4.0, row=2, pid=801)
    assert_valid(NAME, script)
    assert_valid(NAME, script, delivery="effectively-once")


def test_effects_of_two_rows_do_not_excuse_a_third() -> None:
    """The second effect of row 1 is one too many, with row 2 between."""
    script = Script().enqueue(1.0).enqueue(1.5, row=2).body(2.0).body(2.5, pid=801, row=2)
    proof = only_anomaly(NAME, script.body(3.0, pid=802, number=2)).proof
    assert "body-800" in proof
    assert "body-802" in proof


def test_a_row_that_no_enqueue_can_have_made_has_one_effect_too_many() -> None:
    """A duplicate is no second row."""
    script = good_run().call(3.0).answer(3.1, duplicate=True).body(4.0, row=2, pid=801)
    assert "can have made 1 rows only" in only_anomaly(NAME, script).proof


def test_an_enqueue_with_an_unknown_end_may_have_made_the_row() -> None:
    """The producer died before it could tell."""
    script = good_run().call(3.0).created(3.1, row=2).body(4.0, row=2, pid=801)
    assert_valid(NAME, script)


def test_effects_of_unknown_rows_are_judged_by_the_number_of_rows() -> None:
    """Where bodies are not told their row, two rows allow two effects and not three."""
    script = Script().enqueue(1.0).enqueue(1.5, row=2)
    script.body(2.0, row=None, number=None).body(3.0, pid=801, row=None, number=None)
    assert_valid(NAME, script)
    proof = only_anomaly(NAME, script.body(4.0, pid=802, row=None, number=None)).proof
    assert "in body-802" in proof
    assert "attempt 1" not in proof


def test_effects_of_unknown_rows_may_mix_in_time() -> None:
    """The killed attempt of one row is repeated after the other row's effect; no more than that."""
    script = Script().enqueue(1.0).enqueue(1.5, row=2).start(2.0, row=None).effect(2.1)
    script.body(2.5, pid=801, row=None).kill(2.9).body(3.0, pid=802, row=None)
    assert_valid(NAME, script)
    only_anomaly(NAME, script, delivery="effectively-once")
    only_anomaly(NAME, script.body(4.0, pid=803, row=None))


def test_two_effects_of_one_attempt_are_too_many_whatever_its_row() -> None:
    """That the task had another row is no excuse."""
    script = Script().enqueue(1.0).enqueue(1.5, row=2).start(2.0, row=None).effect(2.1).effect(2.2)
    assert "both of one attempt" in only_anomaly(NAME, script).proof


def test_the_only_row_of_a_task_is_the_one_that_its_bodies_ran() -> None:
    """Where bodies are not told their row, one row allows one effect."""
    script = Script().enqueue(1.0).body(2.0, row=None).body(3.0, pid=801, row=None)
    only_anomaly(NAME, script)


def test_effects_without_a_start_are_judged_by_their_process() -> None:
    """The start may be missing, its process's death is not."""
    script = Script().enqueue(1.0).effect(2.0).effect(3.0, pid=801)
    only_anomaly(NAME, script)
    assert_valid(NAME, script.kill(2.5))


def test_the_runs_of_a_repeating_task_are_no_repetitions() -> None:
    """Each has a row of its own, that the run before it made; a row that nobody made has not."""
    script = Script().enqueue(1.0).claim(2.0).body(2.1).finish(2.4)
    script.audit(2.4, "created", row=2, run_at=DATABASE_EPOCH + 3.0, slot_at=DATABASE_EPOCH + 3.0)
    script.claim(3.0, row=2).body(3.1, row=2).finish(3.4, row=2)
    assert_valid(NAME, script)
    unasked = Script().enqueue(1.0).claim(2.0).body(2.1).finish(2.4)
    unasked.created(2.4, row=2).claim(3.0, row=2).body(3.1, row=2).finish(3.4, row=2)
    assert "can have made 1 rows only" in only_anomaly(NAME, unasked).proof


def test_the_words_of_a_proof_are_whole() -> None:
    """Also where a body was told no number and no token."""
    script = Script().enqueue(1.0).start(2.0, number=None).effect(2.1)
    script.start(3.0, 801, number=None).effect(3.1, 801)
    assert only_anomaly(NAME, script, delivery="effectively-once").proof == (
        "order-1 had an effect at 2.10 s in body-800 and another at 3.10 s in body-801, and its"
        " contract allows one"
    )


def test_a_contract_that_allows_one_counts_a_belated_one_too() -> None:
    """Whoever it was that held it up."""
    script = Script().enqueue(1.0).claim(2.0).claim(2.5, token=2, owner="host:901")
    script.kill(2.6, pid=900, in_body=False).start(2.7, 801, 2).effect(2.8, 801)
    script.start(3.0).effect(3.1)
    only_anomaly(NAME, script, delivery="effectively-once")
    assert_valid(NAME, script)


def test_as_many_rows_as_calls_have_an_effect_each_and_one_call_more_excuses_none() -> None:
    """Of attempts that were told no row the first is no repetition of the last."""
    script = Script().enqueue(1.0).enqueue(1.5, row=2).call(1.7).refuse(1.8, "info")
    for number, at in enumerate((2.0, 3.0)):
        script.start(at, 801 + number, row=number + 1).effect(at + 0.1, 801 + number)
    assert_valid(NAME, script)


def test_an_attempt_is_repeated_by_one_that_began_after_it_failed() -> None:
    """Its very next one is enough, and one before it is none."""
    script = Script().call(1.0).answer(1.1)
    script.start(2.0, 801, row=None).effect(2.1, 801).end(2.2, 801, "fail")
    script.start(3.0, 802, row=None).effect(3.1, 802)
    assert_valid(NAME, script)
    script = Script().call(1.0).answer(1.1).start(2.0, 801, row=None).effect(2.1, 801)
    script.start(3.0, 802, row=None).effect(3.1, 802).end(3.2, 802, "fail")
    only_anomaly(NAME, script)


def test_of_rows_that_nobody_tells_apart_the_last_failure_justifies_one_more_effect() -> None:
    """Two rows, three effects, and the second attempt raised."""
    script = Script().call(1.0).answer(1.1).call(1.2).answer(1.3, row=2)
    script.start(2.0, 801, row=None).effect(2.1, 801).end(2.2, 801)
    script.start(3.0, 802, row=None).effect(3.1, 802).end(3.2, 802, "fail")
    assert_valid(NAME, script.start(4.0, 803, row=None).effect(4.1, 803))
