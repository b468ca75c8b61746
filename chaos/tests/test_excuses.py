"""What faults excuse, and the nearest histories in which they excuse nothing."""

from __future__ import annotations

from typing import Any

import pytest

from chaos.checkers.excuses import successions
from chaos.history import History
from chaos.tests.judging import assert_valid, check, only_anomaly
from chaos.tests.script import Script

REDELIVERY = "unjustified-redelivery"
TWICE = "duplicated-effect"
UNNOTICED = "unnoticed-death"
AGAIN = (REDELIVERY, TWICE)
ELSEWHERE = [
    {"at": 0.2, "until": 0.5, "disturbs": "database"},
    {"at": 8.2, "until": 9.5, "disturbs": "database"},
    {"at": 3.0, "until": 6.0, "disturbs": "processes", "pids": (901, 801)},
    {"at": 3.0, "until": 6.0, "disturbs": "nothing", "pids": (900, 800)},
    {"at": 3.0, "until": 6.0, "disturbs": "processes", "pids": (900, 800), "landed": False},
]
"""Before, after, others, a skewed clock, and a pause that nobody saw to land on anybody."""
STRIKING = [
    {"at": 3.0, "until": 6.0, "disturbs": "database"},
    {"at": 3.0, "until": 6.0, "disturbs": "processes", "pids": (900,)},
    {"at": 3.0, "until": 6.0, "disturbs": "processes", "pids": (800,)},
    {"at": 3.0, "disturbs": "processes", "pids": (900,)},
]
"""The database out of reach, the holder paused, the body paused, and never healed."""


def struck(script: Script, fault: dict[str, Any]) -> Script:
    """Let a fault strike."""
    terms = dict(fault)
    return script.fault(terms.pop("at"), "fault", **terms)


def taken_away() -> Script:
    """A task whose lease ran out at 7 s while its body lived on, and that ran again at 8.1 s."""
    script = Script().enqueue(1.0).claim(2.0).start(2.1).effect(2.2)
    script.claim(8.0, token=2, owner="host:901").body(8.1, pid=801, number=2)
    return script.finish(8.4, token=2).end(9.0)


@pytest.mark.parametrize("name", AGAIN)
@pytest.mark.parametrize("fault", STRIKING)
def test_who_was_struck_may_lose_its_task_to_another(name: str, fault: dict[str, Any]) -> None:
    """Its lease ran out while nobody could renew it; the body's own finish is refused."""
    assert_valid(name, struck(taken_away(), fault))


@pytest.mark.parametrize("name", AGAIN)
@pytest.mark.parametrize("fault", ELSEWHERE)
def test_a_fault_of_another_time_or_on_others_excuses_nothing(
    name: str, fault: dict[str, Any]
) -> None:
    """Nor does one that disturbs nothing."""
    only_anomaly(name, struck(taken_away(), fault))


def test_effectively_once_allows_one_effect_whatever_strikes() -> None:
    """Its effect is fenced."""
    for fault in STRIKING:
        only_anomaly(TWICE, struck(taken_away(), fault), delivery="effectively-once")


@pytest.mark.parametrize("name", AGAIN)
def test_a_body_that_was_overtaken_follows_nobody(name: str) -> None:
    """It was claimed first, and paused before it began; who began without a fault is accused."""
    script = Script().enqueue(1.0).claim(2.0).claim(8.0, token=2, owner="host:901")
    script.body(8.1, pid=801, number=2).finish(8.4, token=2).body(9.0)
    only_anomaly(name, script)
    pause = {"at": 3.0, "until": 8.9, "disturbs": "processes"}
    assert check(name, struck(script, {**pause, "pids": (800,)})).count == 0
    script.without(lambda op: op.process.startswith("fault"))
    only_anomaly(name, struck(script, {"at": 9.5, "disturbs": "processes", "pids": (800,)}))


@pytest.mark.parametrize("name", AGAIN)
def test_an_overtaken_body_does_not_stand_between_two_others(name: str) -> None:
    """The third start follows the second, whose process died, and not the belated first."""
    script = Script().enqueue(1.0).claim(2.0).claim(8.0, token=2, owner="host:901")
    script.start(8.1, pid=801, number=2).effect(8.2, 801).kill(8.6, pid=801)
    script.body(8.3).claim(9.0, token=3, owner="host:901").body(9.1, pid=802, number=3)
    script.fault(3.0, "pause", until=8.2, disturbs="processes", pids=(800,))
    assert check(name, script).count == 0


def test_the_effect_of_a_paused_body_may_come_after_the_one_that_replaced_it() -> None:
    """The order of the starts tells which one repeats the other."""
    script = Script().enqueue(1.0).claim(2.0).start(2.1)
    script.claim(8.0, token=2, owner="host:901").body(8.1, pid=801, number=2).effect(9.0)
    pause = {"at": 3.0, "until": 8.9, "disturbs": "processes"}
    assert_valid(TWICE, struck(script, {**pause, "pids": (800,)}))
    script.without(lambda op: op.process.startswith("fault"))
    only_anomaly(TWICE, struck(script, {**pause, "pids": (801,), "at": 8.5}))


@pytest.mark.parametrize("name", AGAIN)
def test_an_attempt_that_reached_the_timeout_may_be_ended_and_repeated(name: str) -> None:
    """From its claim on; whether anybody saw its process die or not."""
    assert_valid(name, taken_away(), timeout_seconds=6.1)
    only_anomaly(name, taken_away(), timeout_seconds=6.2)
    ended = taken_away().without(lambda op: op.f == "attempt" and op.time == 14_000_000_000)
    assert_valid(name, ended, timeout_seconds=6.1)
    quick = taken_away().without(lambda op: op.f == "attempt" and op.time == 14_000_000_000)
    only_anomaly(name, quick.end(3.0), timeout_seconds=2.0)


def forgotten() -> Script:
    """A body that was killed at 2.5 s, and whose claim's lease ran out at 7 s."""
    script = Script().enqueue(1.0).claim(2.0, until=7.0).start(2.1).kill(2.5)
    return script.release(7.1, token=1, attempts=1).read()


@pytest.mark.parametrize("fault", [STRIKING[0], STRIKING[1], STRIKING[3]])
def test_a_holder_that_was_struck_could_not_notice_a_death(fault: dict[str, Any]) -> None:
    """It was paused, or could not tell the database; that is no test of it."""
    assert not check(UNNOTICED, struck(forgotten(), fault)).exercised


@pytest.mark.parametrize(
    "fault", [{**ELSEWHERE[0], "until": 2.4}, {**STRIKING[0], "at": 7.5}, *ELSEWHERE[2:]]
)
def test_a_holder_that_was_free_had_to_notice_a_death(fault: dict[str, Any]) -> None:
    """A fault before the death, after the lease, or on others is no excuse."""
    only_anomaly(UNNOTICED, struck(forgotten(), fault))


def test_a_holder_has_one_lease_to_notice_a_death_once_it_is_free() -> None:
    """It may renew what it had before it looks, but not for a lease or more."""
    beats = Script().enqueue(1.0).claim(2.0).start(2.1).kill(2.5)
    for at in (8.5, 10.0, 12.0, 13.2):
        beats.heartbeat(at, 1, at + 5.0)
    beats.release(13.5, token=1, attempts=1).read()
    assert "renewed its lease at 8.50 s" in only_anomaly(UNNOTICED, beats).proof
    beats.fault(3.0, "pause", until=8.0, disturbs="processes", pids=(900,))
    assert "renewed its lease at 13.20 s" in only_anomaly(UNNOTICED, beats).proof
    beats.without(lambda op: op.f == "heartbeat" and op.value["lease_until"] > 1017.5)
    assert check(UNNOTICED, beats).count == 0


def at_the_end(state: str) -> Script:
    """A row that is found so at 60 s, under a lease that is over if it is claimed."""
    script = Script().enqueue(1.0).claim(2.0).start(2.1)
    return script.final(60.0, state, until=7.0 if state == "claimed" else None).read()


@pytest.mark.parametrize("state", ["waiting", "claimed"])
def test_a_row_that_the_database_could_not_give_back_is_not_stuck(state: str) -> None:
    """Until the recovery time after the fault, which is five seconds."""
    outage = {"at": 50.0, "disturbs": "database"}
    assert_valid("stuck", struck(at_the_end(state), outage))
    assert_valid("stuck", struck(at_the_end(state), {**outage, "until": 55.1}))
    only_anomaly("stuck", struck(at_the_end(state), {**outage, "until": 54.9}))


@pytest.mark.parametrize("pid", [800, 900])
def test_a_row_whose_holder_or_body_is_held_up_is_not_stuck(pid: int) -> None:
    """One that waits has no holder, and another process's pause is no excuse."""
    pause = {"at": 58.0, "disturbs": "processes", "pids": (pid,)}
    assert_valid("stuck", struck(at_the_end("claimed"), pause))
    only_anomaly("stuck", struck(at_the_end("waiting"), pause))
    only_anomaly("stuck", struck(at_the_end("claimed"), {**pause, "pids": (901,)}))


def test_a_claim_whose_answer_was_lost_is_charged_and_never_started() -> None:
    """That is no uncounted attempt, no redelivery and no loss."""
    script = Script().enqueue(1.0).claim(2.0).claim(7.1, token=2, owner="host:901")
    script.body(7.2, pid=801, number=2).finish(7.5, token=2).final(60.0, "completed").read()
    script.fault(1.9, "lost answer", until=2.2, disturbs="database")
    for name in ("uncounted-attempt", "lost", "vanished", "stuck", "double-claim", TWICE):
        assert check(name, script).count == 0, name


def test_an_overtaken_body_may_be_told_a_smaller_number() -> None:
    """It was counted when it was claimed."""
    script = Script().enqueue(1.0).claim(2.0).claim(8.0, token=2, owner="host:901")
    script.start(8.1, pid=801, number=2).start(9.0)
    only_anomaly("uncounted-attempt", script)
    script.fault(3.0, "pause", until=8.9, disturbs="processes", pids=(800,))
    assert_valid("uncounted-attempt", script)


def test_an_enqueue_whose_answer_was_lost_is_recovered() -> None:
    """It ran, and nobody may be accused of it."""
    script = Script().call(1.0).created(1.01).refuse(1.2, "info").claim(2.0).body(2.1).finish(2.4)
    script.fault(0.9, "lost answer", until=1.3, disturbs="database").final(60.0, "completed").read()
    for name in ("unexpected", "aborted-enqueue-executed", "lost", TWICE):
        assert check(name, script).count == 0, name


def test_no_fault_excuses_what_the_database_itself_orders() -> None:
    """Two live claims, a stale token's finish, an end after the end."""
    script = Script().enqueue(1.0).claim(2.0).claim(3.0, token=2, owner="host:901")
    script.finish(4.0, token=1).audit(4.1, "dead-letter", token=2)
    script.fault(0.5, "outage", disturbs="database")
    for name in ("double-claim", "zombie-finish", "double-finish", "illegal-transition"):
        assert check(name, script).count > 0, name


def test_a_fault_that_was_never_healed_holds_up_for_ever() -> None:
    """From when on somebody was free again is told by the last fault that ended."""
    script = Script().fault(2.0, "a", until=4.0, disturbs="processes", pids=(7,))
    history = History(script.fault(3.0, "b", until=3.5, disturbs="database").ops)
    start, second = history.ops[0].time, 10**9
    assert history.seconds(history.free_from((7,), start, start + 10 * second)) == 4.01
    assert history.seconds(history.free_from((8,), start, start + 10 * second)) == 3.51
    assert history.free_from((7,), start + 5 * second, start + 6 * second) == start + 5 * second
    endless = History(script.fault(5.0, "c", disturbs="database").ops)
    assert endless.free_from((), start, start + 6 * second) == float("inf")


def test_one_that_was_overtaken_hides_no_start_after_it() -> None:
    """The next one follows the last that was not."""
    script = Script().enqueue(1.0).claim(2.0).claim(2.5, token=2, owner="host:901")
    script.kill(2.6, pid=900, in_body=False).start(2.7, 801, 2).end(2.8, 801)
    script.start(3.0).end(3.1)
    script.claim(4.0, token=3, owner="host:901").start(4.1, 803, 3)
    history = History(script.ops)
    (row,) = history.rows.values()
    pairs = [(one.token, two.token) for one, two in successions(history, row.starts)]
    assert pairs == [(2, 3)]


def test_a_body_that_knows_its_row_ran_under_no_claim_of_another_row() -> None:
    """Whoever died there."""
    script = Script().enqueue(1.0).enqueue(1.2, row=2)
    script.claim(1.9, token=1, row=2, owner="host:901").kill(2.5, pid=901, in_body=False)
    script.claim(2.0).start(2.1).claim(7.1, token=2).start(7.2, 801, 2)
    only_anomaly(REDELIVERY, script)


def test_an_attempt_without_a_claim_on_record_times_out_from_its_start() -> None:
    """Nobody knows since when else."""
    script = Script().enqueue(1.0).start(2.0, number=None).start(9.0, 801, number=None)
    assert_valid(REDELIVERY, script, timeout_seconds=5.0)
    only_anomaly(REDELIVERY, script, timeout_seconds=8.0)
