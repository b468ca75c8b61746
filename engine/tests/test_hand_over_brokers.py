"""Real workers of Celery and Huey on Redis and RabbitMQ: hand over, dispatch, kill, bring back."""

from __future__ import annotations

import random
import signal
import time
from typing import TYPE_CHECKING

import pytest

from background_task.dispatch.hand_over import SENT, STARTED, UNSENT
from background_task.models import CompletedTask, FailedTask, ScheduledTask
from engine.brokers.tests.asking import broker_or_skip
from engine.tests.elsewhere import CELERY, HUEY, Elsewhere
from engine.tests.gates import note, pass_gate
from engine.tests.waiting import wait_until

if TYPE_CHECKING:
    import datetime
    import subprocess
    from collections.abc import Iterator

    from background_task.databases import QueueDatabase
    from engine.tests.gates import Gates
    from engine.tests.workers import Workers

pytest.importorskip("celery", reason="type: pip install celery huey redis")
pytest.importorskip("huey", reason="type: pip install celery huey redis")

pytestmark = [pytest.mark.processes, pytest.mark.load]

PLACES = [(CELERY, "redis"), (CELERY, "rabbitmq"), (HUEY, "redis")]
KILLS = 30
EACH_ROUND = 20
LATER_SECONDS = 20.0


@pytest.fixture(scope="module", params=PLACES, ids="-".join)
def place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Elsewhere]:
    """Give a project on a running broker, which the tests of a place share."""
    name, broker = request.param
    with broker_or_skip(broker, tmp_path_factory.mktemp(broker)) as running:
        yield Elsewhere(name, running, tmp_path_factory.mktemp(name))


def in_stage(*stages: datetime.datetime) -> int:
    """Count the rows that have come so far."""
    return ScheduledTask.objects.filter(lease_until__in=stages).count()


def hand_over(place: Elsewhere, *arguments: str) -> None:
    """Run the command to its end."""
    place.run(*place.manage("hand_over_tasks", *arguments))


def wait_until_none_is_live(place: Elsewhere) -> None:
    """Return when every task has ended."""
    wait_until(lambda: not ScheduledTask.objects.exists(), explain=place.log)


def kill_in_the_middle(command: subprocess.Popen[bytes], chance: random.Random) -> bool:
    """Kill the command some moments after it has begun to move rows; tell whether that was so."""
    before = in_stage(UNSENT, SENT, STARTED)
    deadline = time.monotonic() + 10
    while in_stage(UNSENT, SENT, STARTED) <= before and command.poll() is None:
        assert time.monotonic() < deadline
    time.sleep(chance.uniform(0.0, 0.04))  # when it is killed is the experiment
    command.send_signal(signal.SIGKILL)
    return command.wait() == -signal.SIGKILL


def test_killed_at_random_under_load_each_task_runs_once(
    place: Elsewhere, workers: Workers, gates: Gates, database: QueueDatabase
) -> None:
    """Workers of both kinds run, tasks are enqueued, and the command is killed over and over.

    Most tasks are due later, so that the command finds them waiting; the others are contended for.
    """
    seed = random.randrange(2**32)  # noqa: S311 - chance, not secrecy
    chance = random.Random(seed)  # noqa: S311
    keys: list[str] = []
    killed = half_way = 0
    command = place.manage("hand_over_tasks", "--to", place.place, "--batch", "7")
    with place.worker():
        workers.start("--workers", "1")
        while killed < KILLS:
            for _ in range(EACH_ROUND):
                keys.append(f"task-{len(keys)}")
                later = chance.random() < 0.8
                note(gates.folder, keys[-1], schedule=LATER_SECONDS if later else 0)
            with place.process(*command) as process:
                killed += kill_in_the_middle(process, chance)
            half_way += in_stage(UNSENT) > 0
        hand_over(place, "--to", place.place)
        wait_until_none_is_live(place)

    runs = {key: len(gates.runs(key)) for key in keys}
    assert {key: count for key, count in runs.items() if count != 1} == {}, f"seed {seed}"
    assert CompletedTask.objects.count() == len(keys)
    assert half_way > 0


def test_what_comes_back_runs_here_and_nowhere_else(
    place: Elsewhere, workers: Workers, gates: Gates, database: QueueDatabase
) -> None:
    """The broker's messages are void, whenever a worker of it takes them."""
    keys = [f"task-{number}" for number in range(40)]
    for key in keys:
        note(gates.folder, key)
    hand_over(place, "--to", place.place)
    hand_over(place, "--to", "database", "--limit", "15", "--batch", "5")
    with place.worker():
        workers.start("--workers", "1")
        wait_until_none_is_live(place)
        place.wait_until_drained()

    assert [gates.runs(key) for key in keys] == [[1]] * len(keys)


def test_a_killed_worker_loses_no_task_that_was_handed_over(
    place: Elsewhere, gates: Gates, database: QueueDatabase
) -> None:
    """RabbitMQ delivers it again; what Redis holds back, or Huey has lost, is sent again."""
    pass_gate(gates.folder, "gate")
    hand_over(place, "--to", place.place)
    with place.worker():
        gates.wait_for_run("gate")
    if place.broker_name != "rabbitmq":
        hand_over(place, "--to", place.place, "--resend-unended", "--no-input")
    gates.open("gate")
    with place.worker():
        wait_until_none_is_live(place)

    assert gates.runs("gate") == [1, 2]


def test_the_same_decorated_tasks_run_in_the_broker(
    place: Elsewhere, gates: Gates, database: QueueDatabase
) -> None:
    """Failures, timeouts and delays are those of this queue; an atomic task keeps its row."""
    place.run(
        "-c",
        "import django; django.setup();"
        " from engine.tests.troubles.tasks import note, pass_gate_hastily;"
        " from engine.tests.outgrown.tasks import fail_twice, note_atomically;"
        f" folder = {gates.folder!r};"
        " note(folder, 'now'); note(folder, 'later', schedule=1);"
        " pass_gate_hastily(folder, 'hasty', priority=3);"
        " fail_twice(folder, 'failing'); note_atomically(folder, 'atomic')",
    )
    assert ScheduledTask.objects.get().lease_until == SENT
    with place.worker():
        for key, attempt in {"now": 1, "later": 1, "hasty": 3, "failing": 3, "atomic": 1}.items():
            wait_until(lambda: attempt in gates.runs(key), explain=place.log)  # noqa: B023
        wait_until_none_is_live(place)

    assert gates.runs("hasty") == gates.runs("failing") == [1, 2, 3]
    assert CompletedTask.objects.count() == 1
    assert not FailedTask.objects.exists()
