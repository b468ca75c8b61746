"""Workers that are stopped, killed, paused or cut off from their database: nothing is lost."""

from __future__ import annotations

import datetime
import json
import signal
import socket
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from django.db import models

from background_task.models import AttemptError, CompletedTask, FailedTask, ScheduledTask
from engine.tests import outages
from engine.tests.gates import (
    Gates,
    enqueue_held_back,
    note,
    pass_gate,
    show_that_it_is_fast,
    wait_until_empty,
    wait_until_ended,
)
from engine.tests.steps import database_now, expire
from engine.tests.troubles import tasks as troubles
from engine.tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.tests.workers import Worker, Workers

pytestmark = pytest.mark.processes


# Stopping.


@pytest.mark.parametrize(
    "send",
    [
        lambda worker: worker.send(signal.SIGTERM),
        lambda worker: worker.send(signal.SIGINT),
        lambda worker: worker.send_all(signal.SIGTERM),
        lambda worker: worker.send_all(signal.SIGINT),
    ],
    ids=["SIGTERM", "SIGINT", "SIGTERM to all", "Ctrl-C"],
)
def test_a_stop_signal_finishes_what_runs_and_releases_the_rest(
    workers: Workers, gates: Gates, send: Callable[[Worker], None]
) -> None:
    """The running task ends well; the others are free at once, without a charge."""
    worker = workers.start()
    show_that_it_is_fast(worker, gates)
    enqueue_held_back(gates, 10)
    gates.wait_for_run("slow")
    children = worker.children()
    send(worker)
    wait_until(
        lambda: ScheduledTask.objects.filter(lease_until__isnull=True).count() == 10,
        explain=worker.log,
    )
    gates.open("slow")

    assert worker.wait() == 0
    assert set(ScheduledTask.objects.values_list("attempts", "lease_until")) == {(0, None)}
    assert ScheduledTask.objects.count() == 10
    assert CompletedTask.objects.latest("completed_at").result == '"slow"'
    assert not any(child.is_running() for child in children)


def test_a_second_stop_signal_interrupts_what_runs(workers: Workers, gates: Gates) -> None:
    """The task waits for its next attempt, charged and with the reason; nothing is locked."""
    pass_gate(gates.folder, "slow")
    worker = workers.start()
    gates.wait_for_run("slow")
    worker.send(signal.SIGTERM)
    worker.wait_for("stopping")
    worker.send(signal.SIGTERM)

    assert worker.wait() == 0
    row = ScheduledTask.objects.get()
    assert (row.attempts, row.lease_until) == (1, None)
    assert row.last_error == "was interrupted by a second stop signal during attempt 1 of 3"


def test_an_idle_worker_stops_at_once(workers: Workers) -> None:
    """A long pause between two looks does not delay the end."""
    worker = workers.start("--sleep", "3600")
    worker.wait_for("Ctrl-C stops it")
    wait_until(worker.children)

    assert worker.stop() == 0


def test_a_process_that_a_body_forks_can_be_terminated(workers: Workers) -> None:
    """It does not inherit how a worker process leaves stopping to its supervisor."""
    task: Any = troubles.terminate_a_process
    row = task()
    wait_until_empty(workers.start())

    assert CompletedTask.objects.get(id=row.id).result == "-15"


# Deaths.


def test_a_child_that_cannot_be_spoken_to_is_killed(workers: Workers, gates: Gates) -> None:
    """A body that closes all descriptors costs its task an attempt, and the worker nothing."""
    row: Any = troubles.close_everything(gates.folder, "closes")
    wait_until_empty(workers.start())

    assert gates.runs("closes") == [1, 2]
    (error,) = AttemptError.objects.filter(task_id=row.id).values_list("traceback", flat=True)
    assert error == "closed its channel to the supervisor during attempt 1 of 3"


def test_a_child_that_is_killed_costs_an_attempt_and_no_time(
    workers: Workers, gates: Gates
) -> None:
    """Its task runs again at once, long before its lease is over, and nothing else is lost."""
    troubles.die_first(gates.folder, "victim")
    note(gates.folder, "beside")
    worker = workers.start("--workers", "2", LEASE_SECONDS=3600, BACKOFF_SECONDS=3600)
    wait_until_empty(worker)

    assert gates.runs("victim") == [1, 2]
    assert gates.runs("beside") == [1]
    assert sorted(CompletedTask.objects.values_list("attempts", flat=True)) == [1, 2]
    assert "was killed by SIGKILL during attempt 1 of 3" in worker.log()


def test_a_child_that_is_killed_from_outside_is_replaced(workers: Workers, gates: Gates) -> None:
    """One in the middle of a task, and one that was idle."""
    pass_gate(gates.folder, "slow")
    worker = workers.start(LEASE_SECONDS=3600)
    gates.wait_for_run("slow")
    worker.children()[0].kill()
    gates.wait_for_run("slow", attempt=2)
    gates.open("slow")
    wait_until_empty(worker)
    worker.children()[0].kill()
    worker.wait_for("was killed by SIGKILL while it ran no task")
    note(gates.folder, "after")
    gates.wait_for_run("after")

    assert gates.runs("slow") == [1, 2]


def test_what_waited_behind_a_killed_task_is_not_charged(workers: Workers, gates: Gates) -> None:
    """Only the task that ran when the child died has lost an attempt."""
    worker = workers.start("--max-attempts=1", LEASE_SECONDS=3600)
    show_that_it_is_fast(worker, gates)
    enqueue_held_back(gates, 10)
    gates.wait_for_run("slow")
    worker.children()[0].kill()
    wait_until_empty(worker)

    assert FailedTask.objects.get().task_params == json.dumps([[gates.folder, "slow"], {}])
    assert [gates.runs(f"behind-{number}") for number in range(10)] == [[1]] * 10


def test_a_killed_supervisor_takes_its_children_along(workers: Workers, gates: Gates) -> None:
    """Its tasks are charged, and run again elsewhere once their leases are over."""
    pass_gate(gates.folder, "slow")
    first = workers.start()
    gates.wait_for_run("slow")
    (child,) = first.children()
    first.send(signal.SIGKILL)
    first.wait()
    wait_until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)
    second = workers.start()
    wait_until(second.children)
    note(gates.folder, "proof that the second one works")
    gates.wait_for_run("proof that the second one works")
    assert gates.runs("slow") == [1]

    expire()
    gates.wait_for_run("slow", attempt=2)
    gates.open("slow")
    wait_until_empty(second)

    assert f"the lease of worker {socket.gethostname()}:{first.pid}:" in second.log()
    assert CompletedTask.objects.get(task_name=troubles.pass_gate.name).attempts == 2


def test_a_task_that_is_lost_with_every_worker_is_dead_lettered(
    workers: Workers, gates: Gates
) -> None:
    """A host that dies costs an attempt, so such a task comes to an end."""
    pass_gate(gates.folder, "slow")
    first = workers.start("--max-attempts=1")
    gates.wait_for_run("slow")
    first.send_all(signal.SIGKILL)
    first.wait()
    expire()
    second = workers.start("--max-attempts=1")
    wait_until_ended(second, 1)

    assert FailedTask.objects.get().error.startswith("attempt 1 of 1 never ended: the lease of")
    assert gates.runs("slow") == [1]


def test_a_worker_renews_its_leases(workers: Workers, gates: Gates) -> None:
    """A task may run much longer than a lease, and no other worker takes it."""
    pass_gate(gates.folder, "long")
    owner = workers.start(LEASE_SECONDS=1)
    gates.wait_for_run("long")
    workers.start(LEASE_SECONDS=1)
    first = ScheduledTask.objects.get().lease_until
    assert first is not None
    wait_until(lambda: database_now() > first + datetime.timedelta(seconds=1))
    gates.open("long")
    wait_until_empty(owner)

    assert gates.runs("long") == [1]


def test_a_worker_stops_a_task_that_another_one_owns(workers: Workers, gates: Gates) -> None:
    """Its next heartbeat tells it; what the task would have written is not written."""
    pass_gate(gates.folder, "slow")
    worker = workers.start(LEASE_SECONDS=1)
    gates.wait_for_run("slow")
    (child,) = worker.children()
    ScheduledTask.objects.update(token=99, claimed_by="elsewhere:1")
    worker.wait_for("lost its lease to another worker")
    wait_until(lambda: not child.is_running())
    worker.stop()

    row = ScheduledTask.objects.get()
    assert (row.token, row.attempts, row.claimed_by, row.last_error) == (99, 1, "elsewhere:1", "")


def test_a_worker_that_slept_through_its_leases_runs_nothing_on_them(
    workers: Workers, gates: Gates
) -> None:
    """A paused host wakes up among tasks that are others' by now: it starts none of them."""
    worker = workers.start("--workers=1", LEASE_SECONDS=1)
    show_that_it_is_fast(worker, gates)
    enqueue_held_back(gates, 10)
    gates.wait_for_run("slow")
    worker.send(signal.SIGSTOP)
    leases = ScheduledTask.objects.aggregate(end=models.Max("lease_until"))["end"]
    leased = ScheduledTask.objects.filter(lease_until__isnull=False)
    taken = [json.loads(row.task_params)[0][1] for row in leased]
    leased.update(
        token=99, claimed_by="elsewhere:1", lease_until=leases + datetime.timedelta(hours=1)
    )
    wait_until(lambda: database_now() > leases)
    worker.send(signal.SIGCONT)
    worker.wait_for("stopping what runs, others may take it")
    note(gates.folder, "proof that it goes on")
    gates.wait_for_run("proof that it goes on")

    kept = ScheduledTask.objects.filter(token=99, attempts=1, claimed_by="elsewhere:1")
    assert kept.count() == len(taken) > 1
    assert {key: gates.runs(key) for key in taken if gates.runs(key)} == {"slow": [1]}
    assert worker.stop() == 0


# The database goes away.


def test_a_database_that_goes_away_for_a_moment_loses_nothing(
    workers: Workers, gates: Gates
) -> None:
    """Tasks go on meanwhile; their ends are written when it is back, and none runs twice.

    A claim whose commit took effect but was never answered costs an attempt and a lease's time.
    """
    worker = workers.start("--workers", "2", database=outages.impatient(), LEASE_SECONDS=4)
    for round_ in range(3):
        pass_gate(gates.folder, f"slow-{round_}", priority=1)
        for number in range(20):
            note(gates.folder, f"{round_}-{number}")
        gates.wait_for_run(f"slow-{round_}")
        outages.strike()
        gates.open(f"slow-{round_}")
        outages.strike()
    wait_until_empty(worker)

    assert worker.stop() == 0
    assert CompletedTask.objects.count() == 63
    assert [len(gates.runs(f"slow-{r}")) for r in range(3)] == [1] * 3
    assert [len(gates.runs(f"{r}-{n}")) for r in range(3) for n in range(20)] == [1] * 60
