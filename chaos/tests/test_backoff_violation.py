"""The checker ``backoff-violation``."""

from __future__ import annotations

from typing import Any

import pytest

from chaos.tests.judging import assert_valid, check, only_anomaly
from chaos.tests.script import Script
from reports.schema import Verdict

NAME = "backoff-violation"
PAUSES = (2.0, 4.0)


def failed(*, due: float, released: float = 2.5) -> Script:
    """A task whose body raised at 2.4 s, and that was released to run again at ``due``."""
    script = Script().enqueue(1.0).claim(2.0).start(2.1).end(2.4, type_="fail")
    return script.release(released, token=1, attempts=1, due=due)


def failed_again(script: Script, at: float, *, due: float) -> Script:
    """The second attempt raised 0.2 s after its claim, too."""
    script.claim(at, token=2).start(at + 0.1, pid=801, number=2)
    script.end(at + 0.2, pid=801, type_="fail")
    return script.release(at + 0.3, token=2, attempts=2, due=due)


def assert_not_judged(script: Script) -> None:
    """Assert that the checker saw no release that the failure caused."""
    result = check(NAME, script, backoff_seconds=PAUSES)
    assert (result.verdict, result.exercised) == (Verdict.UNKNOWN, 0), result


def test_a_retry_after_its_pause_is_right() -> None:
    """The pause counts from the body's end, and 50 ms less are the clocks'."""
    assert_valid(NAME, failed(due=4.5).claim(4.5, token=2), backoff_seconds=PAUSES)
    assert_valid(NAME, failed(due=4.36).claim(4.36, token=2), backoff_seconds=PAUSES)
    assert_valid(NAME, failed(due=9.0), backoff_seconds=PAUSES)


def test_a_claim_before_the_pause_is_over_is_too_early() -> None:
    """Whatever time the release had given."""
    anomaly = only_anomaly(NAME, failed(due=4.5).claim(3.0, token=2), backoff_seconds=PAUSES)
    assert anomaly.task == "order-1"
    assert anomaly.proof == (
        "body-800 raised in its attempt of row 1 at 2.40 s, and the row was claimed again 0.60 s"
        " later, although the pause is 2 s"
    )


def test_a_release_to_a_time_within_the_pause_is_too_early() -> None:
    """Even if nobody claimed the row so soon."""
    proof = only_anomaly(NAME, failed(due=3.4).claim(9.0, token=2), backoff_seconds=PAUSES).proof
    assert "the row was to run again 1.00 s later, although the pause is 2 s" in proof
    at_once = only_anomaly(NAME, failed(due=1.0), backoff_seconds=PAUSES).proof
    assert "to run again 0.00 s later" in at_once


def test_the_second_pause_is_another_one_and_holds_for_all_later_ones() -> None:
    """It is judged by its own length; the first one was kept."""
    good = failed_again(failed(due=4.5), 4.5, due=8.8)
    assert check(NAME, good, backoff_seconds=PAUSES).exercised == 2
    assert_valid(NAME, good, backoff_seconds=PAUSES)
    short = failed_again(failed(due=4.5), 4.5, due=7.5)
    assert "the pause is 4 s" in only_anomaly(NAME, short, backoff_seconds=PAUSES).proof
    assert_valid(NAME, short, backoff_seconds=(2.0,))


def test_a_release_that_the_failure_did_not_cause_has_no_pause() -> None:
    """The reaper's; one before the body's end; and one that gives the attempt back."""
    assert_not_judged(failed(due=1.0, released=7.1))
    assert_not_judged(failed(due=1.0, released=2.3))
    script = Script().enqueue(1.0).claim(2.0).start(2.1).end(2.4, type_="fail")
    assert_not_judged(script.release(2.5, token=1, attempts=0, due=1.0))


@pytest.mark.parametrize("pid", [800, 900])
def test_who_died_was_stopped_or_held_up_wrote_no_failure_down(pid: int) -> None:
    """Then somebody else gave the row back."""
    assert_not_judged(failed(due=1.0).kill(2.41, pid=pid, in_body=False))
    struck = failed(due=1.0).fault(2.2, "sigstop", until=2.45, disturbs="processes", pids=(pid,))
    assert_not_judged(struck)
    assert_not_judged(failed(due=1.0).fault(2.2, "restart", until=2.3, disturbs="database"))
    assert_not_judged(failed(due=1.0).stop(2.42))


def test_a_fault_or_a_stop_at_another_time_or_of_others_excuses_nobody() -> None:
    """The failure was written down as usual."""
    early = failed(due=1.0).fault(1.0, "restart", until=1.5, disturbs="database")
    only_anomaly(NAME, early, backoff_seconds=PAUSES)
    other = failed(due=1.0).fault(2.2, "sigstop", disturbs="processes", pids=(777,))
    only_anomaly(NAME, other, backoff_seconds=PAUSES)
    only_anomaly(NAME, failed(due=1.0).stop(9.0).stop(2.0, pid=777), backoff_seconds=PAUSES)


def test_attempts_that_did_not_raise_and_claims_that_go_on_have_no_pause() -> None:
    """A body that was killed may run again at once."""
    killed = Script().enqueue(1.0).claim(2.0).start(2.1).kill(2.2)
    assert_not_judged(killed.release(2.3, token=1, attempts=1, due=1.0))
    assert_not_judged(Script().enqueue(1.0).claim(2.0).start(2.1).end(2.4, type_="fail"))
    assert_not_judged(Script().enqueue(1.0).start(2.1).end(2.4, type_="fail"))


def test_a_contract_without_a_pause_promises_none() -> None:
    """Nothing is counted."""
    assert check(NAME, failed(due=1.0)).exercised == 0
    assert not check(NAME, failed(due=1.0)).is_forbidden


def test_attempts_that_did_not_raise_count_for_no_pause() -> None:
    """The first failure has the first pause, whichever attempt it was."""
    script = Script().enqueue(1.0).claim(2.0).start(2.1).kill(2.2)
    script.release(2.3, token=1, attempts=1, due=2.3)
    script = failed_again(script, 3.0, due=4.0)
    assert "the pause is 2 s" in only_anomaly(NAME, script, backoff_seconds=PAUSES).proof


def test_a_release_by_others_hides_no_failure_after_it() -> None:
    """Each attempt is judged by itself."""
    script = failed_again(failed(due=1.0, released=7.1), 8.0, due=8.4)
    assert "0.20 s later" in only_anomaly(NAME, script, backoff_seconds=PAUSES).proof


def test_a_release_at_once_is_judged() -> None:
    """The clocks may show it a little before the body's end."""
    for released in (2.36, 2.41):
        only_anomaly(NAME, failed(due=2.5, released=released), backoff_seconds=PAUSES)


@pytest.mark.parametrize(
    ("charged", "left", "is_judged"),
    [(None, None, True), (1, None, False), (None, 0, True), (1, 0, False), (1, 1, True)],
)
def test_an_attempt_that_is_given_back_was_not_charged_at_the_release(
    charged: int | None, left: int | None, is_judged: bool
) -> None:
    """Who tells no attempts has none."""
    told: dict[str, Any] = {} if charged is None else {"attempts": charged}
    after: dict[str, Any] = {} if left is None else {"attempts": left}
    lease: dict[str, Any] = {"lease_until": 1007.0, "owner": "host:900"}
    script = Script().enqueue(1.0).audit(2.0, "claim", token=1, **lease, **told)
    script.start(2.1).end(2.4, type_="fail")
    script.audit(2.5, "release", token=1, run_at=1003.0, **after)
    result = check(NAME, script, backoff_seconds=PAUSES)
    assert (result.count, result.exercised) == (int(is_judged), int(is_judged)), result


def test_an_attempt_without_a_claim_or_an_end_of_it_is_not_judged() -> None:
    """And does not make the check crash."""
    alone = Script().enqueue(1.0).start(2.1).end(2.4, type_="fail")
    held = Script().enqueue(1.0).claim(2.0).start(2.1).end(2.4, type_="fail")
    for script in (alone, held):
        assert check(NAME, script, backoff_seconds=PAUSES).note.startswith("never put to the test")
