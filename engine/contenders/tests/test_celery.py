"""Celery with a real broker, a real producer and a real worker: one round trip for each broker.

The tests of a configuration share a broker; each begins with an empty queue.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from engine.brokers import running_broker
from engine.brokers.tests.asking import broker_or_skip
from engine.contenders.celery import CONTENDERS
from engine.contenders.tests.sites import DATABASE, produce, site_on
from engine.databases import open_database
from engine.project.ledger import Kind, read_ledger
from engine.project.lifeline import PARENT
from engine.tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.contenders.contender import Contender, Site

pytestmark = pytest.mark.processes

TASKS = 12


@pytest.fixture(scope="module", params=["celery-redis-always-late", "celery-rabbitmq-early"])
def contender(request: pytest.FixtureRequest) -> Contender:
    """Give one configuration for each broker."""
    return CONTENDERS[request.param]


@pytest.fixture(scope="module")
def prepared(contender: Contender, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Give a place with a broker and a database, in which the contender is prepared."""
    folder = tmp_path_factory.mktemp("site")
    assert contender.broker is not None
    broker = broker_or_skip(contender.broker, folder, persistence=contender.broker_persistence)
    with broker, open_database(DATABASE, tmp_path_factory.mktemp("database")) as database:
        site = dataclasses.replace(site_on(database, folder / "step"), broker_url=broker.url)
        contender.prepare(site)
        yield site


@pytest.fixture
def site(prepared: Site, contender: Contender) -> Site:
    """Give the place with an empty queue and an empty ledger."""
    contender.empty(prepared)
    for file in prepared.ledger.glob("*.ledger"):
        file.unlink()
    return prepared


@contextlib.contextmanager
def worker(contender: Contender, site: Site) -> Iterator[None]:
    """Run a worker until the end of the block."""
    environment = {**os.environ, **contender.environment(site), PARENT: str(os.getpid())}
    with (site.folder / "worker.log").open("wb") as log:
        process = subprocess.Popen(
            contender.worker_command(site),
            env=environment,
            cwd=site.folder,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            yield
        finally:
            process.terminate()
            process.wait(60)


def ended(site: Site) -> list[int]:
    """Read the keys of the tasks whose body has ended."""
    return [record.key for record in read_ledger(site.ledger) if record.kind == Kind.ENDED]


def test_a_worker_runs_what_was_enqueued_and_nothing_is_held_afterwards(
    contender: Contender, site: Site
) -> None:
    """A task that fails once runs again, a delayed one runs late, and each ends once."""
    peculiar: list[dict[str, Any]] = [
        {"key": TASKS, "fails_first": True},
        {"key": TASKS + 1, "delay_seconds": 0.5, "payload_bytes": 1000},
    ]
    lines = [*({"key": key} for key in range(TASKS)), *peculiar]

    answers = produce(contender, contender.environment(site), lines)
    held = contender.held(site)
    with worker(contender, site):
        wait_until(lambda: len(ended(site)) >= len(lines), explain=lambda: str(ended(site)))
        wait_until(lambda: contender.held(site) == 0)

    assert not any("error" in answer for answer in answers)
    assert held == len(lines)
    assert sorted(ended(site)) == list(range(len(lines)))
    raised = [record.key for record in read_ledger(site.ledger) if record.kind == Kind.RAISED]
    assert raised == [TASKS]


def test_a_task_that_a_worker_has_is_held_until_it_is_acknowledged(
    contender: Contender, site: Site
) -> None:
    """A task that is due later waits in the worker, unacknowledged, and counts as held."""
    environment = contender.environment(site)
    produce(contender, environment, [{"key": 0, "delay_seconds": 3600.0}, {"key": 1}])

    with worker(contender, site):
        wait_until(lambda: ended(site) == [1])
        wait_until(lambda: contender.held(site) == 1)


def test_acknowledged_tasks_survive_a_killed_broker(contender: Contender, site: Site) -> None:
    """What was acknowledged in the strongest persistence is there after SIGKILL and restart."""
    produce(contender, contender.environment(site), [{"key": key} for key in range(TASKS)])
    assert site.broker_url is not None
    broker = running_broker(site.broker_url)

    broker.kill()
    broker.restart()

    assert contender.held(site) == TASKS


def test_emptied_it_holds_nothing(contender: Contender, site: Site) -> None:
    """A step begins without the tasks of the last one."""
    produce(contender, contender.environment(site), [{"key": 0}, {"key": 1}])
    held = contender.held(site)

    contender.empty(site)

    assert held == 2
    assert contender.held(site) == 0


def test_the_running_broker_says_how_durable_it_is(contender: Contender, site: Site) -> None:
    """It is the broker that holds acknowledged tasks, so the database is not asked."""
    said = contender.durability(site)

    if contender.broker == "redis":
        assert said["appendfsync"] == "always"
    else:
        assert said["queue celery"] == "durable"
        assert said["publisher confirms"] == "on"
