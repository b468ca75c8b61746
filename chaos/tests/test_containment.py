"""The checker ``containment``."""

from __future__ import annotations

import pytest

from chaos.tests.judging import assert_valid, check, only_anomaly
from chaos.tests.script import Script
from reports.schema import Verdict

NAME = "containment"


def dies(script: Script, at: float, number: int, *, target: str | None = "itself") -> Script:
    """An attempt of order-1 kills its own process, as the harness announces, or unannounced."""
    pid = 810 + number
    script.claim(at, token=number).start(at + 0.1, pid=pid, number=number)
    if target is None:
        script.say(at + 0.3, "harness", "ok", "death", value={"pid": pid})
    else:
        value = {"pid": pid, "target": target, "signal": "SIGKILL"}
        script.say(at + 0.2, f"fault-1.{number}", "invoke", "kill", value=value)
        value = {"pid": pid, "in_body": True}
        script.say(at + 0.3, f"fault-1.{number}", "ok", "kill", value=value)
    return script.release(at + 0.4, token=number, attempts=number)


def poison(deaths: int, *, every: float = 1.0, target: str | None = "itself") -> Script:
    """A task that does so again and again from 2 s on, with three attempts."""
    script = Script().enqueue(1.0)
    for number in range(1, deaths + 1):
        dies(script, 1.0 + number * every, number, target=target)
    return script


def assert_not_judged(script: Script) -> None:
    """Assert that the checker saw no poison."""
    result = check(NAME, script)
    assert (result.verdict, result.exercised) == (Verdict.UNKNOWN, 0)
    assert result.note.startswith("never put to the test")


@pytest.mark.parametrize("target", ["itself", None])
def test_a_task_that_takes_a_process_for_each_attempt_is_contained(target: str | None) -> None:
    """Announced or not."""
    assert_valid(NAME, poison(3, target=target))


@pytest.mark.parametrize("target", ["itself", None])
def test_a_task_that_takes_more_is_not(target: str | None) -> None:
    """The proof lists them."""
    anomaly = only_anomaly(NAME, poison(4, target=target))
    assert anomaly.task == "order-1"
    assert anomaly.proof == (
        "row 1 took 4 processes with it (811, 812, 813, 814), and had 3 attempts to do so"
    )


def test_a_stop_or_a_kill_after_the_death_explains_nothing() -> None:
    """Each run ends with a stop."""
    only_anomaly(NAME, poison(4, target=None).stop(20.0))
    only_anomaly(NAME, poison(4, target=None).kill(20.0, pid=900, in_body=False))


def test_the_rows_own_maximum_counts() -> None:
    """It may be more, or less, than the contract's."""
    script = poison(2).without(lambda op: op.f == "created")
    proof = only_anomaly(NAME, script.created(1.01, max_attempts=1)).proof
    assert "had 1 attempts" in proof
    more = poison(4).without(lambda op: op.f == "created").created(1.01, max_attempts=4)
    assert_valid(NAME, more)


def test_a_worker_that_dies_with_its_child_counts_as_well() -> None:
    """Two processes for an attempt, of which there are three."""
    script = poison(3)
    for number in (1, 2, 3):
        script.exit(1.3 + number, pid=900 + number, status=1)
    assert_valid(NAME, script)
    script = Script().enqueue(1.0)
    for number in (1, 2):
        at = 1.0 + number * 2
        script.claim(at, token=number, owner=f"host:{900 + number}")
        script.start(at + 0.1, pid=810 + number, number=number)
        value = {"pid": 810 + number, "target": "itself", "signal": "SIGKILL"}
        script.say(at + 0.2, f"fault-1.{number}", "invoke", "kill", value=value)
        script.say(at + 0.3, f"fault-1.{number}", "ok", "kill", value={"pid": 810 + number})
        script.exit(at + 0.31, pid=900 + number, status=1)
    assert "took 4 processes" in only_anomaly(NAME, script).proof


def test_a_death_that_something_else_explains_is_not_the_tasks() -> None:
    """A fault killed it, its worker died first or was told to stop, or a fault held it up."""
    assert_not_judged(poison(4, target="task"))
    quiet = poison(4, target=None)
    assert_not_judged(quiet.fault(1.5, "memory", disturbs="processes", pids=(811, 812, 813, 814)))
    assert_not_judged(poison(4, target=None).stop(1.5))
    orphan = Script().enqueue(1.0).claim(2.0).start(2.1, pid=811).exit(2.2, status=-9)
    assert_not_judged(orphan.say(2.3, "harness", "ok", "death", value={"pid": 811}))


def test_a_worker_that_a_fault_ended_meanwhile_is_not_the_tasks() -> None:
    """Only its own process is."""
    script = Script().enqueue(1.0).claim(2.0).start(2.1, pid=811)
    script.kill(2.15, pid=900, in_body=False)
    value = {"pid": 811, "target": "itself", "signal": "SIGKILL"}
    script.say(2.2, "fault-1.1", "invoke", "kill", value=value)
    script.say(2.3, "fault-1.1", "ok", "kill", value={"pid": 811})
    assert_valid(NAME, script, max_attempts=1)
    held = poison(1).exit(2.31, status=1)
    held.fault(2.0, "memory", until=2.5, disturbs="processes", pids=(900,))
    assert_valid(NAME, held, max_attempts=1)


def healthy(script: Script, *, ends: float | None, due: float = 1.5) -> Script:
    """Another row waits from 1.5 s on, and is claimed and finished."""
    script.enqueue(due, "order-2", 2)
    return script if ends is None else script.done(ends - 0.3, "order-2", 2)


def test_healthy_tasks_that_go_on_meanwhile_are_right() -> None:
    """One is enough."""
    assert_valid(NAME, healthy(poison(3, every=4.0), ends=7.0))


def test_a_poison_that_keeps_all_others_from_ending_is_found() -> None:
    """The proof names one that waited all the while."""
    proof = only_anomaly(NAME, healthy(poison(3, every=4.0), ends=30.0, due=4.0)).proof
    assert proof == (
        "row 1 killed process after process from 5.10 s to 13.30 s, and no other task ended in that"
        " time although row 2 was ready"
    )
    only_anomaly(NAME, healthy(poison(3, every=4.0), ends=None, due=4.0))


def test_others_that_had_nothing_to_do_were_not_kept_from_it() -> None:
    """They came later, or the poison lived for a moment only, or a fault was at work."""
    assert_valid(NAME, healthy(poison(3, every=4.0), ends=None, due=9.0))
    assert_valid(NAME, healthy(poison(3), ends=None))
    assert_valid(NAME, healthy(poison(1), ends=None))
    struck = healthy(poison(3, every=4.0), ends=None)
    assert_valid(NAME, struck.fault(6.0, "pause", until=7.0, disturbs="database"))


def test_a_run_without_poison_puts_nothing_to_the_test() -> None:
    """Nor do attempts of rows that nobody knows, or whose worker nobody does."""
    unowned = Script().enqueue(1.0).start(2.1, pid=811)
    assert_not_judged(unowned.say(2.3, "harness", "ok", "death", value={"pid": 811}))
    assert_not_judged(Script().enqueue(1.0).claim(2.0).body(2.1).finish(2.4))
    script = Script().start(2.1, pid=811, row=None)
    assert_not_judged(script.say(2.3, "harness", "ok", "death", value={"pid": 811}))


def among_three(word: str, at: float) -> Script:
    """While the poison lives, from 5.1 s to 13.3 s, one row waits and another one ends."""
    script = healthy(poison(3, every=4.0), ends=None, due=4.0)
    return script.ready(1.2, "order-3", 3).audit(at, word, "order-3", 3)


@pytest.mark.parametrize("word", ["finish", "dead-letter"])
def test_any_end_of_another_task_shows_that_the_rest_goes_on(word: str) -> None:
    """Though one of them still waits; but an end before or after the poison's life does not."""
    assert_valid(NAME, among_three(word, 9.0))
    only_anomaly(NAME, among_three(word, 4.5))
    only_anomaly(NAME, among_three(word, 20.0))


def test_two_deaths_are_a_life() -> None:
    """From the first start to the last death."""
    script = healthy(poison(2, every=8.0), ends=None, due=4.0)
    for at in range(9, 20):
        script.census(at + 0.5)
    proof = only_anomaly(NAME, script).proof
    assert "from 9.10 s to 17.30 s" in proof


def test_a_row_without_a_creation_has_the_maximum_of_the_contract() -> None:
    """The audit may be younger than the row."""
    script = poison(4).without(lambda op: op.f == "created")
    assert "had 3 attempts" in only_anomaly(NAME, script).proof


def test_what_nobody_can_judge_makes_no_check_crash() -> None:
    """A body of an unknown row that announced its own end."""
    script = Script().start(2.1, pid=811, row=None)
    value = {"pid": 811, "target": "itself", "signal": "SIGKILL"}
    script.say(2.2, "fault-1.1", "invoke", "kill", value=value)
    script.say(2.3, "fault-1.1", "ok", "kill", value={"pid": 811})
    assert check(NAME, script).note.startswith("never put to the test")


def test_a_short_poison_hides_no_long_one() -> None:
    """Each is judged by itself."""
    script = Script().enqueue(1.0, "order-5", 5).claim(1.1, task="order-5", row=5)
    script.start(1.2, 850, task="order-5", row=5).death(1.3, 850)
    long = healthy(poison(3, every=4.0), ends=None, due=4.0)
    script.ops += long.ops
    assert check(NAME, script).exercised == 2
    assert "row 1 killed process after process" in only_anomaly(NAME, script).proof


def test_a_worker_that_died_before_the_attempt_began_explains_nothing() -> None:
    """It was another attempt's holder, under a pid that was given twice."""
    anomaly = only_anomaly(NAME, poison(4, target=None).exit(1.2, pid=900, status=-9))
    assert [op.time for op in anomaly.witness if op.f == "attempt"]
