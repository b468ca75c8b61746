"""The checker ``stats``."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from chaos.checkers import Intention, analyse
from chaos.checkers.gaps import PHASES
from chaos.plan import Call, Plan, Strike
from chaos.tests.judging import CONTRACT, assert_valid, check
from chaos.tests.script import Script, good_run, killed_run
from reports.schema import Verdict

NAME = "stats"


def test_a_run_that_worked_and_killed_and_drained_is_valid() -> None:
    """All that the other checks lean on was there."""
    assert_valid(NAME, killed_run())


@pytest.mark.parametrize(
    ("script", "missing"),
    [
        (killed_run().without(lambda op: op.f == "enqueue"), "no enqueue was acknowledged"),
        (killed_run().without(lambda op: op.f == "effect"), "no task had an effect"),
        (good_run().fault(3.0, "sigstop", landed=False), "fault sigstop at 3.00 s was never seen"),
        (good_run().kill(3.0, in_body=False), "no kill interrupted a task's body"),
        (killed_run().kill(9.0, pid=812, seen=None), "kill of process 812 at 9.00 s was never"),
        (killed_run().without(lambda op: op.f == "final-read"), "there was no final read"),
        (killed_run().read(61.0, drained=False), "the queue was not drained"),
    ],
)
def test_what_is_missing_is_named_and_proves_nothing(script: Script, missing: str) -> None:
    """UNKNOWN, never INVALID."""
    result = check(NAME, script)
    assert result.verdict == Verdict.UNKNOWN
    assert missing in result.note


def test_everything_that_is_missing_is_named() -> None:
    """Not just the first of it."""
    assert check(NAME, Script()).note.count(";") == 2


def test_a_kill_that_ended_with_an_info_did_not_land() -> None:
    """Nobody saw the process dead."""
    script = killed_run().kill(9.0, pid=812, seen=None)
    script.say(9.5, script.ops[-1].process, "info", "kill", error="TimeoutError: it lives")
    assert "812" in check(NAME, script).note


def test_a_queue_that_stuck_is_its_own_checks_business() -> None:
    """``stuck`` has said why it was not drained."""
    script = killed_run().enqueue(5.0, "order-2", 2).final(60.0, "waiting", task="order-2", row=2)
    assert_valid(NAME, script.read(61.0, drained=False))


def test_a_run_without_faults_needs_none() -> None:
    """The quiet run beside the others has to be VALID; everything else it needs still."""
    assert_valid(NAME, good_run())
    assert_valid(NAME, good_run().fault(3.0, "sigstop", until=4.0))


def called(kind: str, end: str, *, aborts: bool = False) -> Script:
    """A good run with one more call, of that kind, which ends so."""
    value = {"kind": kind, "aborts": aborts}
    script = good_run().say(5.0, "producer-10", "invoke", "enqueue", task="order-9", value=value)
    return script.say(5.1, "producer-10", end, "enqueue", task="order-9", value={"row": 9})


def test_a_kind_of_call_that_never_succeeded_was_not_tried() -> None:
    """Unless it was meant to fail, or a task of it ran all the same."""
    for end in ("fail", "info"):
        assert (
            "no enqueue of the kind mail was acknowledged" in check(NAME, called("mail", end)).note
        )
    assert_valid(NAME, called("mail", "ok"))
    assert_valid(NAME, called("mail", "fail", aborts=True))
    assert_valid(NAME, called("mail", "info").body(6.0, pid=802, task="order-9", row=9))


def test_a_run_in_which_no_attempt_returned_proves_nothing() -> None:
    """Though each had its effect."""
    script = good_run().without(lambda op: op.f == "attempt" and op.type == "ok")
    assert check(NAME, script).note == "no attempt returned"


def summed_up(script: Script, **summary: int | bool) -> Script:
    """Replace the final read by one that sums up what there was."""
    script.without(lambda op: op.f == "final-read")
    value = {"drained": True, **summary}
    return script.say(61.0, "final-read", "ok", "final-read", value=value)


def counted(script: Script) -> Script:
    """Add a census that agrees with the good run."""
    counts = {"created": 1, "finished": 1, "dead_lettered": 0, "deleted": 1}
    return script.census(50.0, live=0, completed=1, failed=0, **counts)


def lasting(*, disturbs: str = "nothing", pids: tuple[int, ...] = ()) -> Script:
    """A good run with a fault that was healed."""
    return good_run().fault(3.0, "sigstop", until=4.0, disturbs=disturbs, pids=pids)


def killing(*, with_kill: bool) -> Script:
    """A good run with a sigkill that struck process 812."""
    script = good_run().say(3.0, "fault-1", "invoke", "sigkill", value={"disturbs": "nothing"})
    if with_kill:
        script.say(3.1, "fault-1.1", "invoke", "kill", value={"pid": 812, "target": "some"})
        script.say(3.2, "fault-1.1", "ok", "kill", value={"pid": 812})
    script.say(3.3, "fault-1", "ok", "sigkill", value={"pids": [812]})
    return script.say(3.4, "fault-1", "invoke", "heal").say(3.5, "fault-1", "ok", "heal")


def test_a_history_that_holds_all_that_it_speaks_of_has_no_gaps() -> None:
    """Whatever it counts is there."""
    assert_valid(NAME, summed_up(good_run(), produced=True, rows=1, audited=4))
    assert_valid(NAME, counted(good_run()))
    assert_valid(NAME, lasting(disturbs="processes", pids=(7,)))
    assert_valid(NAME, killing(with_kill=True))
    # Process 10 was a worker's, and its task enqueued.
    assert_valid(NAME, summed_up(good_run().call(3.0).death(3.1, pid=10), produced=True))


@pytest.mark.parametrize(
    ("script", "missing"),
    [
        (
            counted(good_run()).without(lambda op: op.f == "deleted"),
            "the last census counted 1 deleted, and the audit tells of 0",
        ),
        (
            counted(good_run()).without(lambda op: op.f == "row"),
            "the last census counted 1 rows, and the final read tells of 0",
        ),
        (summed_up(good_run(), rows=2), "the final read wrote 2 rows, and the history has 1"),
        (
            summed_up(good_run(), audited=5),
            "the final read wrote 5 audit ops, and the history has 4",
        ),
        (
            summed_up(good_run().call(3.0), produced=True),
            "1 calls have no end, although their producers came to theirs",
        ),
        (
            good_run().say(3.0, "audit", "ok", "changed", task="order-1", value={"row": 1}),
            "1 ops of the audit have no place in its sequence",
        ),
        (good_run().audit(3.0, "vanished"), "the audit has the word 'vanished'"),
        (good_run().fault(3.0, "sigstop"), "sigstop at 3.00 s was never seen to be healed"),
        (lasting(disturbs="processes"), "does not say which processes it struck"),
        (
            lasting().say(2.5, "harness", "ok", "phase", value={"name": "drain"}),
            "sigstop at 3.00 s began after the time for faults",
        ),
        (killing(with_kill=False), "struck process 812, of whose kill nothing is told"),
    ],
)
def test_a_gap_in_a_history_is_named_in_one_line(script: Script, missing: str) -> None:
    """Nothing else is said, and it proves nothing."""
    result = check(NAME, script)
    assert result.verdict == Verdict.UNKNOWN
    assert missing in result.note
    assert ";" not in result.note


def planned(script: Script, intended: Intention, *exercises: str) -> str:
    """Return what is missing by the plan."""
    results = analyse(script.ops, CONTRACT, intended=intended, exercises=exercises)
    (result,) = (result for result in results.checks if result.name == NAME)
    return result.note


def told(script: Script) -> Script:
    """Add all phases, and a worker."""
    for phase, name in enumerate(PHASES, start=53):
        script.say(phase, "harness", "ok", "phase", value={"name": name})
    script.say(0.5, "harness", "ok", "spawn", value={"pid": 900, "slot": 0})
    return script.exit(59.0)


def test_a_plan_that_came_about_leaves_nothing_to_say() -> None:
    """A task may be called twice, and a strike may fall more often than it was planned."""
    intended = Intention(calls=["order-1", "order-1"], faults=["sigstop"])
    script = lasting().fault(5.0, "sigstop", until=6.0).call(7.0).answer(7.1)
    assert planned(told(script), intended) == ""


def test_what_was_planned_and_did_not_come_about_is_named() -> None:
    """Calls, strikes, phases, and workers with their ends."""
    assert "1 planned calls were never made, order-9 first" in planned(
        good_run(), Intention(calls=["order-1", "order-9"])
    )
    faults = Intention(faults=["sigstop", "sigstop"])
    assert "1 planned strikes of the fault sigstop were never begun" in planned(lasting(), faults)
    assert "nothing is told of the phases steady, chaos" in planned(lasting(), faults)
    assert "no worker was started" in planned(lasting(), faults)
    endless = told(lasting()).without(lambda op: op.f == "exit")
    assert "nothing is told of how 1 of 1 workers ended" in planned(endless, faults)


def test_a_plan_that_exercises_what_nobody_knows_proves_nothing() -> None:
    """A misspelt name must not make a run easier."""
    assert planned(good_run(), Intention(), "lots") == (
        "no anomaly is called 'lots', which the plan exercises"
    )


def plan() -> Plan:
    """A plan of one call and one strike."""
    call = Call(key="order-1", kind="send_mail", at_seconds=0.0)
    strikes = (Strike(fault="sigstop"),)
    return Plan(scenario="x", seed=7, workers=1, processes=1, calls=(call,), strikes=strikes)


def read(document: dict[str, Any]) -> tuple[list[str], list[str], list[str]]:
    """Return what a stored plan intends: calls, faults, and what it does not name."""
    intended = Intention.from_json(document)
    return list(intended.calls), list(intended.faults), list(intended.omitted)


def test_a_plan_intends_its_calls_and_its_strikes() -> None:
    """Also when it comes from a file."""
    intended = Intention(calls=["order-1"], faults=["sigstop"])
    assert Intention.of(plan()) == intended
    assert read(dataclasses.asdict(plan())) == (["order-1"], ["sigstop"], [])


def test_a_plan_that_leaves_a_part_out_says_so() -> None:
    """Those of before plans had strikes had kills, and named their calls only."""
    assert read({}) == ([], [], ["calls", "strikes", "exercises"])
    assert read({"kills": []}) == ([], [], ["calls"])
    assert read({"kills": [], "calls": [{"key": 7}]}) == (["7"], [], [])
    assert read({"calls": [], "exercises": [], "strikes": [{"fault": 7}]}) == ([], ["7"], [])
    note = planned(good_run(), Intention(omitted=["calls", "exercises"]))
    assert note == "the plan does not name its calls, its exercises"


def test_only_a_call_makes_a_planned_call() -> None:
    """A body that runs makes none, and a call that nobody answers is one."""
    ran = good_run().body(5.0, pid=802, task="order-9", row=9)
    assert "order-9 first" in planned(ran, Intention(calls=["order-9"]))
    assert planned(good_run().call(5.0, "order-9"), Intention(calls=["order-9"])) == ""


def test_only_a_fault_itself_begins_a_planned_strike() -> None:
    """One that is about to strike has begun; what it does to each process is no strike."""
    begun = told(good_run().say(3.0, "fault-1", "invoke", "sigstop"))
    assert planned(begun, Intention(faults=["sigstop"])) == check(NAME, begun).note
    part = told(good_run().say(3.0, "fault-1.1", "invoke", "sigstop"))
    assert "were never begun" in planned(part, Intention(faults=["sigstop"]))


def test_each_worker_has_its_own_end() -> None:
    """The end of another process is not the worker's."""
    other = told(lasting()).without(lambda op: op.f == "exit").exit(59.0, pid=901)
    note = planned(other, Intention(faults=["sigstop"]))
    assert note == "nothing is told of how 1 of 1 workers ended"
    alone = told(lasting()).without(lambda op: op.f in {"spawn", "exit"})
    assert planned(alone, Intention(faults=["sigstop"])) == "no worker was started"


def test_calls_without_an_end_are_counted_one_by_one() -> None:
    """An answer to the second of two leaves the first."""
    script = good_run().call(3.0, "order-2").call(4.0, "order-2").answer(4.1, "order-2", row=2)
    assert "1 calls have no end" in check(NAME, summed_up(script, produced=True)).note


def test_a_fault_that_did_not_land_does_not_hide_one_that_was_not_healed() -> None:
    """Both are named."""
    note = check(NAME, good_run().fault(3.0, "drop", landed=False).fault(4.0, "sigstop")).note
    assert note == (
        "the fault drop at 3.00 s was never seen to land;"
        " the fault sigstop at 4.00 s was never seen to be healed"
    )


@pytest.mark.parametrize(
    ("script", "note"),
    [
        (
            Script(),
            "no enqueue was acknowledged; no task had an effect; there was no final read",
        ),
        (good_run().kill(3.0, in_body=False), "no kill interrupted a task's body"),
        (
            killed_run().kill(9.0, pid=812, seen=None),
            "the kill of process 812 at 9.00 s was never seen to land",
        ),
        (killed_run().read(61.0, drained=False), "the queue was not drained"),
    ],
)
def test_a_note_says_what_is_missing_and_no_more(script: Script, note: str) -> None:
    """People read it."""
    assert check(NAME, script).note == note


def test_a_kind_of_call_that_succeeded_once_was_tried() -> None:
    """Whatever became of the next one."""
    script = called("mail", "ok").say(
        6.0, "producer-10", "invoke", "enqueue", task="order-9", value={"kind": "mail"}
    )
    assert_valid(NAME, script.say(6.1, "producer-10", "fail", "enqueue", task="order-9"))
