"""What is drawn follows from the history by fixed rules."""

from __future__ import annotations

import pytest

from reports.page.attempts import Outcome, find_attempts
from reports.page.kills import Landing, find_kills
from reports.page.leases import find_leases, find_overlaps
from reports.page.series import follow_backlog, is_start, rate, thin_out
from reports.page.timeline import TimeAxis, Timeline, find_phases, round_step
from reports.tests.synthetic_runs import BOOT, History, at

START = Timeline(zero=BOOT, end=20.0)


def test_an_attempt_ends_with_its_body() -> None:
    """A returned body is ok, a raised one failed."""
    history = History()
    history.start(1.0, 7, "a", 1, 1)
    history.end(1.5, 7, "a", 1, "ValueError: no")
    history.start(2.0, 7, "a", 1, 2)
    history.end(2.25, 7, "a", 2)

    first, second = find_attempts(history.ops, START)

    assert (first.outcome, first.end) == (Outcome.FAILED, 1.5)
    assert (second.outcome, second.end, second.number) == (Outcome.OK, 2.25, 2)


def test_a_death_closes_an_open_attempt() -> None:
    """The first kill or exit of the same process after the start ends the attempt."""
    history = History()
    history.kill(0.5, 1, 7)
    history.start(1.0, 7, "a", 1, 1)
    history.kill(1.25, 2, 7)
    history.start(1.0, 8, "b", 2, 1)
    history.add(1.75, "harness", "exit", value={"pid": 8, "status": -9})

    ends = {a.task: (a.outcome, a.end) for a in find_attempts(history.ops, START)}

    assert ends == {"a": (Outcome.KILLED, 1.25), "b": (Outcome.KILLED, 1.75)}


def test_an_attempt_that_nothing_closes_stays_open() -> None:
    """Without an end and without a death there is no end, and none is invented."""
    history = History()
    history.start(1.0, 7, "a", 1, 1)
    history.kill(2.0, 1, 8)

    (attempt,) = find_attempts(history.ops, START)

    assert (attempt.outcome, attempt.end) == (Outcome.OPEN, None)


def test_a_kill_is_known_by_where_it_landed() -> None:
    """In a body, between tasks, or never seen."""
    history = History()
    history.kill(1.0, 1, 7)
    history.kill(2.0, 2, 8, in_body=False)
    history.add(3.0, "fault-3", "kill", "invoke", value={"pid": 9, "target": "supervisor"})

    kills = find_kills(history.ops, START)

    assert [(k.pid, k.target, k.landing) for k in kills] == [
        ("7", "child", Landing.IN_BODY),
        ("8", "child", Landing.IDLE),
        ("9", "supervisor", Landing.UNSEEN),
    ]


def test_a_lease_is_placed_by_the_database_clock_of_its_claim() -> None:
    """A database clock that is hours off moves no bar: only the lease's length counts."""
    history = History()
    skewed = at(90_000.0)
    told = {"row": 1, "lease_until": skewed + 15}
    history.add(2.0, "audit", "claim", task="a", token=5, value=told, database_time=skewed)

    (lease,) = find_leases(history.ops, START)

    assert lease.start == 2.0
    assert lease.end == pytest.approx(17.0)
    assert lease.ending is None


def test_a_heartbeat_renews_only_the_lease_of_its_token() -> None:
    """The renewal names a token; the lease of another token stays as it was."""
    history = History()
    history.claim(1.0, "a", 1, 1, "w")
    second = history.claim(2.0, "a", 1, 2, "w")
    history.audit(3.0, "heartbeat", "a", token=second, value={"row": 1, "lease_until": at(30.0)})

    leases = find_leases(history.ops, START)

    assert [lease.end for lease in leases] == [pytest.approx(16.0), pytest.approx(30.0)]


def test_a_lease_ends_when_it_is_given_back() -> None:
    """A release of the same token ends the bar, so that the next claim does not overlap."""
    history = History()
    first = history.claim(1.0, "a", 1, 1, "w")
    history.audit(2.0, "release", "a", token=first, value={"row": 1})
    history.claim(2.0, "a", 1, 2, "w")

    leases = find_leases(history.ops, START)

    assert (leases[0].end, leases[0].ending) == (2.0, "release")
    assert find_overlaps(leases) == []


def test_the_sequence_of_the_audit_decides_over_its_times() -> None:
    """An end before the claim in the audit's order is the end of an earlier claim."""
    history = History()
    value = {"row": 1, "sequence": 4}
    history.audit(5.0, "release", "a", token=1, value=value)
    told = {"row": 1, "lease_until": at(19.0), "sequence": 9}
    history.audit(4.0, "claim", "a", token=1, value=told)

    (lease,) = find_leases(history.ops, START)

    assert lease.ending is None


def test_a_claim_without_a_lease_lasts_until_it_is_given_back() -> None:
    """A subject without leases never runs out, and its claims overlap in no lease."""
    history = History()
    history.audit(1.0, "claim", "a", value={"row": 1})

    (lease,) = find_leases(history.ops, START)

    assert (lease.runs_out, lease.end) == (False, START.end)
    assert find_overlaps([lease, lease]) == []


def test_the_backlog_counts_no_duplicates() -> None:
    """Acknowledged new tasks go in; finished and dead-lettered ones go out."""
    history = History()
    history.enqueue(1.0, "a", 1)
    history.enqueue(2.0, "a", 1, duplicate=True)
    history.enqueue(3.0, "b", 2)
    history.audit(4.0, "finish", "a", value={"row": 1})
    history.audit(5.0, "dead-letter", "b", value={"row": 2})

    assert [step.size for step in follow_backlog(history.ops, START)] == [0, 1, 2, 1, 0]


def test_the_backlog_is_what_the_audit_saw_live() -> None:
    """With an audit, rows come with their creation and go with their deletion."""
    history = History()
    history.enqueue(1.0, "a", 1)
    history.audit(1.0, "created", "a", value={"row": 1})
    history.audit(4.0, "finish", "a", value={"row": 1})
    history.audit(4.0, "deleted", "a", value={"row": 1})

    assert [step.size for step in follow_backlog(history.ops, START)] == [0, 1, 0]


def test_thinning_keeps_the_peaks_of_the_backlog() -> None:
    """Thousands of steps become hundreds; the highest and the last one survive."""
    history = History()
    for number in range(5000):
        history.enqueue(number / 1000, f"t{number}", number)
    steps = follow_backlog(history.ops, START)

    thinned = thin_out(steps, START)

    assert len(thinned) < 600 < len(steps)
    assert max(step.size for step in thinned) == 5000
    assert thinned[-1] == steps[-1]


def test_no_start_is_left_out_of_the_buckets() -> None:
    """The sum over all buckets is the number of starts, the last moment included."""
    history = History()
    for number in range(101):
        history.start(number / 5, 1, f"t{number}", number, 1)

    buckets = rate(history.ops, is_start, START)

    assert sum(value or 0 for value in buckets.values) * buckets.width == pytest.approx(101)
    assert len(buckets.values) <= 201


def test_a_phase_lasts_until_the_next_one() -> None:
    """The last phase ends with the run."""
    history = History()
    history.phases(0.0, 1.0, 4.0)

    phases = find_phases(history.ops, START)

    assert [(p.name, p.start, p.end) for p in phases] == [
        ("setup", 0.0, 1.0),
        ("steady", 1.0, 4.0),
        ("chaos", 4.0, 20.0),
    ]


@pytest.mark.parametrize("span", [0.0004, 0.01, 0.7, 12.0, 61.0, 4000.0])
def test_an_axis_has_few_round_ticks(span: float) -> None:
    """Labels are few enough for a narrow screen, and all different."""
    labels = [label for _, label in TimeAxis(start=3.0, end=3.0 + span).ticks()]

    assert 1 <= len(labels) <= 7
    assert len(set(labels)) == len(labels)


@pytest.mark.parametrize(("least", "step"), [(0.03, 0.05), (1, 1), (3, 5), (7, 10), (11, 20)])
def test_steps_are_round(least: float, step: float) -> None:
    """A step is 1, 2 or 5 times a power of ten and never below what is asked."""
    assert round_step(least) == pytest.approx(step)
