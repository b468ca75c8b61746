"""The checker ``order-inversion``, and what it shares with ``priority-inversion``."""

from __future__ import annotations

import random
from typing import Any

from chaos.checkers.passing_over import CLAIM_SECONDS, Judged, sweep
from chaos.checkers.waits import find_waits
from chaos.history import History
from chaos.tests.judging import CONTRACT, assert_valid, check, only_anomaly
from chaos.tests.script import Script
from reports.schema import Verdict

NAME = "order-inversion"


def backlog() -> Script:
    """Two equal rows, due at 1 s and at 2 s."""
    return Script().ready(1.0, "order-1", 1).ready(2.0, "order-2", 2)


def test_claims_in_the_order_of_their_due_times_are_right() -> None:
    """The later row waited, and might have been claimed first."""
    script = backlog().claim(5.0).claim(8.0, task="order-2", row=2)
    assert_valid(NAME, script, in_order=True)


def test_a_claim_that_passes_over_a_row_that_was_due_earlier_is_an_inversion() -> None:
    """The proof names both rows, both due times, and how many were passed over."""
    script = backlog().claim(5.0, task="order-2", row=2).claim(8.0)
    anomaly = only_anomaly(NAME, script, in_order=True)
    assert anomaly.task == "order-1"
    assert anomaly.proof == (
        "row 2, due at 2.00 s, was claimed at 5.00 s while 1 of its queue and priority waited that"
        " were due before it: row 1 since 1.02 s, due at 1.00 s"
    )
    assert {op.task for op in anomaly.witness} >= {"order-1", "order-2"}


def test_the_deepest_inversion_is_shown_first() -> None:
    """The last of six rows was claimed first, and the fifth one next."""
    script = Script()
    for row in range(1, 7):
        script.ready(row * 0.1, f"order-{row}", row)
    for at, row in zip(range(5, 35, 5), range(6, 0, -1), strict=True):
        script.claim(at, task=f"order-{row}", row=row)
    result = check(NAME, script, in_order=True)
    assert result.count == 5
    assert [anomaly.proof.split("while ")[1][0] for anomaly in result.anomalies] == list("54321")


def test_a_row_that_another_worker_was_about_to_claim_is_skipped_rightly() -> None:
    """SKIP LOCKED: it is claimed within a second."""
    script = backlog().claim(5.0, task="order-2", row=2).claim(5.9, owner="host:901")
    assert check(NAME, script, in_order=True).count == 0
    late = backlog().claim(5.0, task="order-2", row=2).claim(6.1, owner="host:901")
    only_anomaly(NAME, late, in_order=True)


def test_a_row_that_was_not_to_be_seen_for_long_is_not_passed_over() -> None:
    """It became due a moment before, or its transaction committed late, or nobody knows when."""
    claims = Script().ready(2.0, "order-2", 2).claim(5.0, task="order-2", row=2)
    assert check(NAME, claims.ready(4.5, due=1.0).claim(8.0), in_order=True).count == 0
    slow = Script().call(0.5).ready(2.0, "order-2", 2).claim(5.0, task="order-2", row=2)
    told: dict[str, Any] = {"run_at": 1001.0, "priority": 0, "queue": "default"}
    slow.audit(1.0, "created", **told).answer(4.5).claim(8.0)
    assert check(NAME, slow, in_order=True).count == 0
    unknown = slow.without(
        lambda op: op.type == "ok" and op.f == "enqueue" and op.task == "order-1"
    )
    assert check(NAME, unknown, in_order=True).count == 0


def test_rows_of_other_queues_and_priorities_have_their_own_order() -> None:
    """So have rows whose place nobody tells."""
    for changes in ({"priority": 1}, {"queue": "other"}, {"priority": None}):
        told: dict[str, Any] = {"run_at": 1001.0, "priority": 0, "queue": "default", **changes}
        script = Script().audit(1.0, "created", **told).ready(2.0, "order-2", 2)
        script.claim(5.0, task="order-2", row=2).claim(8.0)
        assert check(NAME, script, in_order=True).count == 0


def test_equal_due_times_have_no_order() -> None:
    """Nor have those within a tick of the clock."""
    for due in (1.0, 1.0009):
        script = Script().ready(1.0, due=1.0).ready(1.5, "order-2", 2, due=due)
        script.claim(5.0, task="order-2", row=2).claim(8.0)
        assert check(NAME, script, in_order=True).count == 0


def test_a_row_that_was_released_keeps_its_place() -> None:
    """It is ready from its release on."""
    script = backlog().claim(2.5).release(3.0, token=1, attempts=1, due=1.0)
    script.claim(7.0, task="order-2", row=2).claim(9.0, token=2)
    assert "row 1 since 3.00 s" in only_anomaly(NAME, script, in_order=True).proof


def test_a_row_that_was_deleted_or_changed_is_passed_over_until_then_only() -> None:
    """Nobody knows what became of it."""
    for word in ("deleted", "changed"):
        script = backlog().audit(4.0, word).claim(5.0, task="order-2", row=2)
        assert check(NAME, script, in_order=True).count == 0


def test_a_fault_may_have_locked_the_row() -> None:
    """Whoever it struck, and for one recovery time more; if it disturbs nobody, it excuses none."""
    for disturbs, at, count in (
        ("database", 9.0, 0),
        ("processes", 9.0, 0),
        ("database", 5.5, 0),
        ("database", 4.0, 1),
        ("database", 12.0, 1),
        ("nothing", 9.0, 1),
    ):
        script = backlog().claim(10.0, task="order-2", row=2).claim(18.0)
        script.fault(at, "sigstop", until=at + 0.5, disturbs=disturbs, pids=(777,))
        assert check(NAME, script, in_order=True).count == count


def test_a_contract_that_promises_no_order_allows_it() -> None:
    """It is counted all the same."""
    result = check(NAME, backlog().claim(5.0, task="order-2", row=2).claim(8.0))
    assert (result.verdict, result.count, result.is_forbidden) == (Verdict.VALID, 1, False)


def test_the_sweep_agrees_with_a_count_of_all_pairs() -> None:
    """On backlogs that are claimed in any order."""
    rng = random.Random(7)  # noqa: S311 - it picks, it hides nothing
    for _ in range(20):
        script = Script()
        for row in range(1, 13):
            script.ready(rng.uniform(0.0, 9.0), f"order-{row}", row)
        for row in rng.sample(range(1, 13), k=10):
            script.claim(rng.uniform(10.0, 20.0), task=f"order-{row}", row=row)
        waits = find_waits(history := History(script.ops))
        judged = Judged(history, CONTRACT)
        found = sweep(judged, waits, group=lambda _: 0, key=lambda wait: wait.run_at)
        depths = {one.claimed.row.id: one.depth for one in found if one.depth}
        expected = {
            claimed.row.id: count
            for claimed in waits
            if claimed.is_claimed
            and (
                count := sum(
                    other.run_at < claimed.run_at - 0.001
                    and other.ready + CLAIM_SECONDS < claimed.until < other.until - CLAIM_SECONDS
                    for other in waits
                )
            )
        }
        assert depths == expected


def test_a_fault_that_strikes_while_a_claim_commits_may_have_led_it_astray() -> None:
    """Within a second after its time; and the witness tells a shared task's story once."""
    for at, count in ((10.5, 0), (11.5, 1)):
        script = backlog().claim(10.0, task="order-2", row=2).claim(18.0)
        script.fault(at, "sigstop", until=at + 0.2, disturbs="database")
        assert check(NAME, script, in_order=True).count == count
    one = Script().ready(1.0, "order-1", 1).ready(2.0, "order-1", 2)
    anomaly = only_anomaly(NAME, one.claim(5.0, row=2).claim(8.0), in_order=True)
    assert len(anomaly.witness) == len({id(op) for op in anomaly.witness})
