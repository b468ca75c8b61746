"""The numbers of a run."""

from __future__ import annotations

from chaos.counts import count
from chaos.history import History
from chaos.tests.judging import CONTRACT
from chaos.tests.script import Script, good_run, killed_run
from reports.schema import Counts


def test_a_quiet_run_counts_its_tasks() -> None:
    """And nothing else."""
    expected = Counts(attempted=1, acknowledged=1, ok=1)
    assert count(History(good_run().ops), CONTRACT) == expected


def test_a_killed_run_counts_its_kills_and_its_recovery() -> None:
    """From the sight of the death to the next start."""
    counts = count(History(killed_run().ops), CONTRACT)
    assert (counts.retried, counts.kills_landed, counts.kills_in_body) == (1, 1, 1)
    assert counts.recovery_ms_p50 == counts.recovery_ms_max == 290.0
    assert counts.duplicated == 0
    later = count(History(killed_run().start(9.0, pid=802, number=3).ops), CONTRACT)
    assert later.recovery_ms_max == 290.0


def test_tasks_are_counted_by_what_became_of_them() -> None:
    """Each in Jepsen's words."""
    script = good_run()
    script.call(3.0).answer(3.1, duplicate=True)
    script.enqueue(4.0, "lost", 2)
    script.enqueue(5.0, "twice", 3).body(5.1, task="twice", row=3)
    script.body(5.5, pid=801, number=2, task="twice", row=3)
    script.body(6.0, task="surprise", row=4)
    script.call(7.0, "recovered").body(7.1, task="recovered", row=5)
    script.call(7.5, "recovering").start(7.6, task="recovering", row=8)
    script.call(7.7, "known").refuse(7.8, "info", "known").enqueue(7.9, "known", 9)
    script.body(7.95, task="known", row=9)
    script.call(8.0, "unknown").refuse(8.1, "info", "unknown")
    script.enqueue(9.0, "given-up", 6).audit(9.5, "dead-letter", "given-up", 6)
    script.enqueue(10.0, "failed", 7).final(60.0, "failed", task="failed", row=7)
    script.call(11.0, "refused").refuse(11.1, "fail", "refused")
    assert count(History(script.ops), CONTRACT) == Counts(
        attempted=12,
        acknowledged=7,
        ok=5,
        lost=1,
        duplicated=1,
        unexpected=1,
        recovered=2,
        retried=1,
        dead_lettered=2,
    )


def test_the_median_and_the_longest_recovery_are_told() -> None:
    """Over all kills in bodies, in milliseconds."""
    script = Script()
    for row, seconds in enumerate((0.5, 3.0, 0.1), start=1):
        at, task = 10.0 * row, f"order-{row}"
        script.enqueue(at, task, row).start(at + 1, pid=row, task=task, row=row)
        script.kill(at + 2, pid=row, seen=0.0)
        script.start(at + 2 + seconds, pid=99, number=2, task=task, row=row)
    counts = count(History(script.ops), CONTRACT)
    assert counts.recovery_ms_p50 == 500.0
    assert counts.recovery_ms_max == 3000.0


def test_a_task_that_restarts_before_its_death_is_seen_recovers_in_no_time() -> None:
    """A supervisor is quicker than its observers."""
    script = Script().enqueue(1.0).start(2.0).kill(2.1, seen=0.5).start(2.2, pid=801, number=2)
    assert count(History(script.ops), CONTRACT).recovery_ms_max == 0.0


def test_a_kill_of_the_holder_of_a_claim_interrupts_what_its_children_ran() -> None:
    """Not what another owner's children ran, nor what had ended before."""
    script = Script().enqueue(1.0).claim(2.0, owner="host:900").start(2.1)
    script.enqueue(1.1, "order-2", 2).claim(2.0, task="order-2", row=2, owner="host:901")
    script.start(2.1, pid=801, task="order-2", row=2)
    script.enqueue(1.2, "order-3", 3).claim(1.3, task="order-3", row=3, owner="host:900")
    script.body(1.4, pid=802, task="order-3", row=3)
    script.kill(3.0, pid=900, seen=0.0)
    for row, at in ((1, 4.0), (2, 5.0), (3, 6.0)):
        task = f"order-{row}"
        script.start(at, pid=803, number=2, task=task, row=row)
    assert count(History(script.ops), CONTRACT).recovery_ms_max == 1000.0
    assert count(History(script.ops), CONTRACT).recovery_ms_p50 == 1000.0


def test_a_kill_without_a_body_and_a_task_without_a_restart_have_no_recovery() -> None:
    """There is nothing to measure."""
    script = Script().enqueue(1.0).start(2.0).kill(3.0)
    assert count(History(script.ops), CONTRACT).recovery_ms_p50 is None
    idle = killed_run().without(lambda op: op.f == "kill").kill(2.3, in_body=False)
    assert count(History(idle.ops), CONTRACT).recovery_ms_p50 is None
