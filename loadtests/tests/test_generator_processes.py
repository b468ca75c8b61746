"""The load generator as it runs: real Locust processes with producers that misbehave."""

from __future__ import annotations

import collections
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.project.ledger import LEDGER, Kind, read_ledger
from loadtests.generator.histograms import merge
from loadtests.generator.recording import UNANSWERED
from loadtests.generator.timetable import Timetable, intended_times
from loadtests.order import ORDER, Arrivals, Order, Outcome
from loadtests.workload import Workload

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parents[2]
LOCUST = (sys.executable, "-m", "locust", "-f", str(ROOT / "loadtests" / "locustfile.py"))
DEADLINE_SECONDS = 120.0

pytestmark = pytest.mark.processes


class Scene:
    """A folder with a producer, a ledger and an order, and Locust in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ledger = folder / "ledger"
        self.ledger.mkdir()
        self.results = folder / "outcome.json"

    def order(  # noqa: D102 - the fields of an order, with short ones as defaults
        self,
        producer: str,
        *,
        rate: float,
        processes: int = 1,
        users: int = 1,
        window_seconds: float = 2.0,
        bystander_rate: float = 0.0,
    ) -> Order:
        (self.folder / "strange_producer.py").write_text(producer, encoding="utf-8")
        order = Order(
            producer="strange_producer",
            seed=11,
            arrivals=Arrivals(kind="poisson", pieces=((0.5 + window_seconds, rate),)),
            workload=Workload().to_document(),
            bystander_rate=bystander_rate,
            processes=processes,
            users=users,
            warmup_seconds=0.5,
            window_seconds=window_seconds,
            results=str(self.results),
        )
        order.write(self.folder / "order.json")
        return order

    def environment(self, more: Mapping[str, str]) -> dict[str, str]:
        """Return Locust's environment."""
        path = os.pathsep.join(map(str, (ROOT, ROOT / "engine", self.folder)))
        ours = {ORDER: str(self.folder / "order.json"), LEDGER: str(self.ledger)}
        return {**os.environ, "PYTHONPATH": path, **ours, **more}

    def start(self, **more: str) -> subprocess.Popen[str]:
        """Start Locust, in a process group of its own."""
        return subprocess.Popen(
            LOCUST,
            env=self.environment(more),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def outcome(self, **more: str) -> Outcome:
        """Run Locust to its end and return what it wrote."""
        with self.start(**more) as process:
            said, _ = process.communicate(timeout=DEADLINE_SECONDS)
        assert process.returncode == 0, said
        return Outcome.read(self.results)

    def sent(self) -> int:
        """Count the enqueues so far."""
        return sum(record.kind == Kind.SENT for record in read_ledger(self.ledger))


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """Return an empty scene."""
    return Scene(tmp_path)


def milliseconds(outcome: Outcome, name: str, percentile: float) -> float:
    """Return a percentile of one of the outcome's histograms."""
    value: int = merge([outcome.histograms[name]]).get_value_at_percentile(percentile)
    return value / 1000


def test_a_stall_shows_in_the_intended_latency_and_not_in_locusts_own(scene: Scene) -> None:
    """One reply of a second hides from whoever measures from the send: coordinated omission."""
    scene.order(
        "import time\n"
        "def connect(): pass\n"
        "def enqueue(key, intended_ns, job):\n"
        "    if key & 0xffff == 150: time.sleep(1)\n",
        rate=200,
    )

    outcome = scene.outcome()

    assert milliseconds(outcome, "intended", 99) > 700
    assert milliseconds(outcome, "send_lag", 99) > 700
    assert milliseconds(outcome, "service", 99) < 300
    assert (outcome.locust["p99_ms"] or 0) < 300
    assert (outcome.locust["max_ms"] or 0) >= 1000
    # Nothing was skipped and nothing slipped: the schedule was caught up with.
    assert outcome.planned == outcome.sent == outcome.acknowledged


def test_a_blocked_event_loop_shows_in_its_lag(scene: Scene) -> None:
    """A driver that waits in C blocks all users of its process, and no CPU figure says so."""
    scene.order(
        "import gevent.monkey\n"
        "sleep = gevent.monkey.get_original('time', 'sleep')\n"
        "def connect(): pass\n"
        "def enqueue(key, intended_ns, job):\n"
        "    if key & 0xffff == 60: sleep(0.6)\n",
        rate=60,
        users=4,
    )

    outcome = scene.outcome()

    assert milliseconds(outcome, "loop_lag", 100) > 500
    assert milliseconds(outcome, "loop_lag", 90) > 50
    assert outcome.cpu_share_max < 0.9


def test_two_processes_send_exactly_what_was_planned(scene: Scene) -> None:
    """Counts add up over processes, keys are unique, and each arrival has its intended time."""
    order = scene.order(
        "def connect(): pass\n"
        "def enqueue(key, intended_ns, job):\n"
        "    if key % 20 == 0: raise BlockingIOError('full')\n",
        rate=300,
        processes=2,
        users=3,
    )

    outcome = scene.outcome()

    records = read_ledger(scene.ledger)
    sent = [record for record in records if record.kind == Kind.SENT]
    planned = [
        intended
        for process in range(2)
        for intended in intended_times(order, process, outcome.begun_ns)
    ]
    assert sorted(record.intended_ns for record in sent) == sorted(planned)
    assert all(record.time_ns >= record.intended_ns for record in sent)
    assert len({record.key for record in sent}) == len(sent)
    assert len({record.pid for record in sent}) == 2 == len(outcome.pids)
    assert {record.pid for record in sent} == set(outcome.pids)

    timetable = Timetable.of(order, outcome.begun_ns)
    kinds = collections.Counter(
        record.kind for record in records if timetable.has_in_window(record.intended_ns)
    )
    assert outcome.planned == outcome.sent == kinds[Kind.SENT]
    assert outcome.acknowledged == kinds[Kind.ACKNOWLEDGED]
    assert outcome.errors == {"BlockingIOError": kinds[Kind.REFUSED]}
    counts = {
        name: merge([encoded]).get_total_count() for name, encoded in outcome.histograms.items()
    }
    assert counts["send_lag"] == outcome.sent
    assert counts["service"] == counts["intended"] == outcome.acknowledged


def test_an_interrupted_step_leaves_what_was_measured(scene: Scene) -> None:
    """Ctrl-C in the window: the counts add up, an enqueue that never returned included."""
    scene.order(
        "import time\n"
        "def connect(): pass\n"
        "def enqueue(key, intended_ns, job):\n"
        "    if key == (1 << 40) + 100: time.sleep(10_000)\n",
        rate=200,
        processes=2,
        users=3,
        window_seconds=60.0,
    )
    with scene.start() as process:
        try:
            deadline = time.monotonic() + DEADLINE_SECONDS
            while scene.sent() < 400:
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)
            process.send_signal(signal.SIGINT)
            said, _ = process.communicate(timeout=DEADLINE_SECONDS)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)

    outcome = Outcome.read(scene.results)
    assert "Traceback" not in said
    begin, end = outcome.window_ns
    assert 0 < end - begin < 55e9
    assert outcome.errors == {UNANSWERED: 1}
    assert outcome.sent == outcome.acknowledged + 1
    assert 100 < outcome.sent <= outcome.planned


def test_a_producer_that_cannot_connect_is_one_sentence(scene: Scene) -> None:
    """There is nothing to measure then, and no outcome."""
    scene.order("def connect(): raise OSError('nobody listens')\n", rate=10)

    with scene.start() as process:
        said, _ = process.communicate(timeout=DEADLINE_SECONDS)

    assert process.returncode == 1
    assert "strange_producer cannot connect: OSError: nobody listens" in said
    assert "Traceback" not in said
    assert not scene.results.exists()


def test_a_bad_order_is_one_sentence(scene: Scene) -> None:
    """It is told before anything starts."""
    (scene.folder / "order.json").write_text("{", encoding="utf-8")

    with scene.start() as process:
        said, _ = process.communicate(timeout=DEADLINE_SECONDS)

    assert process.returncode == 1
    assert "order.json cannot be read" in said
    assert "Traceback" not in said


def database(folder: Path) -> dict[str, str]:
    """Return the environment of a migrated SQLite database in ``folder``."""
    environment = {
        "DJANGO_SETTINGS_MODULE": "engine.project.settings",
        "KILLPROOF_DATABASE": '{"ENGINE": "django.db.backends.sqlite3", "NAME": "%s", '
        '"OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20, '
        '"init_command": "PRAGMA journal_mode=WAL"}}' % (folder / "shop.sqlite3"),
    }
    subprocess.run(
        [sys.executable, "-m", "engine.project.manage", "migrate", "--verbosity=0"],
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'engine'}", **environment},
        cwd=ROOT,
        check=True,
        timeout=DEADLINE_SECONDS,
    )
    return environment


def test_bystanders_run_the_applications_queries_beside_the_enqueues(scene: Scene) -> None:
    """Their latencies are in the outcome, in histograms of their own, and in no count."""
    nothing = "def connect(): pass\ndef enqueue(key, intended_ns, job): pass\n"
    scene.order(nothing, rate=20, bystander_rate=40)

    outcome = scene.outcome(**database(scene.folder))

    assert len(outcome.pids) == 3
    assert outcome.planned == outcome.sent == outcome.acknowledged
    assert outcome.locust["failures"] == 0
    for name in ("bystander_read", "bystander_write"):
        assert merge([outcome.histograms[name]]).get_total_count() > 10


def test_the_probe_finds_that_sqlite_blocks_the_event_loop(scene: Scene) -> None:
    """SQLite waits for its lock inside C, whatever gevent patches."""
    done = subprocess.run(
        [sys.executable, "-m", "loadtests.generator.driver_probe"],
        env=scene.environment(database(scene.folder)),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=DEADLINE_SECONDS,
    )

    found = re.fullmatch(
        r'\{"driver": "sqlite3 [\d.]+", "is_cooperative": false, "driver_stall_ms": ([\d.]+)\}\n',
        done.stdout,
    )
    assert found is not None, done.stdout
    assert float(found[1]) > 200
