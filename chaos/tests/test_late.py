"""The checker ``late``, and how it measures time and finds idle workers."""

from __future__ import annotations

import pytest

from chaos.checkers.awake import Awake
from chaos.checkers.disturbances import Disturbances
from chaos.checkers.late import _episodes
from chaos.checkers.waits import find_waits
from chaos.checkers.workers import find_workers
from chaos.history import History
from chaos.tests.judging import CONTRACT, assert_valid, check, only_anomaly
from chaos.tests.script import Script
from reports.schema import Verdict

NAME = "late"
WAKES_UP = 1.0


def idle_worker() -> Script:
    """Worker 900 ran one row, and has had nothing to do since 2.3 s."""
    return Script().ready(1.0).done(2.0)


def late(claimed: float, *, every: float = 1.0, owner: str = "host:900") -> Script:
    """The same; a second row is ready at 10.02 s and claimed later, and the run speaks on."""
    script = idle_worker().ready(10.0, "order-2", 2)
    at = 10.0 + every
    while at < claimed:
        script.census(at)
        at += every
    return script.claim(claimed, task="order-2", row=2, owner=owner)


def assert_not_judged(script: Script, *, others: int = 0) -> None:
    """Assert that the checker saw no idle worker while the second row waited."""
    result = check(NAME, script, wakes_up=WAKES_UP)
    assert (result.count, result.exercised) == (0, others), result


def test_a_row_that_an_idle_worker_takes_in_time_is_right() -> None:
    """Also if it took five seconds more than promised: machines are busy."""
    for claimed in (10.5, 12.0, 16.0):
        assert_valid(NAME, late(claimed), wakes_up=WAKES_UP)


def test_a_row_that_waits_for_a_whole_recovery_more_than_promised_is_late() -> None:
    """The proof names the worker that had nothing to do."""
    anomaly = only_anomaly(NAME, late(16.5), wakes_up=WAKES_UP)
    assert anomaly.task == "order-2"
    assert anomaly.proof == (
        "row 2 was ready at 10.02 s and not claimed before 16.50 s, more than 6 s later, although"
        " worker 900 held no claim all the while"
    )


def slow_queue(seconds: float, *, rows: int = 10) -> Script:
    """So many rows, each of which an idle worker claimed so late, and a first one."""
    script = idle_worker()
    for number in range(rows):
        at = 10.0 + 10 * number
        script.ready(at, f"slow-{number}", 10 + number).census(at + seconds / 2)
        script.done(at + 0.02 + seconds, f"slow-{number}", 10 + number)
    return script


def test_a_queue_that_is_always_slow_is_late_too() -> None:
    """Twice what is promised is the machine's, and of nine rows the median says nothing."""
    proof = only_anomaly(NAME, slow_queue(2.1), wakes_up=WAKES_UP).proof
    assert proof.startswith(
        "half of 10 rows that became due while a worker held no claim, and no fault was at work,"
        " waited for more than 2.10 s, where 1 s are promised; the slowest was row "
    )
    assert_valid(NAME, slow_queue(1.9), wakes_up=WAKES_UP)
    assert_valid(NAME, slow_queue(2.1, rows=9), wakes_up=WAKES_UP)


def test_a_queue_may_be_slow_while_any_fault_is_at_work() -> None:
    """Whomever it disturbs: a lock of somebody else is enough."""
    assert_valid(NAME, slow_queue(2.1).fault(5.0, "locks", until=200.0), wakes_up=WAKES_UP)
    healed = slow_queue(2.1, rows=10).fault(5.0, "locks", until=6.0)
    assert_valid(NAME, healed, wakes_up=WAKES_UP)


def test_many_rows_of_one_hold_up_do_not_make_a_slow_queue() -> None:
    """They were claimed at once, and so were those of the second hold-up."""
    script = idle_worker()
    for number in range(20):
        at = 10.0 + 10 * (number % 2) + number / 100
        script.ready(at, f"slow-{number}", 10 + number).census(at + 1.0)
        script.claim(at + 3.0, task=f"slow-{number}", row=10 + number)
        script.finish(at + 3.0, task=f"slow-{number}", row=10 + number)
    assert_valid(NAME, script, wakes_up=WAKES_UP)


def test_a_silence_may_be_the_machines() -> None:
    """Of each one, half a recovery time counts: 2.5 of these ten seconds."""
    assert_valid(NAME, late(26.0, every=100.0), wakes_up=WAKES_UP)
    assert_valid(NAME, late(26.0, every=10.0), wakes_up=WAKES_UP)
    only_anomaly(NAME, late(26.0, every=5.0), wakes_up=WAKES_UP)


def test_a_worker_that_was_busy_is_not_idle() -> None:
    """A claim of another row, all the while or for a part of it."""
    script = late(20.0).ready(13.9, "order-3", 3)
    assert_not_judged(script.claim(14.0, task="order-3", row=3, until=60.0), others=1)
    busy = late(20.0).ready(8.9, "order-3", 3)
    busy.claim(9.0, task="order-3", row=3).finish(10.5, task="order-3", row=3)
    assert_not_judged(busy, others=1)


def test_rows_that_are_claimed_together_make_nobody_busy() -> None:
    """The audit notes them one after the other."""
    script = late(20.0).ready(19.9, "order-3", 3).claim(19.98, task="order-3", row=3)
    only_anomaly(NAME, script, wakes_up=WAKES_UP)


def test_a_worker_that_may_not_have_been_there_is_not_idle() -> None:
    """It came later, was told to stop, or died."""
    assert_not_judged(late(20.0).without(lambda op: op.task == "order-1"))
    assert_not_judged(late(20.0, owner="host:901").stop(12.0))
    assert_not_judged(late(20.0, owner="host:901").kill(12.0, pid=900, in_body=False))
    assert_not_judged(late(20.0, owner="host:901").exit(19.0))


def test_another_worker_may_have_been_idle() -> None:
    """One is enough."""
    script = late(20.0).ready(3.0, "order-3", 3)
    script.claim(4.0, task="order-3", row=3, owner="host:901", until=60.0)
    only_anomaly(NAME, script, wakes_up=WAKES_UP)


def test_a_worker_of_another_queue_is_none_of_this_one() -> None:
    """It need not look at it."""
    script = Script().enqueue(1.0).done(2.0).ready(10.0, "order-2", 2)
    assert_not_judged(script.claim(20.0, task="order-2", row=2))


@pytest.mark.parametrize(
    ("disturbs", "pids", "is_excused"),
    [
        ("database", (), True),
        ("processes", (900,), True),
        ("processes", (777,), False),
        ("nothing", (), False),
    ],
)
def test_a_fault_that_may_have_held_the_worker_up_excuses_it(
    disturbs: str, pids: tuple[int, ...], *, is_excused: bool
) -> None:
    """And no other fault, and none at another time."""
    struck = late(20.0).fault(12.0, "sigstop", until=13.0, disturbs=disturbs, pids=pids)
    if is_excused:
        assert_not_judged(struck)
    else:
        only_anomaly(NAME, struck, wakes_up=WAKES_UP)
    before = late(20.0).fault(4.0, "sigstop", until=5.0, disturbs=disturbs, pids=pids)
    only_anomaly(NAME, before, wakes_up=WAKES_UP)


def test_a_row_that_nobody_ever_claimed_is_stuck_and_not_late() -> None:
    """Another check has it."""
    assert_not_judged(late(30.0).without(lambda op: op.f == "claim" and op.task == "order-2"))


def test_a_contract_that_wakes_nobody_up_has_the_recovery_time_for_it() -> None:
    """It is shown, and forbidden by nothing."""
    result = check(NAME, late(21.0))
    assert (result.verdict, result.count, result.is_forbidden) == (Verdict.VALID, 1, False)
    assert check(NAME, late(19.0)).count == 0


def test_time_is_measured_from_any_moment_to_any_other() -> None:
    """Before the first op and after the last one, too."""
    history = History(Script().census(1.0).census(9.0).ops)
    awake = Awake(history, CONTRACT)
    start, origin = history.ops[0].time, 1e9
    assert awake.seconds(start - 5 * origin, start) == 0.0
    assert awake.seconds(start, start + 0.5 * origin) == 0.5
    assert awake.seconds(start, start + 9 * origin) == 3.5
    assert awake.seconds(start + 9 * origin, start + 99 * origin) == 2.5
    assert awake.seconds(start + 9 * origin, start) == 0.0


def test_the_waits_of_a_run_are_found_once() -> None:
    """Several checkers ask for them."""
    history = History(late(20.0).ops)
    assert find_waits(history) is find_waits(history)


def test_an_owner_whose_name_tells_no_pid_is_no_worker() -> None:
    """Nobody could tell whether it lived."""
    assert find_workers(History(Script().ready(1.0).claim(2.0, owner="somebody").ops)) == {}


def test_windows_that_overlap_are_one_time_of_disturbance() -> None:
    """One that was never healed lasts."""
    script = Script().fault(2.0, "a", until=9.0, disturbs="database")
    script.fault(3.0, "b", until=4.0, disturbs="database").fault(20.0, "c", disturbs="processes")
    history = History(script.ops)
    disturbances = Disturbances(history.windows)
    origin = history.ops[0].time
    for start, end, expected in ((0, 1, 0), (1, 2, 1), (6, 7, 1), (10, 19, 0), (99, 100, 1)):
        span = origin + start * 1e9, origin + end * 1e9
        assert disturbances.at_work(*span) == bool(expected)


def test_overlapping_claims_are_one_time_of_being_busy() -> None:
    """The longest one decides."""
    script = Script().ready(1.0).ready(1.0, "order-2", 2).claim(2.0, until=30.0)
    history = History(script.claim(3.0, task="order-2", row=2, until=4.0).ops)
    (worker,) = find_workers(history).values()
    assert (len(worker.starts), len(worker.claims)) == (1, 2)
    assert history.seconds(worker.ends[0]) == 30.0


def test_a_row_that_somebody_took_away_was_not_late() -> None:
    """It was never claimed at all."""
    script = idle_worker().ready(10.0, "order-2", 2)
    for at in range(11, 30):
        script.census(at)
    assert_not_judged(script.audit(30.0, "deleted", "order-2", 2))


def test_one_hold_up_after_which_many_are_claimed_is_one_pickup() -> None:
    """Ten rows waited for three seconds, and all of them for the same reason."""
    script = idle_worker()
    for row in range(10, 20):
        script.ready(10.0, f"order-{row}", row)
    script.census(11.5)
    for row in range(10, 20):
        script.claim(13.02 + row / 1000, task=f"order-{row}", row=row)
    assert_valid(NAME, script, wakes_up=WAKES_UP)


def test_a_few_slow_pickups_among_quick_ones_are_the_machines() -> None:
    """Three of ten."""
    script = slow_queue(2.1, rows=3)
    for number in range(7):
        at = 50.0 + 10 * number
        script.ready(at, f"quick-{number}", 50 + number)
        script.done(at + 0.1, f"quick-{number}", 50 + number)
    assert_valid(NAME, script, wakes_up=WAKES_UP)


def test_episodes_lie_apart_and_each_counts_once() -> None:
    """The first one begins at the first time; what follows too soon belongs to it."""
    seconds = (0.0, 1.0, 5.0, 20.0)
    assert _episodes([time * 1e9 for time in seconds], 2.0) == 3
    assert _episodes([], 2.0) == 0


def test_three_episodes_are_enough_and_the_slowest_pickup_is_shown() -> None:
    """Four rows are claimed at each of two late moments, and two at a third."""
    script = idle_worker()
    for number, rows in enumerate(([10, 11, 12, 13], [14, 15, 16, 17], [18, 19])):
        at = 10.0 + 20 * number
        for row in rows:
            script.ready(at, f"order-{row}", row)
        script.census(at + 1.5)
        for row in rows:
            wait = 3.0 + (0.5 if number == 0 else 0.0)
            script.done(at + wait + row / 1000, f"order-{row}", row)
    anomaly = only_anomaly(NAME, script, wakes_up=WAKES_UP)
    assert anomaly.task == "order-13"
    assert anomaly.proof.endswith("the slowest was row 13, ready at 10.02 s and claimed at 13.51 s")


def waits_of(script: Script) -> list[tuple[str, float]]:
    """Return what opened each wait, and since when the row was ready."""
    history = History(script.ops)
    waits = find_waits(history)
    return [(wait.opened.f, round(history.seconds(wait.ready_time), 3)) for wait in waits]


def test_only_a_creation_and_a_release_begin_a_wait() -> None:
    """Who changes a row ends its wait, and nobody knows what followed."""
    script = Script().enqueue(1.0).audit(3.0, "changed", run_at=1003.0).claim(5.0)
    assert waits_of(script) == [("created", 1.02)]


def test_a_release_is_seen_when_it_is_told() -> None:
    """Whether the row's call was ever answered or not; a creation is not, without that."""
    script = Script().call(1.0).created(1.1).claim(2.0).release(3.0, token=1, attempts=1)
    assert waits_of(script.claim(4.0, token=2)) == [("release", 3.0)]
    for word in ("release", "created"):
        ownerless = Script().audit(1.0, word, None, run_at=1001.0)
        assert waits_of(ownerless) == [(word, 1.0)]
    timeless = Script().enqueue(1.0).claim(2.0).audit(3.0, "release", token=1).claim(4.0, token=2)
    assert waits_of(timeless) == [("created", 1.02)]


def test_a_row_that_no_call_names_is_seen_when_it_is_created() -> None:
    """If every call of its task is answered; a duplicate's answer moves nothing."""
    script = Script().enqueue(1.0).created(3.0, row=2).call(5.0).answer(6.0, duplicate=True)
    assert waits_of(script) == [("created", 1.02), ("created", 3.0)]


def test_a_worker_is_idle_between_its_claims_in_queues_that_it_serves() -> None:
    """Not during one, nor in a queue that it never claimed from."""
    script = Script().ready(1.0).claim(2.0, until=5.0).ready(8.0, "order-2", 2)
    script.claim(9.0, task="order-2", row=2, until=12.0)
    (worker,) = find_workers(History(script.ops)).values()
    zero = script.ops[0].time
    for start, end, is_idle in ((2.5, 4.0, False), (3.0, 8.0, False), (5.5, 8.0, True)):
        span = zero + start * 1e9, zero + end * 1e9
        assert worker.is_idle("default", *span) is is_idle
        assert not worker.is_idle("another", *span)
    assert not worker.is_idle("default", zero + 1.0 * 1e9, zero + 1.5 * 1e9)
    unborn = find_workers(History(Script().claim(2.0).ops))
    assert list(unborn[900].came) == [None]
