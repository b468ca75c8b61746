"""Slots: the next one after a run, with what was missed, and with clocks that jump."""

from __future__ import annotations

import dataclasses
import datetime
import sys
import zoneinfo

import pytest

from background_task.slots import CronError, Rhythm, check_cron, next_slot

BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
START = datetime.datetime(2026, 3, 2, 12, 0, tzinfo=datetime.UTC)


def _minutes(count: float) -> datetime.datetime:
    return START + datetime.timedelta(minutes=count)


def _local(text: str, *, fold: int = 0) -> datetime.datetime:
    wall = datetime.datetime.fromisoformat(text).replace(tzinfo=BERLIN, fold=fold)
    return wall.astimezone(datetime.UTC)


def _slots(cron: str, start: datetime.datetime, count: int) -> list[str]:
    """Return the next slots of a worker that is never late, as the clock in Berlin shows them."""
    found = [start]
    for _ in range(count):
        last = found[-1]
        slot = next_slot(Rhythm(cron=cron), slot=last, now=last, zone=BERLIN)
        assert slot is not None
        found.append(slot)
    return [slot.astimezone(BERLIN).strftime("%m-%d %H:%M %Z") for slot in found[1:]]


@pytest.mark.parametrize(
    ("catch_up", "now", "expected"),
    [
        (False, 0.5, 10),
        (False, 9.9, 10),
        (False, 10, 20),
        (False, 35, 40),
        (True, 0.5, 10),
        (True, 35, 10),
        (False, -5, 10),
    ],
)
def test_an_interval_keeps_its_phase(catch_up: bool, now: float, expected: float) -> None:
    """Without catch_up the next slot is the first one after now; with it, none is passed over."""
    rhythm = Rhythm(repeat=600, catch_up=catch_up)

    slot = next_slot(rhythm, slot=START, now=_minutes(now), zone=BERLIN)

    assert slot == _minutes(expected)


@pytest.mark.parametrize(
    ("catch_up", "now", "expected"), [(False, 1, 5), (False, 12, 15), (True, 12, 5)]
)
def test_a_cron_expression_has_the_same_policy(catch_up: bool, now: float, expected: float) -> None:
    """What was missed runs once for all, or each."""
    rhythm = Rhythm(cron="*/5 * * * *", catch_up=catch_up)

    slot = next_slot(rhythm, slot=START, now=_minutes(now), zone=BERLIN)

    assert slot == _minutes(expected)


@pytest.mark.parametrize("rhythm", [Rhythm(repeat=600), Rhythm(cron="*/10 * * * *")])
def test_there_is_no_slot_after_repeat_until(rhythm: Rhythm) -> None:
    """A slot at the very time still counts."""
    rhythm = dataclasses.replace(rhythm, repeat_until=_minutes(20))

    assert next_slot(rhythm, slot=START, now=_minutes(11), zone=BERLIN) == _minutes(20)
    assert next_slot(rhythm, slot=_minutes(20), now=_minutes(20), zone=BERLIN) is None
    assert next_slot(rhythm, slot=START, now=_minutes(25), zone=BERLIN) is None


@pytest.mark.parametrize("rhythm", [Rhythm(repeat=2**62), Rhythm(cron="0 0 1 1 *")])
def test_a_slot_beyond_the_calendar_never_comes(rhythm: Rhythm) -> None:
    """The chain ends; its last run does not fail of it."""
    late = datetime.datetime(9999, 6, 1, tzinfo=datetime.UTC)

    assert next_slot(rhythm, slot=late, now=late, zone=BERLIN) is None


def test_a_slot_that_the_clock_jumps_over_comes_at_the_jump() -> None:
    """On the day on which 02:00 to 03:00 does not exist."""
    assert _slots("30 2 * * *", _local("2026-03-28 12:00"), 2) == [
        "03-29 03:00 CEST",
        "03-30 02:30 CEST",
    ]


def test_a_slot_that_the_clock_shows_twice_comes_once() -> None:
    """The first time, and the next day then, even if the run ended in between."""
    evening, next_day = _local("2026-10-24 12:00"), "10-26 02:30 CET"

    assert _slots("30 2 * * *", evening, 2) == ["10-25 02:30 CEST", next_day]
    for inside in (_local("2026-10-25 02:10", fold=1), _local("2026-10-25 02:30", fold=0)):
        assert _slots("30 2 * * *", inside, 1) == [next_day]


def test_every_so_many_minutes_goes_by_elapsed_time() -> None:
    """An expression with a star for minutes or hours runs in both hours that look alike."""
    assert _slots("*/30 * * * *", _local("2026-10-25 01:30"), 5) == [
        "10-25 02:00 CEST",
        "10-25 02:30 CEST",
        "10-25 02:00 CET",
        "10-25 02:30 CET",
        "10-25 03:00 CET",
    ]
    assert _slots("*/30 * * * *", _local("2026-03-29 01:30"), 1) == ["03-29 03:00 CEST"]


def test_an_interval_does_not_care_for_the_wall_clock() -> None:
    """A day is 24 hours, also when the clock in the zone of the slot changes."""
    slot = datetime.datetime(2026, 3, 28, 12, tzinfo=BERLIN)

    later = next_slot(Rhythm(repeat=86_400), slot=slot, now=slot, zone=BERLIN)

    assert later == slot.astimezone(datetime.UTC) + datetime.timedelta(days=1)


@pytest.mark.parametrize(
    ("cron", "reason"),
    [
        ("every day", "is no cron expression: wrong number of fields"),
        ("61 * * * *", "is no cron expression: bad minute"),
        ("0 0 30 2 *", "is no cron expression: bad day-of-month"),
        ("0 0 * 2 MON#5", ""),
        ("0 0 L,31 * *", ""),
    ],
)
def test_a_bad_expression_is_one_sentence(cron: str, reason: str) -> None:
    """It names the expression and what is wrong; a rare one is no bad one."""
    if not reason:
        check_cron(cron)
        return
    with pytest.raises(CronError) as error:
        check_cron(cron)
    assert str(error.value) == f"cron {cron!r} {reason}"


def test_a_missing_library_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says what to install; intervals need no library."""
    monkeypatch.setitem(sys.modules, "cronsim", None)

    with pytest.raises(CronError, match="pip install"):
        check_cron("* * * * *")
    assert next_slot(Rhythm(repeat=60), slot=START, now=START, zone=BERLIN) == _minutes(1)
