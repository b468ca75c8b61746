"""What the figure over time shows follows from the history: faults, fates, waits and counts."""

from __future__ import annotations

from typing import Any

import pytest

from reports.ink import stated_colour
from reports.page.attempts import find_attempts
from reports.page.digest import digest
from reports.page.dots import MOST_DOTS, choose_dots, describe_dots
from reports.page.fates import Fate, TaskPoint, find_fates
from reports.page.fault_lanes import MOST_LANES, arrange
from reports.page.faults import find_faults
from reports.page.kills import find_kills
from reports.page.labels import place_labels
from reports.page.panels import Reading
from reports.page.series import follow_in_flight, is_start, quantile, quantile_of_waits, rate
from reports.page.timeline import Phase, Timeline
from reports.schema import Anomaly, CheckResult, Verdict
from reports.tests.synthetic_runs import BOOT, OUTAGE, PAUSE, History, at, broken, passed

RUN = Timeline(zero=BOOT, end=20.0)


def fates(history: History, *checks: CheckResult) -> dict[str, Fate]:
    """What became of each task."""
    attempts = find_attempts(history.ops, RUN)
    return {p.task: p.fate for p in find_fates(history.ops, attempts, checks, RUN)}


def worked(history: History, task: str, row: int, *, starts: int = 1, ends: bool = True) -> None:
    """A task that was started so often; all but the last start raised."""
    history.enqueue(1.0, task, row)
    for number in range(1, starts + 1):
        error = "" if number == starts else "ValueError: no"
        history.start(number + 1.0, 7, task, row, number)
        history.end(number + 1.5, 7, task, number, error)
    if ends:
        history.audit(starts + 2.0, "finish", task, value={"row": row})


def final_read(history: History, *rows: tuple[str, str, float]) -> None:
    """The rows as they stood at the end: task, state, and when they were due."""
    for task, state, due in rows:
        value = {"state": state, "run_at": at(due)}
        history.add(19.0, "final-read", "row", task=task, database_time=at(19.0), value=value)
    history.add(19.5, "final-read", "final-read", value={"drained": True})


def test_a_task_that_ran_once_is_ok_and_one_that_raised_first_was_retried() -> None:
    """The number of starts beyond the ends tells them apart."""
    history = History()
    worked(history, "once", 1)
    worked(history, "again", 2, starts=2)

    assert fates(history) == {"once": Fate.OK, "again": Fate.RETRIED}


def test_a_task_without_an_end_is_lost_stuck_or_unknown() -> None:
    """Gone is lost, waiting though due is stuck, and not yet due is unknown."""
    history = History()
    for number, task in enumerate(("gone", "due", "later")):
        history.enqueue(1.0, task, number)
    final_read(history, ("due", "waiting", 2.0), ("later", "waiting", 99.0))

    found = fates(history)

    assert found == {"gone": Fate.LOST, "due": Fate.STUCK, "later": Fate.UNKNOWN}


def test_without_a_final_read_nothing_is_called_lost() -> None:
    """Nobody knows how the rows stood at the end."""
    history = History()
    history.enqueue(1.0, "a", 1)

    assert fates(history) == {"a": Fate.UNKNOWN}


def test_a_checker_that_found_nothing_has_the_last_word() -> None:
    """Where the checker of losses saw none, no dot is one."""
    history = History()
    history.enqueue(1.0, "gone", 1)
    final_read(history)

    assert fates(history, passed("lost", 1)) == {"gone": Fate.UNKNOWN}
    idle = CheckResult(name="lost", verdict=Verdict.UNKNOWN, exercised=0)
    assert fates(history, idle) == {"gone": Fate.LOST}


def test_the_witness_of_a_checker_has_its_fate_and_the_uncounted_rest_is_found() -> None:
    """One is named and two are counted: the other one is found by the rule."""
    history = History()
    for number, task in enumerate(("named", "other", "fine")):
        history.enqueue(1.0, task, number)
    worked(history, "fine", 9)
    final_read(history)
    anomaly = Anomaly(name="lost", task="named", proof="gone")

    found = fates(history, broken("lost", anomaly, count=2))

    assert (found["named"], found["other"]) == (Fate.LOST, Fate.LOST)
    assert fates(history, broken("lost", anomaly))["other"] is Fate.UNKNOWN


def test_what_the_contract_allows_is_no_bad_fate() -> None:
    """A repeated effect under a contract that allows it leaves the task as it ended."""
    history = History()
    worked(history, "a", 1)
    twice = Anomaly(name="unjustified-redelivery", task="a", proof="twice")
    allowed = CheckResult(
        name="unjustified-redelivery",
        verdict=Verdict.VALID,
        exercised=1,
        count=1,
        anomalies=(twice,),
        is_forbidden=False,
    )

    assert fates(history, allowed) == {"a": Fate.OK}
    assert fates(history, broken("duplicated-effect", twice)) == {"a": Fate.DUPLICATED}
    assert fates(history, broken("unjustified-redelivery", twice)) == {"a": Fate.OK}


def test_more_effects_than_rows_and_bad_ends_are_duplicates() -> None:
    """An effect that a raised attempt had before it raised is justified."""
    history = History()
    worked(history, "justified", 1, starts=2)
    history.add(2.3, "body-7", "effect", task="justified")
    worked(history, "twice", 2)
    history.add(2.3, "body-7", "effect", task="twice")

    assert fates(history) == {"justified": Fate.RETRIED, "twice": Fate.DUPLICATED}


def test_a_dead_lettered_task_is_no_lost_one() -> None:
    """It ended, in the table of failures."""
    history = History()
    history.enqueue(1.0, "a", 1)
    history.audit(2.0, "dead-letter", "a", value={"row": 1})
    final_read(history)

    assert fates(history) == {"a": Fate.DEAD_LETTERED}


def test_an_enqueue_that_was_rolled_back_is_no_task() -> None:
    """Nothing was promised, so there is no dot."""
    history = History()
    history.add(1.0, "producer-1", "enqueue", "invoke", task="a")
    history.add(1.1, "producer-1", "enqueue", "fail", task="a", error="rolled back")

    assert fates(history) == {}


def test_a_wait_counts_from_when_a_row_was_due_by_the_databases_clock() -> None:
    """A delay is no wait, and neither clock is compared with the other."""
    history = History()
    history.enqueue(1.0, "a", 1)
    told = {"row": 1, "run_at": at(90_005.0)}
    history.add(1.0, "audit", "created", task="a", database_time=at(90_001.0), value=told)
    history.start(5.5, 7, "a", 1, 1)

    (point,) = find_fates(history.ops, find_attempts(history.ops, RUN), [], RUN)

    assert point.due == pytest.approx(5.0)
    assert point.waited == pytest.approx(0.5)


def test_a_task_that_never_started_has_no_wait() -> None:
    """It is not given a wait that nobody measured."""
    history = History()
    history.enqueue(1.0, "a", 1)

    (point,) = find_fates(history.ops, [], [], RUN)

    assert point.waited is None


def test_a_fault_lasts_from_its_strike_to_the_end_of_its_heal() -> None:
    """Its name, colour, kind and processes come from its own ops."""
    history = History()
    history.fault(3, "sigstop", 2.0, 5.0, pids=(7, 8), **PAUSE)

    (fault,) = find_faults(history.ops, RUN)

    assert (fault.fault, fault.start, fault.end) == ("sigstop", 2.0, 5.0)
    assert (fault.colour, fault.family, fault.disturbs) == ("#CC79A7", "worker", "processes")
    assert fault.pids == {"7", "8"}
    assert fault.is_pause
    assert fault.has_landed


def test_a_fault_that_was_never_healed_lasts_to_the_end_and_one_that_missed_does_not() -> None:
    """A strike that found no victim has no window to speak of."""
    history = History()
    history.add(2.0, "fault-1", "latency", "invoke", value=OUTAGE)
    history.add(2.1, "fault-1", "latency", value={})
    history.add(3.0, "fault-2", "sigstop", "invoke", value=PAUSE)
    history.add(3.1, "fault-2", "sigstop", "info", error="there was no process to stop")

    lasting, missed = find_faults(history.ops, RUN)

    assert (lasting.end, lasting.has_landed) == (RUN.end, True)
    assert (missed.end, missed.has_landed, missed.is_pause) == (3.1, False, False)


def test_a_kill_belongs_to_the_lane_of_the_fault_that_struck() -> None:
    """One of an older history, which names no fault, has a lane of its own."""
    history = History()
    history.fault(1, "sigkill", 2.0, 2.1, pids=(7,), family="worker", colour="#D55E00")
    history.add(2.01, "fault-1.1", "kill", "invoke", value={"pid": 7, "target": "task"})
    history.add(2.02, "fault-1.1", "kill", value={"pid": 7, "in_body": True})
    history.kill(3.0, 2, 9)

    lanes = arrange(find_faults(history.ops, RUN), find_kills(history.ops, RUN))

    assert [(lane.letter, lane.name, len(lane.kills)) for lane in lanes] == [
        ("A", "sigkill", 1),
        ("B", "kill", 1),
    ]


def test_many_faults_share_lanes_by_family() -> None:
    """A swarm of faults does not make a page of lanes; few faults have a lane each."""
    history = History()
    for number in range(MOST_LANES):
        history.fault(number, f"f{number}", number, number + 1.0, family=f"family-{number % 3}")

    faults = find_faults(history.ops, RUN)

    assert [lane.name for lane in arrange(faults, [])] == ["family-0", "family-1", "family-2"]
    assert len(arrange(faults[:5], [])) == 5


@pytest.mark.parametrize("value", [None, 7, "red", "#fff", "#0000101", "url(#x)", "#000010"])
def test_a_colour_that_is_none_is_grey(value: Any) -> None:
    """What a history states as a colour never becomes anything else, nor an ink of ours."""
    assert stated_colour(value) == "#999999"
    assert stated_colour("#D55E00") == "#D55E00"


def test_attempts_in_flight_rise_and_fall_with_their_bodies() -> None:
    """A killed one comes down at its death; one without an end stays."""
    history = History()
    history.start(1.0, 7, "a", 1, 1)
    history.start(2.0, 8, "b", 2, 1)
    history.kill(3.0, 1, 7)

    steps = follow_in_flight(find_attempts(history.ops, RUN), RUN)

    assert [(step.time, step.size) for step in steps] == [(0, 0), (1.0, 1), (2.0, 2), (3.0, 1)]


def test_a_death_that_nobody_struck_closes_an_attempt_too() -> None:
    """The harness's word for a process that it saw dead is enough."""
    history = History()
    history.start(1.0, 7, "a", 1, 1)
    history.add(2.0, "harness", "death", value={"pid": 7})

    (attempt,) = find_attempts(history.ops, RUN)

    assert (attempt.outcome, attempt.end) == ("killed", 2.0)


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [([], 0.5, None), ([3.0], 0.95, 3.0), ([1, 2, 3, 4], 0.5, 2), (range(1, 101), 0.95, 95)],
)
def test_a_quantile_is_a_value_that_was_measured(
    values: Any, share: float, expected: float | None
) -> None:
    """It is never between two values, and of nothing there is none."""
    assert quantile(list(values), share) == expected


def test_waits_are_sorted_into_the_buckets_of_their_due_times() -> None:
    """A bucket in which nothing became due has no quantile, and not zero."""
    points = [TaskPoint(task="a", due=0.05, waited=w, fate=Fate.OK) for w in (1.0, 2.0, 9.0)]

    buckets = quantile_of_waits(points, 0.5, RUN)

    assert buckets.values[0] == 2.0
    assert set(buckets.values[1:]) == {None}


def test_a_sample_of_dots_keeps_what_is_rare_and_says_what_it_leaves_out() -> None:
    """A hundred thousand tasks become thousands of dots: every lost one is among them."""
    points = [
        TaskPoint(
            task=f"t{n}", due=n / 1e4, waited=0.1, fate=Fate.LOST if n % 9999 == 7 else Fate.OK
        )
        for n in range(100_000)
    ]

    drawn = choose_dots(points)

    assert len(drawn) <= MOST_DOTS
    assert sum(point.fate is Fate.LOST for point in drawn) == 10 + 1
    assert drawn[0].due < 0.1
    assert drawn[-1].due > 9.9
    said = describe_dots(points, drawn)
    assert said.startswith("100,000 tasks: 99,989 ok once, 11 lost.")
    assert f"{len(drawn):,} of them are drawn" in said


def test_few_dots_are_all_drawn() -> None:
    """Nothing is left out where there is room, and nothing is said of it."""
    points = [TaskPoint(task="t", due=1.0, waited=None, fate=Fate.STUCK)]

    assert choose_dots(points) == points
    assert describe_dots(points, points) == "1 task: 1 stuck."


def test_the_table_reads_the_series_at_the_end_of_each_stretch() -> None:
    """Rates are means, counts are the last ones, and faults at work are named."""
    history = History()
    for number in range(10):
        history.start(number / 10, 7, f"t{number}", number, 1)
    history.fault(1, "latency", 0.5, 1.5, **OUTAGE)
    starts = rate(history.ops, is_start, RUN)
    readings = [
        Reading(
            label="starts",
            unit="per_second",
            times=tuple(starts.edges[:-1]),
            values=starts.values,
        ),
        Reading(label="live", unit="count", times=(0.0, 0.7, 1.2), values=(0, 3, 2)),
    ]
    phases = [Phase(name="setup", start=0.0, end=1.5), Phase(name="steady", start=1.5, end=20.0)]

    first, second, third, *_ = digest(readings, phases, find_faults(history.ops, RUN), RUN)

    assert first.figures == (("starts", "10.0"), ("live", "3"))
    assert second.figures == (("starts", "0.0"), ("live", "2"))
    assert (first.phase, first.faults, third.phase) == ("setup", "latency", "steady")
    assert third.faults == ""


def test_labels_that_would_collide_go_to_the_next_row() -> None:
    """The last one at the right edge is moved inside, and collides there too."""
    assert place_labels([(0, 40), (50, 40), (52, 40), (99, 40)], 400) == [0, 0, 1, 0]
    assert place_labels([(90, 60), (99, 60)], 400) == [0, 1]
