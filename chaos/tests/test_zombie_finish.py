"""The checker ``zombie-finish``."""

from __future__ import annotations

from chaos.tests.judging import assert_valid, check, only_anomaly
from chaos.tests.script import Script, good_run, killed_run

NAME = "zombie-finish"


def claimed_twice() -> Script:
    """Token 6 was released and the row claimed with token 7."""
    script = Script().enqueue(1.0).claim(2.0, token=6)
    return script.release(3.0, token=6, attempts=1).claim(4.0, token=7, owner="host:901")


def test_the_finish_of_the_current_claim_is_right() -> None:
    """Also after a retry."""
    assert_valid(NAME, good_run())
    assert_valid(NAME, killed_run())
    assert check(NAME, good_run()).exercised == 1


def test_a_finish_that_names_an_old_token_is_a_zombies() -> None:
    """The proof names both tokens."""
    proof = only_anomaly(NAME, claimed_twice().finish(5.0, token=6)).proof
    assert "naming token 6 was accepted at 5.00 s" in proof
    assert "claimed with token 7 by host:901 at 4.00 s" in proof


def test_a_dead_letter_that_names_an_old_token_is_a_zombies() -> None:
    """It ends the task as well."""
    script = claimed_twice().audit(5.0, "dead-letter", token=6)
    assert "a dead-letter of row 1" in only_anomaly(NAME, script).proof


def test_a_finish_after_the_release_is_a_zombies() -> None:
    """Nobody has claimed the row since, and still the claim was over."""
    script = Script().enqueue(1.0).claim(2.0).release(3.0, token=1, attempts=1).finish(4.0)
    assert "ended with a release at 3.00 s" in only_anomaly(NAME, script).proof


def test_a_second_finish_is_a_zombies() -> None:
    """One claim ends once."""
    script = good_run().audit(3.0, "finish", token=1)
    assert "ended with a finish at 2.40 s" in only_anomaly(NAME, script).proof


def test_without_tokens_a_finish_after_the_release_is_still_too_late() -> None:
    """The order of the audit is enough; but anybody may give up a row that waits."""
    released = Script().enqueue(1.0).claim(2.0, token=None).audit(3.0, "release")
    only_anomaly(NAME, released.audit(4.0, "finish"))
    released = Script().enqueue(1.0).claim(2.0, token=None).audit(3.0, "release")
    assert_valid(NAME, released.audit(4.0, "dead-letter"))


def test_a_finish_that_names_no_token_is_not_held_against_a_claim_with_one() -> None:
    """Nobody knows which claim it meant."""
    assert_valid(NAME, Script().enqueue(1.0).claim(2.0).finish(3.0, token=None))


def test_a_row_that_was_never_claimed_may_be_given_up() -> None:
    """There is no claim that could be stale."""
    assert_valid(NAME, Script().enqueue(1.0).audit(2.0, "dead-letter", token=0))


def test_a_finish_while_the_body_of_its_token_runs_is_a_zombies() -> None:
    """The audit shows the row's own token, and the body knows that it was not it who finished."""
    script = claimed_twice().start(4.1, pid=812, number=2, token=7).finish(5.0, token=7)
    proof = only_anomaly(NAME, script.end(6.0, pid=812)).proof
    assert "naming token 7" in proof
    assert "body-812, which began the attempt of that token at 4.10 s" in proof


def test_a_finish_just_before_the_end_of_its_body_is_the_clocks_doing() -> None:
    """The audit's times are converted: up to 50 ms either way mean nothing, 60 ms do."""
    running = claimed_twice().start(4.1, number=2, token=7).finish(5.0, token=7)
    assert_valid(NAME, running.end(5.05))
    running = claimed_twice().start(4.1, number=2, token=7).finish(5.0, token=7)
    only_anomaly(NAME, running.end(5.06))


def test_the_slack_of_the_clocks_holds_beside_another_body() -> None:
    """One returned while another runs on."""
    returned = claimed_twice().start(4.1, number=2, token=7).finish(5.0, token=7)
    assert_valid(NAME, returned.end(5.05).start(4.2, pid=801, number=3, token=7))


def test_one_attempt_of_the_token_that_returned_is_enough() -> None:
    """That another one under the same token runs on is another anomaly's business."""
    script = Script().enqueue(1.0).claim(2.0).body(2.1).start(2.2, pid=801, number=2, token=1)
    assert_valid(NAME, script.finish(3.0))


def test_a_body_that_raised_did_not_return() -> None:
    """Somebody finished the task who had no result of it."""
    only_anomaly(NAME, Script().enqueue(1.0).claim(2.0).body(2.1, ends="fail").finish(3.0))


def test_a_body_that_was_killed_did_not_return() -> None:
    """Also if it was seen dead after the finish only; but one that had returned may well die."""
    for seen in (0.1, 1.0):
        script = Script().enqueue(1.0).claim(2.0).start(2.1).kill(2.5, seen=seen).finish(3.0)
        only_anomaly(NAME, script)
    assert_valid(NAME, Script().enqueue(1.0).claim(2.0).body(2.1).kill(2.5).finish(3.0))


def test_a_finish_of_a_token_that_no_body_was_told_is_a_zombies() -> None:
    """Bodies of the row know their tokens, and this one is none of them."""
    script = Script().enqueue(1.0).claim(2.0).body(2.1, ends="fail")
    script.release(2.4, token=1, attempts=1).claim(3.0, token=2).finish(4.0, token=2)
    proof = only_anomaly(NAME, script).proof
    assert proof.endswith("although no attempt of that token had begun")


def test_a_body_that_is_killed_after_the_finish_was_still_open() -> None:
    """It cannot have returned."""
    only_anomaly(NAME, Script().enqueue(1.0).claim(2.0).start(2.1).finish(3.0).kill(4.0))


def test_an_open_attempt_of_another_token_accuses_nobody() -> None:
    """The old worker may run on; what it may not do is end the task."""
    script = Script().enqueue(1.0).claim(2.0).start(2.1).claim(8.0, token=2)
    assert_valid(NAME, script.body(8.1, pid=801, number=2).finish(9.0, token=2))


def test_a_dead_letter_while_the_body_runs_is_the_engines_right() -> None:
    """It gives up what hangs."""
    script = Script().enqueue(1.0).claim(2.0).start(2.1).audit(3.0, "dead-letter", token=1)
    assert_valid(NAME, script)


def test_bodies_that_know_no_token_accuse_nobody() -> None:
    """An open attempt without a token may be of any claim."""
    script = Script().enqueue(1.0).claim(2.0, token=None).start(2.1, number=None)
    assert_valid(NAME, script.finish(3.0, token=None))


def test_a_row_that_nobody_claimed_on_record_has_no_zombie() -> None:
    """And a finish without a token names none, where bodies are told theirs."""
    unclaimed = Script().enqueue(1.0).release(2.0, 1, 1).audit(3.0, "finish", token=1)
    assert check(NAME, unclaimed).count == 0
    mute = Script().enqueue(1.0).claim(2.0).start(2.1).audit(3.0, "finish", token=None)
    assert_valid(NAME, mute)
