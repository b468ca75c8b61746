"""The scheduler itself: schedules are played as they say, again as before, and leave nothing."""

from __future__ import annotations

import itertools
import threading
from typing import TYPE_CHECKING, Any

import pytest
from django.db import OperationalError, transaction
from hypothesis import given
from hypothesis import strategies as st

from engine.project.models import Mail
from properties.interleaving import (
    Bounded,
    Choices,
    ClockStep,
    Crash,
    LostConnection,
    Priorities,
    Refusal,
    Schedule,
    every_schedule,
    gate,
    one_after_the_other,
    policies,
    schedules,
)
from properties.races import RACES, play

if TYPE_CHECKING:
    from collections.abc import Callable

    from background_task.databases import QueueDatabase
    from properties.interleaving import Play, Sessions


def labels(played: Play) -> list[tuple[int, str]]:
    """Return who did what, in its order."""
    return [(step.session, step.label.split()[0]) for step in played.steps]


def write_two(order: str) -> Callable[[], Any]:
    """Return a program that writes two rows in one transaction."""

    def program() -> int:
        with transaction.atomic():
            Mail.objects.create(order=order, sent_by=1)
            gate("between")
            Mail.objects.create(order=order, sent_by=2)
        return Mail.objects.count()

    return program


@given(schedule=schedules(3, most_faults=2))
def test_a_schedule_that_is_played_again_is_the_same_again(
    database: QueueDatabase, sessions: Sessions, schedule: Schedule
) -> None:
    """Step for step, with who waited for whom and what went wrong."""
    first, second = (play(RACES["zombie finish"], database, sessions, schedule) for _ in range(2))

    assert first.steps == second.steps
    assert first.widths == second.widths


def test_programs_run_one_after_the_other_unless_they_are_preempted(
    database: QueueDatabase, sessions: Sessions
) -> None:
    """A preemption hands over at its step, and the first one goes on when the second is done."""
    programs = {"first": lambda: gate("a"), "second": lambda: gate("b")}
    plain = sessions.play(programs, one_after_the_other(2))
    preempted = sessions.play(
        programs, Schedule(policy=Bounded(order=(0, 1), preemptions=((1, 1),)))
    )

    assert labels(plain) == [(0, "begins"), (0, "a"), (1, "begins"), (1, "b")]
    assert labels(preempted) == [(0, "begins"), (1, "begins"), (1, "b"), (0, "a")]


def test_a_change_of_priorities_lets_the_next_one_run(
    database: QueueDatabase, sessions: Sessions
) -> None:
    """Whoever ran at the change runs last from then on."""
    programs = {name: lambda: gate("a") for name in ("first", "second", "third")}
    played = sessions.play(programs, Schedule(policy=Priorities(order=(2, 0, 1), changes=(1,))))

    assert [session for session, _ in labels(played)] == [2, 0, 0, 1, 1, 2]


def test_all_schedules_of_a_small_race_can_be_had(
    database: QueueDatabase, sessions: Sessions
) -> None:
    """Two programs with two gates each have six orders, each of them played once."""
    programs = {"first": lambda: gate("a"), "second": lambda: gate("b")}
    orders = [
        tuple(session for session, _ in labels(played))
        for played in every_schedule(lambda schedule: sessions.play(programs, schedule))
    ]

    assert sorted(orders) == sorted(set(itertools.permutations((0, 0, 1, 1))))


def test_who_waits_for_a_lock_is_passed_over_until_it_has_it(
    database: QueueDatabase, sessions: Sessions
) -> None:
    """The step says that it waited, and for whom where the database tells."""
    row = Mail.objects.create(order="x", sent_by=0)

    def write() -> None:
        with transaction.atomic():
            Mail.objects.filter(pk=row.pk).update(sent_by=1)

    at = {"sqlite": 2}.get(database.connection.vendor, 2)
    played = sessions.play(
        {"holder": write, "waiter": write},
        Schedule(policy=Bounded(order=(0, 1), preemptions=((at, 1),))),
    )

    waits = [step for step in played.steps if step.note.startswith("waits")]
    assert len(waits) == 1
    assert waits[0].session == 1
    assert "waits" in played.ladder()
    assert [end.error for end in played.ends] == [None, None]


@pytest.mark.parametrize("after", [False, True])
def test_a_crash_takes_its_transaction_with_it(
    database: QueueDatabase, sessions: Sessions, after: bool
) -> None:
    """Nothing of an open transaction is there afterwards, and the session's heirs work."""
    probe = sessions.play({"writer": write_two("a")}, one_after_the_other(1))
    at = next(n for n, step in enumerate(probe.steps, 1) if step.label == "between")
    Mail.objects.all().delete()

    killed = sessions.play(
        {"writer": write_two("a")}, one_after_the_other(1, Crash(session=0, gate=at, after=after))
    )

    assert killed.ends[0].is_killed
    assert not Mail.objects.exists()
    assert sessions.play({"writer": write_two("b")}, one_after_the_other(1)).values == [2]


def test_a_lost_answer_leaves_the_work_done_and_the_caller_with_an_error(
    database: QueueDatabase, sessions: Sessions
) -> None:
    """It is the driver's own error."""
    probe = sessions.play({"writer": write_two("a")}, one_after_the_other(1))
    at = next(n for n, step in enumerate(probe.steps, 1) if step.label == "COMMIT")
    Mail.objects.all().delete()

    lost = sessions.play(
        {"writer": write_two("a")},
        one_after_the_other(1, LostConnection(session=0, gate=at, after=True)),
    )

    assert isinstance(lost.ends[0].error, OperationalError)
    assert Mail.objects.count() == 2


def test_a_refusal_is_an_error_that_the_engine_takes_for_what_it_is(
    database: QueueDatabase, sessions: Sessions
) -> None:
    """A deadlock is transient in the engine's eyes."""
    refused = sessions.play(
        {"writer": write_two("a")},
        one_after_the_other(1, Refusal(session=0, gate=3, error="deadlock")),
    )

    assert isinstance(refused.ends[0].error, OperationalError)
    assert database.dialect.is_transient(refused.ends[0].error)
    assert not Mail.objects.exists()


def test_time_passes_when_the_schedule_says_so(database: QueueDatabase, sessions: Sessions) -> None:
    """For the sessions' statements, from that step on.

    A machine's clock may be set back by itself in between, so the hour is told from a minute only.
    """
    before, after = sessions.play(
        {"watcher": lambda: (database.now(), database.now())},
        one_after_the_other(1, ClockStep(step=2, seconds=3600)),
    ).values[0]

    assert 1800 < (after - before).total_seconds() < 7200


def test_nothing_is_left_of_sessions(database: QueueDatabase, sessions: Sessions) -> None:
    """An error in the middle of a play leaves no program that holds a lock."""

    class Surprise(Exception):  # noqa: N818
        """What nobody expects."""

    class Broken:
        def begin(self) -> Any:
            def choose(step: int, ready: Any, _: object) -> int:
                if step > 2:
                    raise Surprise
                return int(ready[0])

            return choose

    with pytest.raises(Surprise):
        sessions.play({"a": write_two("a"), "b": write_two("b")}, Schedule(policy=Broken()))

    assert sessions.play({"c": write_two("c")}, one_after_the_other(1)).values == [2]
    assert threading.active_count() < 50


@given(policy=policies(3), ready=st.sets(st.integers(0, 2), min_size=1), step=st.integers(0, 40))
def test_a_policy_chooses_among_those_that_are_ready(
    policy: Any, ready: set[int], step: int
) -> None:
    """Whatever was drawn."""
    assert policy.begin()(step, sorted(ready), None) in ready
    assert Choices(choices=()).begin()(step, sorted(ready), None) == min(ready)
