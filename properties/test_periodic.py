"""Periodic tasks: no slot runs twice, the policy is followed, and nothing comes after the end."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import itertools
import zoneinfo
from typing import TYPE_CHECKING, Any

import pytest
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from background_task import background, claims, cron_schedule, outcomes
from background_task.enqueue import Enqueue, enqueue
from background_task.models import CompletedTask, FailedTask, ScheduledTask
from background_task.outcomes import Failed, Finished
from background_task.registry import registry
from background_task.requeue import requeue
from background_task.slots import Rhythm, next_slot
from properties.interleaving import Schedule, Sessions, schedules
from properties.queue_tables import empty_tables
from properties.races import Ground

if TYPE_CHECKING:
    from collections.abc import Iterator

    from background_task.databases import QueueDatabase

UTC = datetime.UTC
START = datetime.datetime(2026, 1, 1, tzinfo=UTC)
# Half an hour of summer time, a day that does not exist in the year 2011, and the usual ones.
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia")

delays = st.lists(st.integers(0, 5 * 3600), min_size=1, max_size=12)
"""How long after a slot is due, or after the run before it ended, each run ends."""


def _numbers(first: int, last: int, most: int) -> st.SearchStrategy[set[int]]:
    return st.sets(st.integers(first, last), min_size=1, max_size=most)


def _field(numbers: set[int]) -> str:
    return ",".join(map(str, sorted(numbers)))


@st.composite
def crons(draw: st.DrawFn) -> str:
    """Cron expressions of all kinds, none of which waits for years."""
    minute = draw(st.one_of(st.just("*"), st.just("*/7"), _numbers(0, 59, 3).map(_field)))
    hour = draw(st.one_of(st.just("*"), st.just("*/5"), _numbers(0, 23, 4).map(_field)))
    day = draw(st.sampled_from(["*", "1,15,29", "L", "*/2"]))
    weekday = draw(st.sampled_from(["*", "1-5", "0,6", "MON#2"]))
    return f"{minute} {hour} {day} * {weekday}"


rhythms = st.one_of(
    st.builds(Rhythm, repeat=st.integers(30, 10_000), catch_up=st.booleans()),
    st.builds(Rhythm, cron=crons(), catch_up=st.booleans()),
)


def _run(
    rhythm: Rhythm, start: datetime.datetime, zone: datetime.tzinfo, lates: list[int]
) -> list[tuple[datetime.datetime, datetime.datetime]]:
    """Run a chain; return the slots and when their runs ended."""
    runs = []
    slot: datetime.datetime | None = start
    clock = start
    for late in lates:
        if slot is None:
            break
        clock = max(clock, slot) + datetime.timedelta(seconds=late)
        runs.append((slot, clock))
        slot = next_slot(rhythm, slot=slot, now=clock, zone=zone)
    return runs


def _one_by_one(
    rhythm: Rhythm, slot: datetime.datetime, now: datetime.datetime, zone: datetime.tzinfo
) -> datetime.datetime:
    """Return the next slot by going through all that were missed."""
    every = Rhythm(repeat=rhythm.repeat, cron=rhythm.cron, catch_up=True)
    following: datetime.datetime | None = slot
    while following is not None:
        following = next_slot(every, slot=following, now=now, zone=zone)
        if following and (rhythm.catch_up or following > now):
            return following
    raise AssertionError("a chain without an end ended")


@given(
    rhythm=rhythms,
    zone=st.sampled_from(ZONES).map(zoneinfo.ZoneInfo),
    hours=st.integers(-15 * 8766, 8766),
    until=st.none() | st.integers(0, 40 * 86_400),
    lates=delays,
)
def test_slots_grow_and_end(
    rhythm: Rhythm, zone: datetime.tzinfo, hours: int, until: int | None, lates: list[int]
) -> None:
    """In every zone, whatever its clocks do: no duplicate, the policy, nothing after the end."""
    start = START + datetime.timedelta(hours=hours)
    end = None if until is None else start + datetime.timedelta(seconds=until)
    bounded = Rhythm(
        repeat=rhythm.repeat, cron=rhythm.cron, catch_up=rhythm.catch_up, repeat_until=end
    )

    runs = _run(bounded, start, zone, lates)

    for (slot, ended), (following, _) in itertools.pairwise(runs):
        assert slot < following
        assert end is None or following <= end
        assert following == _one_by_one(rhythm, slot, ended, zone)
    if len(runs) < len(lates):
        assert end is not None
        assert _one_by_one(rhythm, *runs[-1], zone) > end


@given(seconds=st.integers(1, 10_000), catch_up=st.booleans(), lates=delays)
def test_an_interval_never_leaves_its_phase(seconds: int, catch_up: bool, lates: list[int]) -> None:
    """Each slot is a whole number of steps from the first, and with catch_up the next step."""
    rhythm = Rhythm(repeat=seconds, catch_up=catch_up)

    slots = [slot for slot, _ in _run(rhythm, START, UTC, lates)]

    steps = [(slot - START).total_seconds() / seconds for slot in slots]
    assert all(step == int(step) for step in steps)
    assert not catch_up or steps == list(range(len(lates)))


@given(seconds=st.integers(1, 10_000), count=st.integers(1, 9), catch_up=st.booleans())
def test_a_slot_at_the_very_end_of_a_chain_still_runs(
    seconds: int, count: int, catch_up: bool
) -> None:
    """No slot comes after the end, and the end itself is not after it."""
    end = START + datetime.timedelta(seconds=seconds * count)
    rhythm = Rhythm(repeat=seconds, repeat_until=end, catch_up=catch_up)

    slots = [slot for slot, _ in _run(rhythm, START, UTC, [0] * (count + 2))]

    assert slots[-1] == end, f"missed-fire: the last slot is {slots[-1]}, and the end {end}"


@given(
    minutes=_numbers(0, 59, 5),
    hours=_numbers(0, 23, 5),
    start=st.integers(0, 60 * 24 * 365),
)
def test_cron_slots_are_the_minutes_that_match(
    minutes: set[int], hours: set[int], start: int
) -> None:
    """Against going through all minutes of the next two days."""
    first = START + datetime.timedelta(minutes=start, seconds=11)
    rhythm = Rhythm(cron=f"{_field(minutes)} {_field(hours)} * * *", catch_up=True)
    whole = first.replace(second=0)
    two_days = [whole + datetime.timedelta(minutes=step) for step in range(1, 2 * 24 * 60)]
    matching = [at for at in two_days if at.minute in minutes and at.hour in hours]

    slot, found = first, list[datetime.datetime]()
    while len(found) < len(matching):
        following = next_slot(rhythm, slot=slot, now=slot, zone=UTC)
        assert following is not None
        slot = following
        found.append(slot)

    assert found == matching


@given(
    ago=st.integers(0, 500),
    rhythm=st.builds(dict, repeat=st.integers(40, 200)) | st.just({"cron": "*/2 * * * *"}),
    catch_up=st.booleans(),
    ends=st.lists(st.sampled_from(["finish", "retry", "dead-letter"]), max_size=15),
)
def test_the_engine_runs_each_slot_once(
    database: QueueDatabase,
    sessions: Sessions,
    *,
    ago: int,
    rhythm: dict[str, Any],
    catch_up: bool,
    ends: list[str],
) -> None:
    """However its runs end: no slot ends twice, and the next ones follow the policy."""
    worker = _empty(database, sessions).worker("worker")
    start = database.time_of(-float(ago)).replace(microsecond=0)
    request = Enqueue(task_name="tick", task_params="[[], {}]", run_at=start, **rhythm)
    enqueue(dataclasses.replace(request, catch_up=catch_up))

    for end in ends:
        for held in worker.claim():
            _end(database, held, end)

    row = ScheduledTask.objects.get()
    fired = [*(slot for slot, _ in _ends()), row.slot_at]
    every = Rhythm(**rhythm, catch_up=True)
    for (slot, ended_at), following in zip(_ends(), fired[1:], strict=True):
        nearest = next_slot(every, slot=slot, now=ended_at, zone=UTC)
        assert slot < following
        assert following == nearest if catch_up else following > ended_at


def _end(database: QueueDatabase, held: claims.Claim, end: str) -> None:
    outcomes_by_name: dict[str, outcomes.Outcome] = {
        "finish": Finished(claim=held),
        "retry": Failed(claim=_with(held, 10**6), error="no", retry_in=0.0),
        "dead-letter": Failed(claim=held, error="no", retry_in=None, is_final=True),
    }
    with database.transaction():
        assert not outcomes.record(database, [outcomes_by_name[end]], keep_completed=True)


def _ends() -> list[tuple[Any, Any]]:
    """Return the slots that ran, in order, each with the time of its end."""
    completed = CompletedTask.objects.values_list("slot_at", "completed_at")
    failed = FailedTask.objects.values_list("slot_at", "failed_at")
    return sorted([*completed, *failed])


def _with(held: claims.Claim, max_attempts: int) -> claims.Claim:
    return held._replace(max_attempts=max_attempts)


@pytest.fixture
def nightly() -> Iterator[None]:
    """Declare one cron task, for the length of a test."""
    saved = dict(registry)

    @background(name="nightly", cron="0 0 1 1 *")
    def nightly() -> None:
        """Do nothing."""

    yield
    registry.clear()
    registry.update(saved)


def _empty(database: QueueDatabase, sessions: Sessions) -> Ground:
    empty_tables()
    return Ground(database, sessions)


@given(schedule=schedules(2))
def test_two_workers_declare_one_row_in_every_order(
    database: QueueDatabase, sessions: Sessions, nightly: None, schedule: Schedule
) -> None:
    """Both find none, and one of them adds it."""
    ground = _empty(database, sessions)

    one = ground.worker("one")
    declare = functools.partial(one.again, lambda: cron_schedule.declare(database))
    _ = sessions.play({"one": declare, "other": declare}, schedule).values

    row = ScheduledTask.objects.get()
    assert row.live_hash == row.task_hash


@pytest.mark.parametrize("zone", ZONES)
def test_cron_is_by_the_wall_clock_of_the_project(
    database: QueueDatabase, sessions: Sessions, nightly: None, zone: str
) -> None:
    """The first slot and the one after it."""
    worker = _empty(database, sessions).worker("worker")
    with override_settings(TIME_ZONE=zone):
        cron_schedule.declare(database)
        first = ScheduledTask.objects.get().slot_at
        ScheduledTask.objects.update(run_at=START)
        (held,) = worker.claim()
        _end(database, held, "finish")
        following = ScheduledTask.objects.get().slot_at

    for slot in (first, following):
        assert slot is not None
        local = slot.astimezone(zoneinfo.ZoneInfo(zone))
        is_new_year = (local.month, local.day, local.hour, local.minute) == (1, 1, 0, 0)
        assert is_new_year, f"missed-fire: the slot is {local}"


@pytest.mark.parametrize("is_running", [False, True])
@pytest.mark.parametrize("cron", ["", "30 4 2 2 *"])
def test_a_row_follows_its_declaration(
    database: QueueDatabase, sessions: Sessions, nightly: None, cron: str, *, is_running: bool
) -> None:
    """What waits is moved or removed; what runs keeps its slot and its lease, and then follows."""
    worker = _empty(database, sessions).worker("worker")
    cron_schedule.declare(database)
    if is_running:
        ScheduledTask.objects.update(run_at=START, slot_at=START)
        (held,) = worker.claim()
    registry["nightly"].options = dataclasses.replace(registry["nightly"].options, cron=cron)

    cron_schedule.declare(database)

    if is_running:
        assert ScheduledTask.objects.exists(), "vanished: what runs was removed"
        row = ScheduledTask.objects.get()
        is_left_alone = (row.slot_at, row.run_at) == (START, START)
        assert is_left_alone, f"missed-fire: the slot that runs is {row.slot_at} now"
        _end(database, held, "finish")
    found = ScheduledTask.objects.values_list("slot_at", flat=True)
    slots = [(at.month, at.hour) for at in found if at is not None]
    name = "double-fire" if len(slots) > bool(cron) else "missed-fire"
    assert slots == ([(2, 4)] if cron else []), f"{name}: {slots} for cron {cron!r}"


@given(schedule=schedules(2))
def test_declaring_while_a_run_ends_makes_one_row_in_every_order(
    database: QueueDatabase, sessions: Sessions, nightly: None, schedule: Schedule
) -> None:
    """The row of the next slot takes the place of the one that ends, and none comes beside it."""
    ground = _empty(database, sessions)
    cron_schedule.declare(database)
    row = ScheduledTask.objects.get()
    assert row.slot_at is not None
    past = row.slot_at.replace(year=row.slot_at.year - 2)
    ScheduledTask.objects.update(run_at=past, slot_at=past)
    (held,) = ground.worker("worker").claim()

    def finish() -> list[claims.Claim]:
        with database.transaction():
            return outcomes.record(database, [Finished(claim=held)], keep_completed=True)

    one, other = ground.worker("one"), ground.worker("other")
    programs = {
        "one": lambda: one.again(finish),
        "other": lambda: other.again(lambda: cron_schedule.declare(database)),
    }
    _ = sessions.play(programs, schedule).values

    following = ScheduledTask.objects.get()
    assert following.slot_at == row.slot_at
    assert following.pk != held.id
    assert CompletedTask.objects.get().slot_at == past


@given(schedule=schedules(2))
def test_a_failed_task_is_requeued_once_in_every_order(
    database: QueueDatabase, sessions: Sessions, schedule: Schedule
) -> None:
    """Two people press the button, and the tasks wait once."""
    ground = _empty(database, sessions)
    ground.fill(2)
    held = ground.worker("worker").claim(2)
    with database.transaction():
        ends = [Failed(claim=_with(claim, 1), error="no", retry_in=None) for claim in held]
        outcomes.record(database, ends, keep_completed=True)
    ids = [claim.id for claim in held]

    one = ground.worker("one")
    again = functools.partial(one.again, lambda: requeue(database, ids))
    done = sessions.play({"one": again, "other": again}, schedule).values

    assert sum(end.requeued for end in done) == 2
    assert sorted(ScheduledTask.objects.values_list("pk", flat=True)) == sorted(ids)
    assert not FailedTask.objects.exists()
