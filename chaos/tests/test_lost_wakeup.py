"""The checker ``lost-wakeup``."""

from __future__ import annotations

from chaos.checkers.lost_wakeup import AFTER, BEFORE
from chaos.tests.judging import assert_valid, check, only_anomaly
from chaos.tests.script import Script
from reports.schema import Verdict

NAME = "lost-wakeup"
WAKES_UP = 1.0


def pickups(script: Script, first: int, count: int, *, seconds: float) -> Script:
    """Rows that become due four seconds apart and are claimed so many seconds later."""
    for row in range(first, first + count):
        script.ready(row * 4.0, f"order-{row}", row)
        script.done(row * 4.0 + 0.02 + seconds, f"order-{row}", row)
    return script


def run(*, before: float = 0.2, after: float, count: int = AFTER, base: int = BEFORE) -> Script:
    """A run with a fault from 98 s to 100 s; row 1 only shows that there is a worker."""
    script = pickups(Script(), 1, base + 1, seconds=before)
    script.fault(98.0, "backend-terminated", until=99.0, disturbs="database")
    return pickups(script, 30, count, seconds=after)


def test_pickups_that_are_as_quick_as_before_are_right() -> None:
    """Or a little slower: machines are busy."""
    for after in (0.2, 1.2, 1.9):
        assert_valid(NAME, run(after=after), wakes_up=WAKES_UP)


def test_pickups_that_have_become_slow_show_that_nobody_is_woken_up() -> None:
    """One finding for the run, with both medians and an example."""
    proof = only_anomaly(NAME, run(after=2.4), wakes_up=WAKES_UP).proof
    assert proof == (
        f"of the {AFTER} rows that became due after the last heal while a worker was idle, half"
        " waited for 2.40 s or more, and half of those before the first fault for no more than"
        " 0.20 s; row 30 waited from 120.02 s to 122.42 s"
    )


def test_a_few_slow_pickups_prove_nothing() -> None:
    """Most of them have to be slow."""
    script = run(after=3.0, count=AFTER // 2)
    assert_valid(NAME, pickups(script, 50, AFTER // 2 + 1, seconds=0.2), wakes_up=WAKES_UP)


def test_too_few_pickups_are_not_judged() -> None:
    """Before or after."""
    for script in (run(after=3.0, count=AFTER - 1), run(after=3.0, base=BEFORE - 1)):
        assert check(NAME, script, wakes_up=WAKES_UP).verdict == Verdict.UNKNOWN


def test_a_machine_that_was_slow_before_the_fault_proves_nothing() -> None:
    """Nor does a run without a fault, one that never healed, and a contract that wakes nobody."""
    assert check(NAME, run(before=1.5, after=3.0), wakes_up=WAKES_UP).exercised == 0
    quiet = pickups(Script(), 1, 30, seconds=3.0)
    assert check(NAME, quiet, wakes_up=WAKES_UP).exercised == 0
    ill = run(after=3.0).without(lambda op: op.f == "heal")
    assert check(NAME, ill, wakes_up=WAKES_UP).exercised == 0
    assert check(NAME, run(after=3.0)).exercised == 0


def test_rows_that_are_never_claimed_do_not_count() -> None:
    """They are stuck, which another check says."""
    script = run(after=0.2).ready(300.0, "order-99", 99)
    assert check(NAME, script, wakes_up=WAKES_UP).exercised == AFTER


def test_what_is_not_promised_or_cannot_be_compared_was_not_looked_at() -> None:
    """The check says so, and did not crash."""
    silent = Script().ready(1.0).fault(98.0, "restart", until=99.0, disturbs="database")
    for script, terms in ((run(after=2.4), {}), (silent, {"wakes_up": WAKES_UP})):
        result = check(NAME, script, **terms)
        assert (result.exercised, result.count) == (0, 0)
        assert result.note.startswith("never put to the test")
