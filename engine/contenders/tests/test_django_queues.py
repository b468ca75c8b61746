"""Queues in the Django database: their tables are made, filled through the producer, and emptied.

On the database that ``KILLPROOF_TEST_DATABASE`` names, with a server of its own.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest

from engine.contenders import contender_named
from engine.contenders.contender import ContenderError
from engine.contenders.django_queue import SHOP, DjangoQueue
from engine.contenders.tables import statements
from engine.contenders.tests.sites import DATABASE, produce, site_on, under_test
from engine.databases import Database, open_database

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from engine.contenders.contender import Site

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """Give a running database, which the tests of this module share."""
    with open_database(DATABASE, tmp_path_factory.mktemp("database")) as running:
        yield running


@pytest.fixture(params=[name for name in under_test() if not name.startswith("celery")])
def queue(request: pytest.FixtureRequest) -> DjangoQueue:
    """Give a contender under test."""
    contender = contender_named(request.param)
    assert isinstance(contender, DjangoQueue)
    return contender


@pytest.fixture
def site(queue: DjangoQueue, database: Database, tmp_path: Path) -> Site:
    """Give a place in which the contender is prepared."""
    place = site_on(database, tmp_path / "step")
    queue.prepare(place)
    return place


def counts(database: Database, tables: Sequence[str]) -> list[int]:
    """Count the rows of tables."""
    with contextlib.closing(database.connect()) as connection:
        cursor = connection.cursor()
        numbers = []
        for table in tables:
            cursor.execute(f"SELECT COUNT(*) FROM {table}")  # noqa: S608 - our constants
            numbers.append(cursor.fetchone()[0])
        return numbers


def test_what_is_enqueued_is_held_until_the_tables_are_emptied(
    queue: DjangoQueue, site: Site
) -> None:
    """Tasks of all kinds, due now or later, are waiting tasks; after that there is nothing."""
    lines: list[dict[str, Any]] = [
        {"key": 1},
        {"key": 2, "payload_bytes": 4000, "work_ms": 1.5, "is_cpu": True},
        {"key": 3, "delay_seconds": 90.5, "fails_first": True},
    ]
    answers = produce(queue, queue.environment(site), lines)

    assert [answer["key"] for answer in answers] == [1, 2, 3]
    assert not any("error" in answer for answer in answers)
    assert queue.held(site) == 3

    queue.empty(site)

    assert queue.held(site) == 0
    assert not any(counts(site.database, (*queue.tables, *SHOP)))


def test_preparing_again_leaves_nothing_of_what_was_there(queue: DjangoQueue, site: Site) -> None:
    """Another queue's tables may have the same names: the database is made anew."""
    produce(queue, queue.environment(site), [{"key": 1}])
    with contextlib.closing(site.database.connect()) as connection:
        connection.cursor().execute("CREATE TABLE left_by_another_queue (id integer)")

    queue.prepare(site)

    assert queue.held(site) == 0
    with pytest.raises(ContenderError, match="left_by_another_queue"):
        _ask_about_what_was_left(queue, site)


def _ask_about_what_was_left(queue: DjangoQueue, site: Site) -> None:
    """Count a table that is not there, as ``held`` does; the driver's reason is in the message."""
    missing = type("Missing", (type(queue),), {"tables": ("left_by_another_queue",)})()
    missing.held(site)


def test_tables_that_cannot_be_created_are_said_so_in_one_sentence(
    queue: DjangoQueue, database: Database, tmp_path: Path
) -> None:
    """The last line of what migrate printed, and no traceback."""
    place = site_on(database, tmp_path / "step")
    nowhere = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(tmp_path / "none" / "file")}
    object.__setattr__(place, "django_database", nowhere)

    with pytest.raises(ContenderError, match=r"were not created: .*unable to open") as failure:
        queue.prepare(place)

    assert "\n" not in str(failure.value)
    assert "Traceback" in (place.folder / "migrate.log").read_text()


def test_a_task_that_the_queue_refuses_is_an_error_of_that_task_alone(site: Site) -> None:
    """The reference engine takes no megabytes; the tasks beside are taken."""
    queue = contender_named("background_task")
    queue.prepare(site)
    lines = [{"key": 1}, {"key": 2, "payload_bytes": 2_000_000}, {"key": 3}]
    answers = produce(queue, queue.environment(site), lines)

    assert ["error" in answer for answer in answers] == [False, True, False]
    assert answers[1]["error"].startswith("TaskArgumentsError")
    assert queue.held(site) == 2


def test_knobs_reach_the_worker_and_nothing_else_differs_from_the_defaults(
    database: Database, tmp_path: Path
) -> None:
    """Without knobs the product decides."""
    plain = site_on(database, tmp_path / "plain")
    tuned = site_on(
        database, tmp_path / "tuned", sleep_seconds=0.5, max_attempts=2, keep_completed=False
    )
    ours, theirs = contender_named("background_task"), contender_named("django-background-tasks")
    assert isinstance(ours, DjangoQueue)
    assert isinstance(theirs, DjangoQueue)

    assert ours.worker_arguments(plain) == ("process_tasks", "--workers=2")
    assert ours.settings(plain)["BACKGROUND_TASK"] == {}
    assert ours.worker_arguments(tuned)[2:] == ("--sleep=0.5", "--max-attempts=2")
    assert ours.settings(tuned)["BACKGROUND_TASK"] == {"KEEP_COMPLETED": False}
    assert theirs.worker_arguments(plain) == ("process_tasks",)
    assert theirs.worker_arguments(tuned) == ("process_tasks", "--sleep=0.5")
    assert theirs.settings(tuned)["MAX_ATTEMPTS"] == 2


def test_a_queue_of_one_process_per_worker_gets_a_worker_for_each_process(
    database: Database, tmp_path: Path
) -> None:
    """The same number of tasks runs at the same time, whichever queue it is."""
    place = site_on(database, tmp_path / "step")
    names = ("background_task", "django-tasks-db", "django-background-tasks")

    assert [contender_named(name).workers(place) for name in names] == [1, 2, 2]


@pytest.mark.parametrize("is_ours", [True, False])
def test_only_a_server_of_ours_is_told_to_write_out_its_cache(is_ours: bool) -> None:
    """That needs rights that a user of somebody else's server may lack."""
    assert ("CHECKPOINT" in statements("postgresql", ["a", "b"], is_ours=is_ours)) is is_ours


def test_tables_are_emptied_in_the_words_of_each_database() -> None:
    """One statement for all tables where the database has one, and each table by itself where not.

    SQLite gives the numbers of ids back only if told to.
    """
    assert statements("postgresql", ["a", "b"], is_ours=True)[0] == "TRUNCATE a, b RESTART IDENTITY"
    assert statements("sqlite", ["a", "b"], is_ours=True)[2:] == [
        "DELETE FROM sqlite_sequence WHERE name IN ('a', 'b')",
        "VACUUM",
        "PRAGMA wal_checkpoint(TRUNCATE)",
    ]
    assert statements("mysql", ["a", "b"], is_ours=True) == [
        "TRUNCATE TABLE a",
        "TRUNCATE TABLE b",
        "ANALYZE TABLE a, b",
    ]
