"""The meter of SQLite, in real processes with Django's connections, and the probe that reads it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from engine.databases import Database, open_database
from engine.project import meter
from loadtests.probes import probe_for

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
DEADLINE_SECONDS = 60.0

# Each line of its input is a program to run; it answers when that has ended.
PROGRAM = """
import os, sys
from django.conf import settings
options = {"timeout": float(sys.argv[2]), "transaction_mode": sys.argv[3] or None,
           "init_command": "PRAGMA journal_mode=WAL"}
settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": sys.argv[1],
                           "OPTIONS": options}})
from engine.project import meter
meter.install()
import django
django.setup()
from django.db import OperationalError, connection, models, transaction

class Order(models.Model):
    amount = models.IntegerField()
    class Meta:
        app_label = "shop"
        db_table = "orders"

def execute(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)

print("ready", flush=True)
for line in sys.stdin:
    exec(line.encode().decode("unicode_escape"))
    print("done", flush=True)
"""


class Writer:
    """A process with Django's connection."""

    def __init__(self, database: Database, folder: Path, *, timeout: float, mode: str) -> None:
        environment = {**os.environ, meter.METER: str(folder)}
        environment["PYTHONPATH"] = str(ROOT)
        environment.pop("DJANGO_SETTINGS_MODULE", None)
        name = str(database.django_settings()["NAME"])
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, name, str(timeout), mode],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.wait("ready")

    def wait(self, word: str = "done") -> None:
        """Wait for its answer."""
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == f"{word}\n"

    def begin(self, program: str) -> None:
        """Have it run a program, and do not wait for the end."""
        assert self.process.stdin is not None
        print(program.encode("unicode_escape").decode(), file=self.process.stdin, flush=True)

    def run(self, program: str) -> None:
        """Have it run a program to the end."""
        self.begin(program)
        self.wait()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Give an empty database with one table."""
    with open_database("sqlite", tmp_path) as running:
        with contextlib.closing(running.connect()) as connection:
            connection.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, amount INTEGER)")
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder for the pages."""
    found = tmp_path / "meter"
    found.mkdir()
    return found


@contextlib.contextmanager
def writer(
    database: Database, folder: Path, *, timeout: float = 20.0, mode: str = "IMMEDIATE"
) -> Iterator[Writer]:
    """Start a writer, and end it."""
    started = Writer(database, folder, timeout=timeout, mode=mode)
    with started.process:
        try:
            yield started
        finally:
            started.process.kill()


@contextlib.contextmanager
def probed(database: Database, folder: Path) -> Iterator[dict[str, Any]]:
    """Sample while the block runs; then the dictionary has waits, samples and the counters."""
    found: dict[str, Any] = {}
    probe = probe_for(database, folder)
    begin = time.monotonic_ns()
    probe.start()
    try:
        yield found
    finally:
        probe.stop()
    seen = probe.resources(begin, time.monotonic_ns())
    found |= {**seen.counters, "waits": seen.waits, "wait_samples": seen.wait_samples}


HOLD = """
import time
with transaction.atomic():
    execute("INSERT INTO orders (amount) VALUES (1)")
    print("holding", flush=True)
    time.sleep(0.5)
"""


def test_a_planted_writer_is_seen_to_hold_and_another_to_wait(
    database: Database, folder: Path
) -> None:
    """One holds the lock for 0.5 s, and the other one waits for it nearly as long."""
    with (
        writer(database, folder) as holder,
        writer(database, folder) as waiting,
        probed(database, folder) as seen,
    ):
        holder.begin(HOLD)
        holder.wait("holding")
        waiting.run("with transaction.atomic(): execute('DELETE FROM orders')")
        holder.wait()

    # A bucket's bounds: the quantile is known to a factor of two.
    assert seen["lock_hold_ms_p99"] >= 262
    assert seen["lock_wait_ms_p99"] >= 131
    assert seen["waits"]["Lock:writer"] >= 1
    assert seen["waits"]["Client:in transaction"] >= 1
    assert seen["blocked_sessions_max"] == 1
    assert 0.05 <= seen["lock_busy_share"] <= 1.0
    assert seen["commits"] == pytest.approx(2)
    assert seen["wait_samples"] >= 3


WORKLOAD = """
for number in range(50):
    with transaction.atomic():
        execute("INSERT INTO orders (amount) VALUES (1)")
        with transaction.atomic():
            execute("SELECT 1")
    Order.objects.create(amount=2)
    Order.objects.filter(amount=1).update(amount=2)
    execute("SELECT 1")
    try:
        with transaction.atomic():
            raise ValueError
    except ValueError:
        pass
"""


@pytest.mark.parametrize("mode", ["IMMEDIATE", ""])
def test_a_known_workload_is_counted(database: Database, folder: Path, mode: str) -> None:
    """50 transactions with two statements; two writes that commit by themselves; a read; an end."""
    with writer(database, folder, mode=mode) as working, probed(database, folder) as seen:
        working.run(WORKLOAD)

    assert seen["statements"] == pytest.approx(50 * 5)
    assert seen["commits"] == pytest.approx(50 * 3)
    assert seen["self_committed"] == pytest.approx(50 * 2)
    # Without IMMEDIATE, a transaction that writes nothing never had the lock.
    assert seen["rollbacks"] == pytest.approx(50 if mode else 0)
    assert seen["locked_errors"] == 0


def test_a_lock_that_is_not_had_in_time_is_an_error(database: Database, folder: Path) -> None:
    """The statement that gave up is counted, and leaves nobody waiting."""
    with (
        writer(database, folder, timeout=0.05) as refused,
        contextlib.closing(database.connect()) as holder,
        probed(database, folder) as seen,
    ):
        holder.execute("BEGIN IMMEDIATE")
        refused.run("try:\n  execute('DELETE FROM orders')\nexcept OperationalError:\n  pass")
        holder.execute("ROLLBACK")
        pages = [meter.read_page(path) for path in folder.iterdir()]

    assert seen["locked_errors"] == pytest.approx(1)
    assert seen["commits"] == 0
    assert [page[meter.Slot.WAITING] for page in pages] == [0]


def test_a_killed_process_leaves_its_counts_and_no_waits(database: Database, folder: Path) -> None:
    """What it did counts to the last commit; what it was doing is over."""
    with writer(database, folder) as killed, probed(database, folder) as seen:
        for _ in range(3):
            killed.run("with transaction.atomic(): execute('DELETE FROM orders')")
        killed.begin(HOLD)
        killed.wait("holding")
        killed.process.kill()
        killed.process.wait(DEADLINE_SECONDS)
        with probed(database, folder) as after:
            pass

    assert seen["commits"] == pytest.approx(3)
    assert after["waits"] == {}
    assert after["commits"] == 0


def test_a_forked_process_keeps_a_page_of_its_own(database: Database, folder: Path) -> None:
    """Both write at the same time, and neither to the other's page."""
    with writer(database, folder) as forking, probed(database, folder) as seen:
        forking.run("execute('DELETE FROM orders')")
        forking.run(
            "connection.close()\nchild = os.fork()\nif not child:\n"
            "  execute('DELETE FROM orders')\n  os._exit(0)\nos.waitpid(child, 0)"
        )

    assert len(list(folder.iterdir())) == 2
    assert seen["commits"] == pytest.approx(2)


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("SELECT 1", meter.READ),
        ('  INSERT INTO "t" VALUES (1)', meter.WRITE),
        ("with old as (select 1) delete from t", meter.WRITE),
        ("WITH old AS (SELECT 1) SELECT 1 FROM old", meter.READ),
        ("BEGIN", meter.BEGIN),
        ("begin immediate", meter.BEGIN_WRITING),
        ("BEGIN EXCLUSIVE", meter.BEGIN_WRITING),
        ("COMMIT", meter.COMMIT),
        ("ROLLBACK", meter.ROLLBACK),
        ('ROLLBACK TO SAVEPOINT "s"', meter.CONTROL),
        ('RELEASE SAVEPOINT "s"', meter.CONTROL),
        ("", meter.READ),
    ],
)
def test_statements_are_known_by_their_first_words(sql: str, kind: meter.Kind) -> None:
    """Only those that take SQLite's one lock are writes."""
    assert meter.kind_of(sql) == kind


def test_nothing_is_metered_unless_it_is_asked_for(
    database: Database, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the variable there is no page, and Django's connections are as they were."""
    monkeypatch.delenv(meter.METER, raising=False)

    assert meter.page_of_process() is None
    with probed(database, folder) as seen:
        pass
    assert seen["commits"] == 0
