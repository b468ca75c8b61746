"""The checker ``slow-recovery``, and the recovery time of a run."""

from __future__ import annotations

from chaos.checkers.slow_recovery import healed_at, recovery_seconds
from chaos.history import History
from chaos.tests.judging import assert_valid, check, only_anomaly
from chaos.tests.script import Script
from reports.schema import Verdict

NAME = "slow-recovery"


def healed(*, end: float = 30.0, every: float = 1.0) -> Script:
    """Worker 900 is idle, a row waits since 8 s, a fault heals at 10 s, and the run speaks on."""
    script = Script().ready(1.0).done(2.0).ready(8.0, "order-2", 2)
    script.fault(9.0, "server-killed", until=9.99, disturbs="database")
    at = 10.0 + every
    while at < end:
        script.census(at)
        at += every
    return script.read(end)


def test_a_queue_that_moves_within_three_recoveries_recovers() -> None:
    """Whatever it is that moves."""
    assert_valid(NAME, healed(end=25.0))
    assert_valid(NAME, healed().claim(20.0, task="order-2", row=2))
    assert_valid(NAME, healed().audit(20.0, "release", "order-3", 3))


def test_a_standstill_while_a_row_is_due_and_a_worker_idle_is_found() -> None:
    """The proof names the row and the worker, and from when to when nothing moved."""
    anomaly = only_anomaly(NAME, healed())
    assert anomaly.task == "order-2"
    assert anomaly.proof == (
        "after the last heal nothing moved from 10.00 s to 30.00 s, although row 2 was ready since"
        " 8.02 s and worker 900 held no claim"
    )


def test_a_standstill_between_two_moves_is_one_too() -> None:
    """The row was claimed at last."""
    only_anomaly(NAME, healed(end=40.0).claim(28.0, task="order-2", row=2))


def test_a_row_that_became_due_in_the_standstill_has_the_rest_of_it() -> None:
    """Fifteen seconds are asked for, from then on."""
    for due, count in ((14.0, 1), (16.0, 0)):
        script = healed().without(lambda op: op.task == "order-2").ready(due, "order-2", 2)
        assert check(NAME, script).count == count


def test_nobody_is_accused_who_had_nothing_to_do_or_could_not() -> None:
    """No row was due, the worker was busy, gone, or held up; or the machine was silent."""
    assert check(NAME, healed().without(lambda op: op.task == "order-2")).count == 0
    busy = healed().ready(8.0, "order-3", 3).claim(8.5, task="order-3", row=3, until=60.0)
    assert check(NAME, busy).count == 0
    assert check(NAME, healed().exit(12.0, status=-9)).count == 0
    assert check(NAME, healed(every=100.0)).count == 0


def test_a_run_without_a_fault_or_without_a_heal_puts_nothing_to_the_test() -> None:
    """Nothing had to recover."""
    quiet = Script().ready(1.0).done(2.0)
    ill = healed().without(lambda op: op.f == "heal")
    for script in (quiet, ill):
        assert check(NAME, script).verdict == Verdict.UNKNOWN
        assert healed_at(History(script.ops)) is None
        assert recovery_seconds(History(script.ops)) is None


def test_the_recovery_ends_with_the_last_row_that_was_due_at_the_heal() -> None:
    """Rows that came later have nothing to do with it, and a kill is a fault, too."""
    script = healed().done(13.0, "order-2", 2).ready(11.0, "order-3", 3).done(20.0, "order-3", 3)
    assert recovery_seconds(History(script.ops)) == 3.3
    killed = Script().ready(1.0).kill(2.0).done(5.02)
    assert round(recovery_seconds(History(killed.ops)) or 0.0, 6) == 3.31


def test_a_recovery_that_never_ends_has_no_time_and_one_of_nothing_takes_none() -> None:
    """None, and zero."""
    assert recovery_seconds(History(healed().ops)) is None
    idle = healed().without(lambda op: op.task == "order-2")
    assert recovery_seconds(History(idle.ops)) == 0.0


def ended_by(*words: str) -> Script:
    """Two rows were due at the heal; the second one ended at 13 s, in these words."""
    script = Script().ready(1.0).ready(1.5, "order-2", 2)
    script.fault(9.0, "server-killed", until=9.99, disturbs="database").done(11.0)
    for word in words:
        script.audit(13.0, word, "order-2", 2)
    return script


def test_every_end_of_a_row_ends_its_part_of_the_recovery() -> None:
    """A subject may tell of it in one word only."""
    for word in ("finish", "dead-letter", "deleted"):
        assert recovery_seconds(History(ended_by(word).ops)) == 3.0


def test_a_recovery_lasts_until_all_rows_are_gone() -> None:
    """One that stays makes it endless; without any row it takes no time."""
    assert recovery_seconds(History(ended_by().ops)) is None
    empty = Script().fault(9.0, "server-killed", until=9.99, disturbs="database")
    assert recovery_seconds(History(empty.ops)) == 0.0


def test_a_standstill_is_found_once_however_many_rows_waited() -> None:
    """It is one."""
    assert check(NAME, healed().ready(8.5, "order-3", 3)).count == 1


def test_who_keeps_a_task_alive_moves_nothing() -> None:
    """Heartbeats go on in any standstill."""
    script = healed().enqueue(3.0, "order-9", 9).claim(4.0, task="order-9", row=9, owner="h:901")
    for at in (12.0, 18.0, 24.0):
        script.audit(at, "heartbeat", "order-9", 9, token=1, lease_until=1100.0)
    only_anomaly(NAME, script)


def test_what_follows_the_final_read_is_no_part_of_a_standstill() -> None:
    """But without a final read the run lasts to its last op."""
    late = healed(end=20.0)
    for at in range(21, 45):
        late.census(at)
    assert check(NAME, late).count == 0
    endless = healed().without(lambda op: op.process == "final-read")
    assert "from 10.00 s to 29.00 s" in only_anomaly(NAME, endless).proof


def test_a_run_without_a_heal_looks_at_nothing() -> None:
    """The check says so, and did not crash."""
    result = check(NAME, healed().without(lambda op: op.f == "heal"))
    assert (result.exercised, result.count) == (0, 0)
    assert result.note.startswith("never put to the test")


def test_each_row_has_its_own_end_however_many_there_are() -> None:
    """The first one never went, and the last one did."""
    script = Script().ready(1.0).ready(1.5, "order-2", 2)
    script.fault(9.0, "server-killed", until=9.99, disturbs="database")
    assert recovery_seconds(History(script.done(11.0, "order-2", 2).ops)) is None
