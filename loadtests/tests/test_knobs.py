"""Every knob takes effect on a real database, and leaves it as it was."""

from __future__ import annotations

import dataclasses
import os
import socket
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest

from engine.contenders.background_task import BackgroundTask
from engine.contenders.contender import Site
from engine.databases import open_database
from engine.databases.tests.conftest import asked_for
from loadtests.knobs import KNOBS, Knob, KnobError, applied, knob_named
from loadtests.knobs.delay import Delay
from loadtests.knobs.history import MOST_ROWS, History
from loadtests.knobs.session import ask
from loadtests.knobs.settings import Polling

if TYPE_CHECKING:
    import contextlib
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from engine.databases import Database

WORKLOAD: dict[str, Any] = {"tasks": [{"name": "empty"}, {"name": "busy", "work_ms": 0}]}
# By database: a question, and its answers without and with the knob.
DURABILITY = {
    "sqlite": ("PRAGMA synchronous", 2, 1),
    "postgresql": ("SHOW synchronous_commit", "on", "off"),
    "mysql": ("SELECT @@global.innodb_flush_log_at_trx_commit", 1, 2),
    "mariadb": ("SELECT @@global.innodb_flush_log_at_trx_commit", 1, 2),
}
ASK_DJANGO = """
import sys, django
django.setup()
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute(sys.argv[1])
    print(cursor.fetchone()[0])
"""


class FixedPace(BackgroundTask):
    """A queue that nobody can tell when to look."""

    name = "fixed-pace"
    knobs = ()


class InABroker(BackgroundTask):
    """A queue without tables."""

    name = "in-a-broker"
    databases = ()
    knobs = ("worker_prefetch_multiplier",)


@pytest.fixture(scope="module", params=asked_for())
def place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """Give a site on a running database with the queue's tables, which a module shares."""
    folder = tmp_path_factory.mktemp(str(request.param))
    with open_database(str(request.param), folder) as database:
        site = site_on(database, folder)
        BackgroundTask().prepare(site)
        yield site


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Site]:
    """Give a site on an empty SQLite file, where it matters little which database it is."""
    with open_database("sqlite", tmp_path) as database:
        yield site_on(database, tmp_path)


def site_on(database: Database, folder: Path, **changes: Any) -> Site:
    """Place a step on a database."""
    return Site(
        database=database,
        django_database={"CONN_MAX_AGE": 60, **database.django_settings()},
        broker_url=None,
        folder=folder,
        ledger=folder / "ledger",
        processes=2,
        **changes,
    )


def turned(
    knob: Knob | str, site: Site, workload: Mapping[str, Any] = WORKLOAD
) -> contextlib.AbstractContextManager[tuple[Site, Mapping[str, Any]]]:
    """Turn a knob, given by itself or by its name."""
    return applied(knob_named(knob) if isinstance(knob, str) else knob, site, workload)


def test_durability_takes_effect_in_new_sessions_and_is_put_back(place: Site) -> None:
    """A session that is opened meanwhile does not wait for the disk, and one afterwards does."""
    question, before, after = DURABILITY[place.database.name]

    with turned("durability", place) as (site, _):
        assert ask(site, question) == [(after,)]

    assert ask(place, question) == [(before,)]


def test_durability_takes_effect_in_the_contenders_own_processes(place: Site) -> None:
    """What the harness asks in its own session is also true of a Django process of the queue."""
    question, _, after = DURABILITY[place.database.name]

    with turned("durability", place) as (site, _):
        assert as_django_sees_it(site, question) == str(after)


def test_durability_is_put_back_when_the_step_fails(place: Site) -> None:
    """An error within the block leaves no server behind that loses commits."""
    before = place.database.durability()

    with pytest.raises(ZeroDivisionError), turned("durability", place):
        raise ZeroDivisionError

    assert place.database.durability() == before


def test_durability_that_took_no_effect_is_an_error(file: Site) -> None:
    """A flip that changed nothing is never measured: here the file has no write-ahead log."""
    entry = {**file.django_database, "NAME": str(file.folder / "other.db"), "OPTIONS": {}}
    site = dataclasses.replace(file, django_database=entry)

    with pytest.raises(KnobError, match="journal_mode is delete"), turned("durability", site):
        pass


def test_durability_keeps_the_options_that_were_there(place: Site) -> None:
    """What a site's sessions were opened with before, they are opened with still."""
    before = place.django_database["OPTIONS"]

    with turned("durability", place) as (site, _):
        after = site.django_database["OPTIONS"]

    assert {name: after[name] for name in before if name != "init_command"}.items() <= after.items()
    assert after.get("init_command", "").startswith(before.get("init_command", ""))


def test_only_settings_that_lose_commits_are_called_unsafe(place: Site) -> None:
    """SQLite's is not, though it has its risk, too; all others are."""
    change = KNOBS["durability"].change(place, WORKLOAD)

    assert change.is_unsafe
    assert "loss of power" in change.risk


def test_durability_of_somebody_elses_mysql_is_left_alone(tmp_path: Path) -> None:
    """A setting of the whole server is not changed on a server that we did not start."""
    database = open_database("mysql", tmp_path, url="mysql://root@127.0.0.1:1/test")

    assert "given by URL" in KNOBS["durability"].why_not(BackgroundTask(), database)


def test_history_fills_the_tables_and_is_removed(place: Site) -> None:
    """The rows are there while the knob is turned, and nothing of them is afterwards."""
    queue = BackgroundTask()
    completed = "SELECT count(*) FROM background_task_completedtask"

    with turned(History(name="history", suspect="bloat", rows=1234), place):
        assert queue.held(place) == 1234
        assert ask(place, completed) == [(1234,)]

    assert queue.held(place) == 0
    assert ask(place, completed) == [(0,)]


def test_history_that_was_emptied_away_is_an_error(place: Site) -> None:
    """A step that ran on empty tables after all is not taken for one with a history."""
    history = History(name="history", suspect="bloat", rows=11)

    with pytest.raises(KnobError, match="has 0 of its 11 rows"), turned(history, place):
        BackgroundTask().empty(place)


def test_scheduled_history_is_not_due(place: Site) -> None:
    """No worker takes a row of the history, whatever the database's clock is."""
    due = "SELECT count(*) FROM background_task_scheduledtask WHERE run_at < CURRENT_TIMESTAMP"

    with turned(History(name="history", suspect="bloat", rows=11), place):
        assert ask(place, due) == [(0,)]


def test_history_without_tables_is_an_error(file: Site) -> None:
    """One sentence says what the database refused."""
    with pytest.raises(KnobError, match="could not change the tables"), turned("history", file):
        pass


@pytest.mark.parametrize("rows", [0, MOST_ROWS + 1])
def test_history_of_too_many_rows_is_an_error(file: Site, rows: int) -> None:
    """The number has bounds."""
    history = History(name="history", suspect="bloat", rows=rows)

    with pytest.raises(KnobError, match=f"not {rows}"), turned(history, file):
        pass


def test_network_delay_moves_the_server_away_and_back(place: Site) -> None:
    """A question through the changed site takes the delay longer; then its port is closed."""
    if place.database.name == "sqlite":
        assert KNOBS["network_delay"].why_not(BackgroundTask(), place.database)
        return
    delay = Delay(name="network_delay", suspect="network", round_trip_ms=100.0)

    with turned(delay, place) as (site, _):
        begun = time.monotonic()
        assert ask(site, "SELECT 1") == [(1,)]
        taken = time.monotonic() - begun

    assert taken > 0.2
    assert not listens(int(site.django_database["PORT"]))


def test_network_delay_of_a_file_is_an_error(file: Site) -> None:
    """SQLite has no network to be slow."""
    with pytest.raises(KnobError, match="which is a file"), turned("network_delay", file):
        pass


def test_network_delay_moves_the_broker_of_a_queue_in_one(file: Site) -> None:
    """The URL keeps everything but the place."""
    url = "amqp://guest:secret@localhost:9/vhost"
    at_broker = dataclasses.replace(file, broker_url=url)

    with turned("network_delay", at_broker) as (site, _):
        assert site.broker_url is not None
        place, _, port = site.broker_url.removesuffix("/vhost").rpartition(":")
        assert place == "amqp://guest:secret@127.0.0.1"
        assert listens(int(port))


def test_workers_change_in_number(file: Site) -> None:
    """One more, twice as many, one fewer."""
    numbers = {}
    for name in ("workers", "workers_doubled", "workers_fewer"):
        with turned(name, file) as (site, _):
            numbers[name] = site.processes

    assert numbers == {"workers": 3, "workers_doubled": 4, "workers_fewer": 1}


def test_the_last_worker_is_not_taken_away(file: Site) -> None:
    """A step without workers would measure nothing."""
    with (
        pytest.raises(KnobError, match="more than 1 worker process"),
        turned("workers_fewer", dataclasses.replace(file, processes=1)),
    ):
        pass


def test_polling_changes_the_workers_command(file: Site) -> None:
    """The pause that the knob sets is the one that the worker is started with."""
    polling = Polling(name="polling", suspect="polling", sleep_seconds=1.5)

    with turned(polling, file) as (site, _):
        assert "--sleep=1.5" in BackgroundTask().worker_command(site)


def test_batch_changes_how_many_tasks_a_worker_takes(file: Site) -> None:
    """The setting is one that the contender understands."""
    with turned("batch", file) as (site, _):
        assert {name: site.settings[name] for name in InABroker.knobs} == {InABroker.knobs[0]: 1}


def test_pool_keeps_no_connection(file: Site) -> None:
    """Django closes a connection of age 0 when it is done with it."""
    with turned("pool", file) as (site, _):
        assert site.django_database["CONN_MAX_AGE"] == 0


def test_body_gives_work_to_idle_bodies_and_takes_it_from_others(file: Site) -> None:
    """Turned twice, it is where it was: each way tells whether the bodies' work matters."""
    with turned("body", file) as (_, busy), turned("body", file, busy) as (_, idle):
        assert [task["work_ms"] for task in busy["tasks"]] == [5.0, 5.0]
        assert [task["work_ms"] for task in idle["tasks"]] == [0.0, 0.0]


@pytest.mark.parametrize(
    ("contender", "knobs"),
    [
        (BackgroundTask, {"batch", "network_delay"}),
        (FixedPace, {"batch", "history", "network_delay", "polling", "polling_slower"}),
        (InABroker, {"durability", "history", "polling", "polling_slower", "pool"}),
    ],
)
def test_a_knob_that_does_not_fit_says_why(
    file: Site, contender: type[BackgroundTask], knobs: set[str]
) -> None:
    """On SQLite, these knobs and no others have a reason not to be turned: one sentence."""
    reasons = {name: knob.why_not(contender(), file.database) for name, knob in KNOBS.items()}

    assert {name for name, reason in reasons.items() if reason} == knobs
    assert all(reason.endswith(".") for reason in reasons.values() if reason)
    assert {n for n, k in KNOBS.items() if not k.is_applicable(contender(), file.database)} == knobs


def test_every_knob_says_what_it_changes(file: Site) -> None:
    """The words before and after differ, and the site that is given is never changed itself."""
    for knob in KNOBS.values():
        change = knob.change(file, WORKLOAD)
        assert change.before != change.after


def test_an_unknown_knob_is_answered_with_the_known_ones() -> None:
    """The error lists all names."""
    with pytest.raises(KnobError, match="'wokers' is no knob") as error:
        knob_named("wokers")

    assert all(name in str(error.value) for name in KNOBS)


def as_django_sees_it(site: Site, question: str) -> str:
    """Ask in a process of the contender's, through Django."""
    queue = BackgroundTask()
    return subprocess.run(
        [str(queue.python()), "-c", ASK_DJANGO, question],
        env={**os.environ, **queue.environment(site)},
        capture_output=True,
        check=True,
        text=True,
    ).stdout.strip()


def listens(port: int) -> bool:
    """Tell whether somebody listens on a port of this machine."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
