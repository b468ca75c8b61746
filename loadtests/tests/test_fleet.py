"""Fleets: all workers work before a step begins, those that end come back, and none remains."""

from __future__ import annotations

import collections
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import psutil
import pytest

from engine.contenders import contender_named
from engine.contenders.background_task import BackgroundTask
from engine.contenders.tests.sites import DATABASE, produce, site_on, under_test
from engine.databases import Database, open_database
from engine.databases.tests.traces import alive, alive_at_last
from engine.project.ledger import Kind, read_ledger
from engine.tests.waiting import wait_until
from loadtests import fleet as fleets
from loadtests.fleet import Fleet, FleetError, environment_of, meter_folder, working_fleet
from loadtests.roll_call import RollCall, RollCallError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from engine.contenders.contender import Site

pytestmark = pytest.mark.processes

HARNESS = """
import sys
from pathlib import Path
from engine.contenders import contender_named
from engine.contenders.tests.sites import site_on
from engine.databases import open_database
from loadtests.fleet import Fleet

folder = Path(sys.argv[1])
with open_database("sqlite", folder) as database:
    contender, site = contender_named("background_task"), site_on(database, folder / "step")
    contender.prepare(site)
    with Fleet(contender, site, folder / "logs") as fleet:
        fleet.wait_until_ready()
        print(*fleet.tree(), flush=True)
        sys.stdin.read()
"""

STUBBORN = """
import signal, subprocess, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("stubborn", flush=True)
subprocess.run([sys.executable, "-c", "import signal, time; "
    "signal.signal(signal.SIGTERM, signal.SIG_IGN); print('child', flush=True); time.sleep(600)"])
"""


class Scripted(BackgroundTask):
    """A contender whose workers run a script instead, two of them."""

    def __init__(self, script: str, python: Path | None = None) -> None:
        self._command = (str(python or sys.executable), "-c", script)

    def worker_command(self, site: Site) -> tuple[str, ...]:
        """Return a Python that runs the script."""
        del site
        return self._command

    def workers(self, site: Site) -> int:
        """Return two."""
        del site
        return 2


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """Give a running database, which the tests of this module share."""
    with open_database(DATABASE, tmp_path_factory.mktemp("database")) as running:
        yield running


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Site:
    """Give a place for two processes, which look often for tasks."""
    return site_on(database, tmp_path / "step", sleep_seconds=0.2)


def ended(site: Site) -> collections.Counter[int]:
    """Count how often the body of each task ended."""
    records = read_ledger(site.ledger)
    return collections.Counter(record.key for record in records if record.kind == Kind.ENDED)


# Work.


@pytest.mark.parametrize("name", under_test())
def test_a_fleet_runs_every_task_once(name: str, site: Site, tmp_path: Path) -> None:
    """Enqueued by the contender's producer, run by its workers, and gone from the queue."""
    contender = contender_named(name)
    contender.prepare(site)
    with working_fleet(contender, site, tmp_path / "logs"):
        is_blank = not read_ledger(site.ledger)
        lines = [{"key": key, "payload_bytes": 50} for key in range(1, 21)]
        answers = produce(contender, environment_of(contender, site), lines)
        wait_until(lambda: len(ended(site)) == 20 and not contender.held(site))

    assert is_blank
    assert len(answers) == 20
    assert ended(site) == dict.fromkeys(range(1, 21), 1)
    contender.empty(site)
    assert contender.held(site) == 0


def test_a_fleet_of_which_a_process_does_not_work_is_not_ready(site: Site, tmp_path: Path) -> None:
    """A process that lives but runs no task is told from one that does."""
    idle = Scripted("import time; time.sleep(600)")
    idle.prepare(site)
    with (
        Fleet(idle, site, tmp_path / "logs") as fleet,
        pytest.raises(FleetError, match="0 of 2 processes of background_task ran one of"),
    ):
        fleet.wait_until_ready(seconds=2.0)


def test_a_worker_that_ends_while_it_starts_is_quoted(site: Site, tmp_path: Path) -> None:
    """The last line of its log says what is wrong."""
    broken = Scripted("raise SystemExit('no such setting')")
    broken.prepare(site)
    with (
        Fleet(broken, site, tmp_path / "logs") as fleet,
        pytest.raises(FleetError, match="ended with status 1 while it started: no such setting"),
    ):
        fleet.wait_until_ready()


def test_a_producer_that_cannot_enqueue_is_quoted(site: Site, tmp_path: Path) -> None:
    """Here its tables go away before its first task."""
    idle = Scripted("import time; time.sleep(600)")
    idle.prepare(site)
    meter_folder(site).mkdir(exist_ok=True)
    with RollCall(idle, site, environment_of(idle, site), tmp_path) as roll_call:
        site.database.reset()
        with pytest.raises(RollCallError, match=r"did not take a task: \w+Error: "):
            roll_call.is_complete()


# Ends.


def test_a_worker_that_ended_is_started_again(site: Site, tmp_path: Path) -> None:
    """How it ended is told, once, and another one takes its place."""
    with Fleet(Scripted("import time; time.sleep(600)"), site, tmp_path / "logs") as fleet:
        first, second = fleet.pids()
        os.kill(first, signal.SIGKILL)
        statuses: list[int] = []

        def tend() -> bool:
            statuses.extend(fleet.tend())
            return len(statuses) == 1 and len(fleet.pids()) == 2

        wait_until(tend)

        assert statuses == [-signal.SIGKILL]
        assert first not in fleet.pids()
        assert second in fleet.pids()


def test_a_dead_workers_children_do_not_live_on(site: Site, tmp_path: Path) -> None:
    """Its successor would share its tasks with them."""
    script = "import subprocess; subprocess.run(['sleep', '600'])"
    with Fleet(Scripted(script), site, tmp_path / "logs") as fleet:
        wait_until(lambda: len(fleet.tree()) == 4)
        first, second = (psutil.Process(pid) for pid in fleet.pids())
        theirs, others = first.children(), second.children()
        first.kill()
        wait_until(fleet.tend)

        assert alive(theirs) == []
        assert alive(others) == others


def test_workers_that_do_not_stay_are_given_up(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not every start can be the one that works."""
    monkeypatch.setattr(fleets, "SPAWN_LIMIT", 4)
    monkeypatch.setattr(fleets, "RESPAWN_PAUSE_SECONDS", 0.0)
    with (
        Fleet(Scripted("raise SystemExit('again')"), site, tmp_path / "logs") as fleet,
        pytest.raises(FleetError, match="started 4 times and do not stay: again"),
    ):
        wait_until(lambda: fleet.tend() and False)


def test_workers_that_do_not_obey_are_killed_with_their_children(
    site: Site, tmp_path: Path
) -> None:
    """After the time they were given, and all of them at once."""
    logs = tmp_path / "logs"
    with Fleet(Scripted(STUBBORN), site, logs) as fleet:
        wait_until(lambda: all("child" in log.read_text() for log in logs.iterdir()))
        processes = [psutil.Process(pid) for pid in fleet.tree()]
        fleet.stop(seconds=0.2)

        assert len(processes) == 4
        assert alive(processes) == []
        assert fleet.tree() == ()


def test_a_fleet_that_cannot_be_started_leaves_nothing(site: Site, tmp_path: Path) -> None:
    """The program is not there, which is one sentence."""
    before = psutil.Process().children(recursive=True)
    nowhere = Scripted("", python=tmp_path / "python")
    with pytest.raises(FleetError, match="could not be started"):
        Fleet(nowhere, site, tmp_path / "logs").start()

    assert psutil.Process().children(recursive=True) == before


def test_a_killed_harness_takes_its_workers_with_it(tmp_path: Path) -> None:
    """SIGKILL of the harness ends the workers and their children."""
    with subprocess.Popen(
        [sys.executable, "-c", HARNESS, str(tmp_path)],
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as harness:
        assert harness.stdout is not None
        tree = [psutil.Process(int(pid)) for pid in harness.stdout.readline().split()]
        harness.kill()

    assert len(tree) == 3
    assert alive_at_last(tree) == []


def environment() -> dict[str, str]:
    """Write the environment of a harness of its own that imports what we import."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
