"""The checker ``limbo``."""

from __future__ import annotations

import dataclasses
from typing import Any

from chaos.checkers import analyse
from chaos.tests.judging import CONTRACT, assert_valid, check, only_anomaly
from chaos.tests.script import Script, good_run

NAME = "limbo"


def hidden(at: float = 3.0) -> Script:
    """A row that was claimed and is found claimed under no lease."""
    script = Script().enqueue(1.0).claim(2.0).audit(at, "changed", what=["lease_until"])
    return script.final(60.0, "claimed").read()


def test_rows_that_somebody_sees_are_right() -> None:
    """Ended, waiting for their time, or under a lease."""
    assert_valid(NAME, good_run())
    assert_valid(NAME, Script().enqueue(1.0).claim(2.0).final(60.0, "claimed", until=7.0).read())
    assert_valid(NAME, Script().enqueue(1.0).claim(2.0).final(60.0, "waiting").read())


def test_a_claimed_row_without_a_lease_is_in_limbo() -> None:
    """The proof says why nobody sees it."""
    proof = only_anomaly(NAME, hidden()).proof
    assert "the final read at 60.00 s found row 1 of order-1 claimed under no lease" in proof


def test_a_waiting_row_without_a_time_is_in_limbo() -> None:
    """No claim looks for it."""
    script = Script().enqueue(1.0).claim(2.0).release(3.0, 1, 1).final(60.0, "waiting").read()
    script.ops = [
        dataclasses.replace(op, value={**op.value, "run_at": None}) if op.f == "row" else op
        for op in script.ops
    ]
    assert only_anomaly(NAME, script).proof == (
        "the final read at 60.00 s found row 1 of order-1 waiting without a time at which it is"
        " due, so no claim sees it"
    )


def test_a_row_that_moved_lately_had_no_time() -> None:
    """Five seconds, the recovery time of the contract."""
    assert_valid(NAME, hidden(55.1))
    only_anomaly(NAME, hidden(55.0))


def test_a_fault_that_held_it_up_until_the_end_excuses_it() -> None:
    """Not one that was over before, or struck others."""
    struck: dict[str, Any] = {"disturbs": "processes", "pids": (900,)}
    assert_valid(NAME, hidden().fault(50.0, "pause", until=55.5, **struck))
    assert_valid(NAME, hidden().fault(50.0, "outage", disturbs="database"))
    only_anomaly(NAME, hidden().fault(50.0, "pause", until=54.0, **struck))
    only_anomaly(NAME, hidden().fault(50.0, "pause", disturbs="processes", pids=(901,)))


def test_without_a_final_read_nobody_knows() -> None:
    """The check says so; without leases it is left out."""
    assert "no final read" in check(NAME, Script().enqueue(1.0)).note
    modest = dataclasses.replace(CONTRACT, leases=False)
    assert NAME not in {result.name for result in analyse(hidden().ops, modest).checks}


def test_a_row_that_the_audit_does_not_know_is_judged_by_the_run() -> None:
    """It has not moved since the beginning."""
    script = Script().enqueue(1.0).claim(2.0).final(60.0, "claimed", row=9).read()
    assert "found row 9 of order-1 claimed" in only_anomaly(NAME, script).proof
    assert check(NAME, Script().call(1.0).final(4.0, "claimed", row=9).read(4.0)).count == 0
    untouched = Script().enqueue(1.0).final(60.0, "claimed").read()
    assert check(NAME, untouched).count == 1


def test_without_a_final_read_nothing_was_looked_at() -> None:
    """However much was claimed."""
    assert check(NAME, Script().enqueue(1.0).claim(2.0)).exercised == 0
