"""The checker ``priority-inversion``."""

from __future__ import annotations

from typing import Any

from chaos.tests.judging import assert_valid, check, only_anomaly
from chaos.tests.script import Script
from reports.schema import Verdict

NAME = "priority-inversion"


def backlog() -> Script:
    """A row of priority 0, due at 1 s, and one of priority 5, due at 2 s."""
    return Script().ready(1.0, "order-1", 1).ready(2.0, "order-2", 2, priority=5)


def test_the_higher_priority_first_is_right() -> None:
    """Although it was due later."""
    script = backlog().claim(5.0, task="order-2", row=2).claim(8.0)
    assert_valid(NAME, script, priorities=True)


def test_a_claim_that_passes_over_a_higher_priority_is_an_inversion() -> None:
    """The proof names both."""
    anomaly = only_anomaly(
        NAME, backlog().claim(5.0).claim(8.0, task="order-2", row=2), priorities=True
    )
    assert anomaly.task == "order-2"
    assert anomaly.proof == (
        "row 1 of priority 0 was claimed at 5.00 s while 1 of higher priority waited in its queue:"
        " row 2 of priority 5 since 2.02 s"
    )


def test_a_row_that_became_ready_a_moment_before_may_have_been_missed() -> None:
    """The claim had looked by then; and one that is claimed within a second was locked."""
    assert check(NAME, backlog().claim(2.9), priorities=True).count == 0
    script = backlog().claim(5.0).claim(5.5, task="order-2", row=2)
    assert check(NAME, script, priorities=True).count == 0


def test_another_queue_is_another_line() -> None:
    """Its priorities are its own."""
    told: dict[str, Any] = {"run_at": 1001.0, "priority": 9, "queue": "other"}
    script = backlog().audit(1.0, "created", "order-3", 3, **told)
    script.claim(5.0, task="order-2", row=2).claim(8.0).claim(12.0, task="order-3", row=3)
    assert_valid(NAME, script, priorities=True)


def test_a_run_with_one_priority_puts_nothing_to_the_test() -> None:
    """So does one that tells none."""
    script = Script().ready(1.0).ready(2.0, "order-2", 2).claim(5.0)
    assert check(NAME, script, priorities=True).exercised == 0
    script = Script().enqueue(1.0).enqueue(2.0, "order-2", 2).claim(5.0)
    assert check(NAME, script, priorities=True).exercised == 0


def test_a_contract_without_priorities_allows_it() -> None:
    """It is counted all the same."""
    result = check(NAME, backlog().claim(5.0).claim(8.0, task="order-2", row=2))
    assert (result.verdict, result.count, result.is_forbidden) == (Verdict.VALID, 1, False)


def test_one_is_higher_than_none() -> None:
    """Zero is a priority like any other."""
    script = Script().ready(1.0, priority=1).ready(1.0, "order-2", 2, priority=0)
    script.claim(5.0, task="order-2", row=2).claim(8.0)
    assert only_anomaly(NAME, script, priorities=True).task == "order-1"
