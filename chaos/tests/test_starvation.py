"""The checker ``starvation``."""

from __future__ import annotations

import random
from typing import Any

from chaos.checkers.passing_over import CLAIM_SECONDS
from chaos.checkers.ranks import Ranks
from chaos.checkers.starvation import MANY
from chaos.tests.judging import assert_valid, check, only_anomaly
from chaos.tests.script import Script
from reports.schema import Verdict

NAME = "starvation"


def overtaken(others: int, *, claimed: float | None = 60.0, priority: int = 0) -> Script:
    """A row that is ready at 1 s, and others that are ready later and claimed from 20 s on."""
    script = Script().ready(1.0)
    for row in range(2, others + 2):
        script.ready(1.0 + row * 0.01, f"order-{row}", row, priority=priority)
        script.claim(20.0 + row * 0.01, task=f"order-{row}", row=row)
    return script if claimed is None else script.claim(claimed)


def test_a_row_that_a_hundred_later_ones_overtake_is_starved() -> None:
    """The proof says how many, and how long it waited."""
    anomaly = only_anomaly(NAME, overtaken(MANY), in_order=True)
    assert anomaly.task == "order-1"
    assert anomaly.proof == (
        f"row 1 waited from 1.02 s until 60.00 s while {MANY} rows of its queue and priority that"
        " were due later were claimed"
    )


def test_a_row_that_nobody_ever_claimed_is_starved_to_the_end() -> None:
    """The proof says so."""
    proof = only_anomaly(NAME, overtaken(MANY, claimed=None), in_order=True).proof
    assert "waited from 1.02 s to the end of the run while" in proof


def test_fewer_than_a_hundred_starve_nobody() -> None:
    """Some cross each other while several workers look at the same rows."""
    assert_valid(NAME, overtaken(MANY).without(lambda op: op.f == "claim" and op.task == "order-9"))
    assert check(NAME, overtaken(MANY - 1), in_order=True).exercised == 0


def test_a_row_that_is_claimed_in_its_turn_is_not_starved() -> None:
    """Nor one that was locked while the others were claimed around it."""
    for at in (20.0, 21.5):
        assert_valid(NAME, overtaken(MANY, claimed=at), in_order=True)


def test_rows_of_another_priority_may_all_go_first() -> None:
    """That is what priorities are for."""
    assert check(NAME, overtaken(MANY + 9, priority=5), in_order=True).count == 0


def test_rows_whose_priority_nobody_tells_have_no_line() -> None:
    """Any of them may go first."""
    script = Script()
    for row in range(1, MANY + 9):
        script.enqueue(1.0 + row * 0.01, f"order-{row}", row)
    assert check(NAME, script, in_order=True).exercised == 0


def test_rows_that_were_due_earlier_and_seen_later_go_first() -> None:
    """A batch commits long after its rows were made, and keeps its place in the line."""
    script = Script().ready(10.0)
    for row in range(2, MANY + 9):
        script.call(1.0, f"order-{row}")
        told: dict[str, Any] = {"run_at": 1002.0, "priority": 0, "queue": "default"}
        script.audit(2.0, "created", f"order-{row}", row, **told)
        script.answer(12.0, f"order-{row}", row=row)
        script.claim(20.0 + row * 0.01, task=f"order-{row}", row=row)
    assert_valid(NAME, script.claim(60.0), in_order=True)


def test_rows_that_were_claimed_before_it_was_ready_overtook_nobody() -> None:
    """It was released to its old place in the line."""
    script = overtaken(MANY, claimed=None).claim(10.0).release(40.0, token=1, attempts=1)
    assert_valid(NAME, script.claim(60.0, token=2), in_order=True)


def test_a_fault_meanwhile_excuses_it() -> None:
    """It may have kept the row locked; one that was over long before does not."""
    early = overtaken(MANY).fault(10.0, "lock", until=11.0, disturbs="database")
    only_anomaly(NAME, early, in_order=True)
    script = overtaken(MANY).fault(15.5, "lock", until=16.5, disturbs="database")
    assert check(NAME, script, in_order=True).count == 0


def test_a_contract_that_promises_no_order_allows_it() -> None:
    """It is counted all the same."""
    result = check(NAME, overtaken(MANY))
    assert (result.verdict, result.count, result.is_forbidden) == (Verdict.VALID, 1, False)


def test_ranks_count_as_a_plain_count_does() -> None:
    """Whatever is added and taken away."""
    rng = random.Random(3)  # noqa: S311 - it picks, it hides nothing
    numbers = [rng.choice(range(20)) / 4 for _ in range(60)]
    ranks, present = Ranks(numbers), list[float]()
    for number in numbers:
        if present and rng.random() < 0.3:
            gone = present.pop(rng.randrange(len(present)))
            ranks.add(gone, -1)
        ranks.add(number)
        present.append(number)
        probe = rng.uniform(-1, 6)
        assert ranks.below(probe) == sum(one < probe for one in present)
        assert ranks.total == len(present)


def test_a_second_is_what_a_claim_may_take() -> None:
    """The tests above lean on it."""
    assert CLAIM_SECONDS == 1.0


def test_the_row_that_most_others_overtook_is_shown_first() -> None:
    """Both are starved."""
    script = overtaken(MANY + 5).ready(1.055, "order-0", 999).claim(61.0, task="order-0", row=999)
    result = check(NAME, script, in_order=True)
    assert [anomaly.task for anomaly in result.anomalies] == ["order-1", "order-0"]


def test_only_what_is_claimed_while_a_row_waits_overtakes_it() -> None:
    """It became ready late, though it is the first by its time."""
    script = overtaken(MANY, claimed=None).without(lambda op: op.task == "order-1")
    script.ready(10.0, due=1.0).claim(60.0)
    for row in range(500, 520):
        script.ready(3.0, f"order-{row}", row).claim(5.0, task=f"order-{row}", row=row)
    proof = only_anomaly(NAME, script, in_order=True).proof
    assert f"while {MANY} rows" in proof


def test_rows_that_were_due_with_it_do_not_overtake_it() -> None:
    """Nor those within a tick of the clock."""
    script = Script().ready(1.0, due=1.0)
    for row in range(2, MANY + 2):
        script.ready(1.5, f"order-{row}", row, due=1.0005)
        script.claim(20.0 + row * 0.01, task=f"order-{row}", row=row)
    assert check(NAME, script.claim(60.0), in_order=True).count == 0


def test_rows_that_nobody_claims_starve_nobody() -> None:
    """There is no one who overtook them."""
    script = overtaken(MANY, claimed=None).without(lambda op: op.f == "claim")
    assert_valid(NAME, script, in_order=True)
