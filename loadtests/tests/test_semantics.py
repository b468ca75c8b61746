"""Kills under load, on real workers: who keeps its tasks is told from who does not."""

from __future__ import annotations

import contextlib
import dataclasses
import random
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from engine.contenders.background_task import BackgroundTask
from engine.contenders.contender import ContenderError, Site
from engine.databases import open_database
from engine.project.ledger import RECORD, Kind, Record
from engine.tests.waiting import wait_until
from loadtests.kills import Bodies, Body, Kill, choose, strike
from loadtests.plans import SemanticsPlan
from loadtests.semantics import _load, fates_of, run_trial

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from loadtests.kills import Fault
    from reports.load_schema import Semantics

PLAN = SemanticsPlan(
    kills=3, patience_seconds=30.0, seconds_between_kills=0.2, work_ms=300.0, rate=6.0, workers=2
)
SETTINGS = {"sleep_seconds": 0.2, "lease_seconds": 3.0, "backoff_seconds": 0.1}
SLEEPER = [sys.executable, "-c", "import time; print(flush=True); time.sleep(600)"]


class GivesUpAtOnce(BackgroundTask):
    """A queue that promises too much: a task whose worker dies is never run again."""

    name = "gives-up-at-once"

    def worker_arguments(self, site: Site) -> tuple[str, ...]:
        """Allow one attempt."""
        return (*super().worker_arguments(site), "--max-attempts=1")


class TakesNothing(BackgroundTask):
    """A queue whose producer cannot enqueue."""

    name = "takes-nothing"
    producer = "loadtests.tests.no_such_producer"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Site]:
    """Give a site on SQLite with the queue's tables."""
    with open_database("sqlite", tmp_path) as database:
        site = Site(
            database=database,
            django_database=database.django_settings(),
            broker_url=None,
            folder=tmp_path,
            ledger=tmp_path / "ledger",
            processes=1,
            settings=SETTINGS,
        )
        BackgroundTask().prepare(site)
        yield site


@pytest.mark.processes
@pytest.mark.parametrize("fault", ["child", "worker"])
def test_a_queue_that_keeps_its_promise_loses_nothing(place: Site, fault: Fault) -> None:
    """Every kill lands in a body, and every interrupted task runs again, to its end."""
    before = children()

    trial = run_trial(BackgroundTask(), place, PLAN, fault)

    assert outcome(trial) == {"kills": 3, "lost": 0, "stuck": 0, "recovered": 3}
    assert trial.acknowledged >= 3
    assert trial.dead_lettered == 0
    assert trial.recovery_ms_max is not None
    assert 0 < (trial.recovery_ms_p50 or 0) <= trial.recovery_ms_max
    assert (trial.target.contender, trial.target.database) == ("background_task", "sqlite")
    assert children() == before


@pytest.mark.processes
def test_a_queue_that_gives_interrupted_tasks_up_is_caught(place: Site) -> None:
    """None of its interrupted tasks runs again, and the queue says itself that it gave them up."""
    plan = dataclasses.replace(PLAN, patience_seconds=2.0)

    trial = run_trial(GivesUpAtOnce(), place, plan, "child")

    assert outcome(trial) == {"kills": 3, "lost": 0, "stuck": 0, "recovered": 0}
    assert trial.dead_lettered == 3


@pytest.mark.processes
def test_tasks_that_a_dead_worker_still_holds_are_stuck(place: Site) -> None:
    """A lease that outlives everybody's patience is no loss, and no recovery either."""
    site = dataclasses.replace(place, settings={**SETTINGS, "lease_seconds": 3600.0})
    plan = dataclasses.replace(PLAN, kills=1, patience_seconds=2.0)

    trial = run_trial(BackgroundTask(), site, plan, "worker")

    assert (trial.lost, trial.recovered) == (0, 0)
    assert 1 <= trial.stuck <= 2 * plan.workers


def test_a_queue_that_takes_no_task_is_no_result(place: Site) -> None:
    """One sentence says so, and no process is left."""
    before = children()

    with pytest.raises(ContenderError, match="takes-nothing"):
        run_trial(TakesNothing(), place, PLAN, "child")

    assert children() == before


def test_a_load_that_breaks_off_is_no_result(place: Site) -> None:
    """A producer that has ended is noticed, and what it said last is in the sentence."""
    (place.folder / "logs").mkdir()
    place.ledger.mkdir()

    with (
        _load(TakesNothing(), place, PLAN) as check,
        pytest.raises(ContenderError, match=r"takes-nothing ended .*no_such_producer"),
    ):
        wait_until(check)


def children() -> set[int]:
    """Return the pids of all processes below this one."""
    return {process.pid for process in psutil.Process().children(recursive=True)}


def outcome(trial: Semantics) -> dict[str, Any]:
    """Return what a trial is about."""
    return {name: getattr(trial, name) for name in ("kills", "lost", "stuck", "recovered")}


def records(*events: tuple[Kind, int, int]) -> list[Record]:
    """Write records of (kind, key, pid), a millisecond apart from 1 on."""
    return [
        Record(kind, pid, key, 0, milliseconds * 1_000_000)
        for milliseconds, (kind, key, pid) in enumerate(events, start=1)
    ]


def test_a_task_that_nobody_holds_is_lost_and_one_that_the_queue_holds_is_stuck() -> None:
    """Of three tasks that did not end, the queue holds one."""
    book = records(*((Kind.ACKNOWLEDGED, key, 1) for key in range(4)), (Kind.ENDED, 0, 2))

    fates = fates_of(book, [], held=1, given_up=0)

    assert (fates.acknowledged, fates.lost, fates.stuck) == (4, 2, 1)


def test_a_task_that_was_given_up_and_kept_is_not_lost() -> None:
    """Four were acknowledged, none ended, one is held and two are in the list of failures."""
    book = records(*((Kind.ACKNOWLEDGED, key, 1) for key in range(4)))

    fates = fates_of(book, [], held=1, given_up=2)

    assert (fates.lost, fates.stuck) == (1, 1)


def test_a_task_that_nobody_acknowledged_is_not_lost() -> None:
    """Its enqueue was refused, or killed before the answer."""
    fates = fates_of(
        records((Kind.SENT, 1, 1), (Kind.REFUSED, 1, 1), (Kind.SENT, 2, 1)), [], held=0, given_up=0
    )

    assert (fates.acknowledged, fates.lost) == (0, 0)


def test_a_body_that_ends_twice_is_duplicated_once() -> None:
    """Starts that were interrupted do not count, and three ends are one duplicated task."""
    book = records(
        (Kind.ACKNOWLEDGED, 1, 1),
        (Kind.ACKNOWLEDGED, 2, 1),
        *[(Kind.ENDED, 1, pid) for pid in (2, 3, 4)],
        (Kind.STARTED, 2, 2),
        (Kind.ENDED, 2, 3),
    )

    assert fates_of(book, [], held=0, given_up=0).duplicated == 1


def test_recovery_is_timed_from_the_kill_to_the_next_start_of_that_task() -> None:
    """Starts before it, and those of other tasks, are none."""
    book = records(
        (Kind.STARTED, 1, 2), (Kind.STARTED, 2, 3), (Kind.STARTED, 1, 4), (Kind.STARTED, 1, 5)
    )
    kill = Kill(key=1, pid=2, time_ns=1_500_000)

    fates = fates_of(book, [kill], held=0, given_up=0)

    assert (fates.kills, fates.recovered) == (1, 1)
    assert (fates.recovery_ms_p50, fates.recovery_ms_max) == (1.5, 1.5)


def test_a_kill_whose_body_ended_all_the_same_does_not_count() -> None:
    """It came too late to be in the middle."""
    book = records((Kind.STARTED, 1, 2), (Kind.ENDED, 1, 2))

    assert fates_of(book, [Kill(key=1, pid=2, time_ns=1_500_000)], held=0, given_up=0).kills == 0


def test_only_bodies_in_their_prime_of_tasks_that_were_spared_are_chosen() -> None:
    """A body must not end while we aim, and a task that is hit twice might be given up."""
    now_ns, hour_ms = time.monotonic_ns(), 3_600_000.0
    ages_ms = (0.1 * hour_ms, 0.3 * hour_ms, 0.4 * hour_ms, 0.7 * hour_ms)
    bodies = [
        Body(key=key, pid=key, started_ns=now_ns - round(age_ms * 1e6))
        for key, age_ms in enumerate(ages_ms)
    ]

    chosen = {
        choose(bodies, spared={2}, work_ms=hour_ms, rng=random.Random(seed))  # noqa: S311 - a choice
        for seed in range(10)
    }

    assert chosen == {bodies[1]}


def test_a_process_of_somebody_else_is_never_struck(tmp_path: Path) -> None:
    """A pid in the ledger is not enough: its session must be one of the fleet's workers."""
    with sleeper() as process:
        body = written_start(tmp_path, process.pid)

        assert strike(body, "child", [], looked(tmp_path)) is None
        assert process.poll() is None


def test_a_body_that_has_just_ended_is_spared(tmp_path: Path) -> None:
    """Its process goes on as if nothing had been."""
    with sleeper() as process:
        body = written_start(tmp_path, process.pid)
        bodies = looked(tmp_path)
        write(tmp_path, Kind.ENDED, process.pid)

        assert strike(body, "worker", [process.pid], bodies) is None
        assert psutil.Process(process.pid).status() != psutil.STATUS_STOPPED
        assert process.poll() is None


def test_a_body_under_way_is_struck(tmp_path: Path) -> None:
    """Its process is dead when that is said."""
    with sleeper() as process:
        body = written_start(tmp_path, process.pid)
        bodies = looked(tmp_path)

        kill = strike(body, "child", [process.pid], bodies)

        assert kill is not None
        assert (kill.key, kill.pid) == (body.key, process.pid)
        assert process.wait() == -9
        assert bodies.under_way() == []


def test_half_a_record_is_read_when_it_is_whole(tmp_path: Path) -> None:
    """A look in the middle of a write loses nothing."""
    bodies = Bodies(tmp_path)
    record = RECORD.pack(Kind.STARTED, 7, 1, 0, 1)
    path = tmp_path / "7.ledger"

    path.write_bytes(record[:20])
    bodies.look()
    seen_too_early = bodies.under_way()
    path.write_bytes(record)
    bodies.look()

    assert seen_too_early == []
    assert bodies.under_way() == [Body(key=1, pid=7, started_ns=1)]


@contextlib.contextmanager
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """Run a process that waits, in a session of its own."""
    with subprocess.Popen(SLEEPER, start_new_session=True, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield process
        finally:
            process.kill()


def written_start(folder: Path, pid: int) -> Body:
    """Write that a body has started."""
    write(folder, Kind.STARTED, pid)
    return Body(key=1, pid=pid, started_ns=1)


def write(folder: Path, kind: Kind, pid: int) -> None:
    """Write a record of the task 1, as the process itself would."""
    with (folder / f"{pid}.ledger").open("ab") as file:
        file.write(RECORD.pack(kind, pid, 1, 0, 1))


def looked(folder: Path) -> Bodies:
    """Read a ledger."""
    bodies = Bodies(folder)
    bodies.look()
    return bodies
