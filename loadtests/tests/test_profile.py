"""Profiles: the shipped ones load and keep their time; a user's own is read as it is written."""

from __future__ import annotations

import dataclasses
import json
import math
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from loadtests.arrivals import expected_arrivals
from loadtests.plans import HourlyRates, Piece
from loadtests.profile import (
    CompareProfile,
    KneeProfile,
    Profile,
    ProfileError,
    TimelineProfile,
    load_profile,
    load_workload,
    profile_names,
)
from loadtests.workload import Workload

if TYPE_CHECKING:
    from collections.abc import Callable

EXAMPLES = Path(__file__).parents[1] / "examples"
PAGE = Path(__file__).parents[2] / "docs" / "workloads.md"
SHIPPED = {
    "smoke": KneeProfile,
    "knee-1000-sqlite": KneeProfile,
    "knee-1000-postgresql": KneeProfile,
    "knee-1000-mysql": KneeProfile,
    "knee-1000-mariadb": KneeProfile,
    "burst": TimelineProfile,
    "soak": TimelineProfile,
    "idle": TimelineProfile,
    "long-transaction": TimelineProfile,
    "mixed": TimelineProfile,
    "compare": CompareProfile,
    "semantics": CompareProfile,
}
KNEE = 'kind = "knee"\n'
TIMELINE = 'kind = "timeline"\n[[pieces]]\nseconds = 60\nrate = 2\n'


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], Profile]:
    """Write a profile and load it."""

    def load(text: str) -> Profile:
        path = tmp_path / "my.toml"
        path.write_text(text, encoding="utf-8")
        return load_profile(str(path))

    return load


def test_every_profile_of_the_list_is_shipped_and_no_other() -> None:
    """The names are what people type."""
    assert set(profile_names()) == set(SHIPPED)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_profile_loads_says_what_it_does_and_keeps_its_time(name: str) -> None:
    """Its worst case is within its budget, with a tenth to spare on slower starts of steps."""
    profile = load_profile(name)

    assert type(profile) is SHIPPED[name]
    assert profile.name == name
    assert profile.summary.endswith(".")
    assert profile.estimated_seconds(start_seconds=4) <= profile.budget_seconds


@pytest.mark.parametrize("name", [name for name in SHIPPED if name.startswith("knee-1000")])
def test_a_knee_profile_passes_through_1000_in_ten_minutes_and_flips_knobs(name: str) -> None:
    """Its ramp begins below 1000 tasks per second and ends above."""
    profile = load_profile(name)

    assert isinstance(profile, KneeProfile)
    assert profile.search.start_rate < 1000 < profile.search.max_rate
    assert profile.budget_seconds == 600
    assert profile.flips.blocks >= 5
    assert "durability" in profile.flips.knobs


def test_the_smoke_profile_takes_a_minute() -> None:
    """At worst."""
    assert load_profile("smoke").estimated_seconds() <= 60


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.stem)
def test_an_example_can_be_used_as_it_is(path: Path) -> None:
    """Each is a profile, or a file of tasks."""
    assert load_workload(path).tasks if path.stem == "tasks" else load_profile(str(path))


@pytest.mark.parametrize(
    "block", re.findall(r"```toml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
)
def test_what_the_page_shows_can_be_used_as_it_is(
    block: str, tmp_path: Path, written: Callable[[str], Profile]
) -> None:
    """Each block of docs/workloads.md is part of a profile that loads."""
    (tmp_path / "morning.csv").write_text((EXAMPLES / "morning.csv").read_text())
    has_load = any(load in block for load in ("pieces", "hours", "trace"))
    load = "" if has_load else "[[pieces]]\nseconds = 300\nrate = 1\n"

    assert written(f'kind = "timeline"\nwindow_seconds = 5\n{load}{block}').summary == ""


@pytest.mark.parametrize("name", SHIPPED)
def test_a_document_is_json_and_has_every_default(name: str) -> None:
    """What a run stores says all that decided its figures, and its digest is of that."""
    profile = load_profile(name)
    document = profile.document()

    assert json.loads(json.dumps(document)) == document
    assert document["kind"] == profile.kind
    fields = {field.name for field in dataclasses.fields(profile)}
    assert fields | {"kind"} == set(document)
    assert len(profile.digest) == 12


def test_digests_are_equal_for_equal_documents_only(written: Callable[[str], Profile]) -> None:
    """A default that is written out changes nothing; another value does."""
    plain = written(KNEE)
    spelled = written(f"{KNEE}workers = 2\nwindow_seconds = 6\n[rules]\nerror_share = 0.001\n")
    other = written(f"{KNEE}workers = 3\n")

    assert plain.digest == spelled.digest != other.digest


def test_a_digest_depends_on_the_content_of_the_trace(
    tmp_path: Path, written: Callable[[str], Profile]
) -> None:
    """The same profile with another trace is another profile."""
    trace = tmp_path / "t.csv"
    text = 'kind = "timeline"\nwindow_seconds = 1\n[trace]\nfile = "t.csv"\n'
    trace.write_text("1\n3\n")
    one = written(text)
    trace.write_text("1\n4\n")

    assert one.digest != written(text).digest


def test_a_profile_without_tasks_has_empty_ones(written: Callable[[str], Profile]) -> None:
    """So that the queue is measured, and nothing else."""
    assert written(KNEE).workload == Workload()


def test_tasks_may_stand_in_a_file_beside_the_profile(
    tmp_path: Path, written: Callable[[str], Profile]
) -> None:
    """Several profiles can share them, and a profile can give its tasks to others."""
    (tmp_path / "tasks.toml").write_text('[[tasks]]\nname = "mail"\nwork_ms = 5\n')
    profile = written(f'{KNEE}workload = "tasks.toml"\n')

    assert profile.workload == load_workload(tmp_path / "tasks.toml")
    assert profile.workload.mean_work_ms() == 5


def test_the_tasks_of_a_trace_are_used_unless_the_profile_has_its_own(
    tmp_path: Path, written: Callable[[str], Profile]
) -> None:
    """What is written down wins over what was recorded."""
    (tmp_path / "t.csv").write_text("at_seconds,work_ms\n0,5\n9,7\n")
    text = 'kind = "timeline"\nwindow_seconds = 3\n[trace]\nfile = "t.csv"\n'

    assert written(text).workload.mean_work_ms() == 6
    assert written(f"{text}[[tasks]]\nwork_ms = 1\n").workload.mean_work_ms() == 1


def test_a_trace_is_replayed_at_its_speed(
    tmp_path: Path, written: Callable[[str], Profile]
) -> None:
    """The load lasts for whole windows, so that the last arrival is in one."""
    (tmp_path / "t.csv").write_text("0\n4\n9\n")
    profile = written('kind = "timeline"\nwindow_seconds = 2\n[trace]\nfile = "t.csv"\nspeed = 2\n')

    assert isinstance(profile, TimelineProfile)
    assert profile.arrivals().times_seconds == (0, 2, 4.5)
    assert profile.duration_seconds() == 6


def test_hours_become_pieces_with_bursts_at_the_end_of_each_interval() -> None:
    """A burst that lies over the border of two hours has the rates of both."""
    hours = HourlyRates(
        rates=(10.0, 20.0, *[1.0] * 22),
        hour_seconds=10.0,
        burst_factor=3.0,
        burst_seconds=4.0,
        burst_every_seconds=12.0,
    )

    assert hours.pieces()[:5] == (
        Piece(seconds=8, rate=10),
        Piece(seconds=2, rate=30),
        Piece(seconds=2, rate=60),
        Piece(seconds=8, rate=20),
        Piece(seconds=4, rate=3),
    )
    assert sum(piece.seconds for piece in hours.pieces()) == 240


def test_a_day_without_bursts_is_its_24_hours() -> None:
    """One piece for each."""
    hours = HourlyRates(rates=tuple(float(hour) for hour in range(24)), hour_seconds=2.0)

    assert hours.pieces() == tuple(Piece(seconds=2, rate=float(hour)) for hour in range(24))


def test_the_mixed_profile_offers_the_load_of_its_day() -> None:
    """Its arrivals are those of its hours and bursts."""
    profile = load_profile("mixed")

    assert isinstance(profile, TimelineProfile)
    assert profile.hours is not None
    plain = sum(profile.hours.rates) * profile.hours.hour_seconds
    assert plain < expected_arrivals(profile.arrivals()) < 1.5 * plain
    assert math.isclose(profile.duration_seconds(), 240)


def test_a_contender_in_a_broker_is_one_cell_and_another_is_one_on_each_database(
    written: Callable[[str], Profile],
) -> None:
    """So the estimate knows what a comparison has to run."""
    profile = written(
        'kind = "compare"\nbudget_seconds = 9999\ndatabases = ["sqlite", "postgresql"]\n'
        'contenders = ["background_task", "celery-redis-off-late"]\n'
    )

    assert isinstance(profile, CompareProfile)
    cells = [(cell.contender, cell.database) for cell in profile.cells()]
    assert cells == [
        ("background_task", "sqlite"),
        ("background_task", "postgresql"),
        ("celery-redis-off-late", ""),
    ]


def test_a_longer_start_and_more_databases_take_longer(written: Callable[[str], Profile]) -> None:
    """Estimates follow what they are made of."""
    one = written(KNEE)
    two = written(f'{KNEE}databases = ["sqlite", "postgresql"]\n')

    assert math.isclose(two.estimated_seconds(), 2 * one.estimated_seconds())
    assert one.estimated_seconds(start_seconds=5) > one.estimated_seconds(start_seconds=3)


def test_an_unknown_name_is_answered_with_the_nearest_one() -> None:
    """One sentence, no traceback."""
    with pytest.raises(ProfileError, match="the nearest is knee-1000-sqlite;"):
        load_profile("knee-1000-sqlit")
    with pytest.raises(ProfileError, match="there are burst, compare"):
        load_profile("qqqq")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """With the path as it was typed."""
    path = tmp_path / "none.toml"

    with pytest.raises(ProfileError, match=r"none\.toml: cannot be read: No such file"):
        load_profile(str(path))


def test_a_contender_of_ones_own_is_taken_as_it_is(tmp_path: Path) -> None:
    """``package.module:attribute`` is in no list."""
    path = tmp_path / "my.toml"
    path.write_text(f'{KNEE}contender = "shop.queues:Mine"\n')
    profile = load_profile(str(path), contenders=["background_task"])

    assert isinstance(profile, KneeProfile)
    assert profile.contender == "shop.queues:Mine"


def test_a_timeline_of_pieces_offers_them(written: Callable[[str], Profile]) -> None:
    """In order, with the spacing that was asked for."""
    profile = written(f'spacing = "uniform"\n{TIMELINE}[[pieces]]\nseconds = 5\nrate = 0\n')

    assert isinstance(profile, TimelineProfile)
    assert profile.arrivals().kind == "uniform"
    assert profile.arrivals().pieces == ((60, 2), (5, 0))
