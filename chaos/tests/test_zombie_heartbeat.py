"""The checker ``zombie-heartbeat``."""

from __future__ import annotations

from typing import Any

from chaos.checkers import CHECKERS
from chaos.tests.judging import CONTRACT, assert_valid, check, only_anomaly
from chaos.tests.script import Script, good_run
from reports.schema import Verdict

NAME = "zombie-heartbeat"


def claimed_again() -> Script:
    """A task whose first claim was reaped at 7.1 s and that 901 claimed at 7.2 s."""
    script = Script().enqueue(1.0).claim(2.0).release(7.1, token=1, attempts=1)
    return script.claim(7.2, token=2, owner="host:901")


def test_heartbeats_of_the_claim_that_a_row_has_are_right() -> None:
    """However often it was claimed before."""
    assert_valid(NAME, claimed_again().heartbeat(8.0, 2, 13.0).heartbeat(9.0, 2, 14.0))


def test_a_heartbeat_that_names_a_replaced_token_is_a_zombies() -> None:
    """The proof names both tokens, and who had claimed since."""
    proof = only_anomaly(NAME, claimed_again().heartbeat(9.0, 1, 14.0)).proof
    assert proof == (
        "a heartbeat of row 1 naming token 1 was accepted at 9.00 s, but the row had been claimed"
        " with token 2 by host:901 at 7.20 s"
    )


def test_a_heartbeat_of_a_claim_that_had_ended_is_a_zombies() -> None:
    """Whether another claim followed or not."""
    script = Script().enqueue(1.0).claim(2.0).release(3.0, token=1, attempts=1)
    proof = only_anomaly(NAME, script.heartbeat(4.0, 1, 9.0)).proof
    assert proof.endswith("but the claim had ended with a release at 3.00 s")


def test_a_heartbeat_for_a_dead_holder_is_somebody_elses() -> None:
    """The proof says since when it was dead."""
    script = Script().enqueue(1.0).claim(2.0).kill(3.0, pid=900, in_body=False)
    proof = only_anomaly(NAME, script.heartbeat(4.0, 1, 9.0)).proof
    assert proof.endswith("but host:900, which held the claim, was dead since 3.01 s")


def test_a_holder_that_may_have_lived_still_is_not_accused() -> None:
    """The clocks are converted; a kill need not land; a pid may have been another process's."""
    for script in (
        claimed_again().kill(7.9, pid=901, in_body=False).heartbeat(7.95, 2, 12.0),
        claimed_again().kill(7.9, pid=901, seen=None).heartbeat(9.0, 2, 12.0),
        claimed_again().kill(3.0, pid=901, in_body=False).heartbeat(9.0, 2, 12.0),
    ):
        assert_valid(NAME, script)


def test_tokens_that_nobody_tells_accuse_nobody() -> None:
    """Nor does a row whose claim is not on record."""
    script = Script().enqueue(1.0).claim(2.0, token=None, attempts=1)
    assert check(NAME, script.heartbeat(3.0, 1, 8.0)).count == 0
    unclaimed = check(NAME, Script().enqueue(1.0).heartbeat(3.0, 1, 8.0))
    assert unclaimed.note.startswith("never put to the test")


def test_a_row_that_is_claimed_once_puts_nothing_to_the_test() -> None:
    """There is no zombie of it."""
    script = Script().enqueue(1.0).claim(2.0).heartbeat(3.0, 1, 8.0)
    for quiet in (script, good_run()):
        assert check(NAME, quiet).verdict == Verdict.UNKNOWN


def test_a_contract_without_leases_has_no_heartbeats() -> None:
    """The check is left out."""
    (checker,) = (checker for checker in CHECKERS if checker.name == NAME)
    assert checker.can_be_seen(CONTRACT)
    assert not checker.can_be_seen(type(CONTRACT)(max_attempts=3, recovery_seconds=5, leases=False))


def test_heartbeats_after_the_second_claim_are_what_is_put_to_the_test() -> None:
    """Of every row; those before it can be no zombie's."""
    script = Script().enqueue(1.0).claim(2.0).heartbeat(3.0, 1, 8.0)
    script.release(7.1, token=1, attempts=1).claim(7.2, token=2).heartbeat(8.0, 2, 13.0)
    script.enqueue(1.0, "order-2", 2)
    for token in (1, 2):
        script.claim(20.0 + 10 * token, token=token, task="order-2", row=2)
        told: dict[str, Any] = {"token": token, "lease_until": 1099.0}
        script.audit(21.0 + 10 * token, "heartbeat", "order-2", 2, **told)
    assert check(NAME, script).exercised == 2
    assert check(NAME, claimed_again().heartbeat(9.0, 1, 14.0)).exercised == 2
