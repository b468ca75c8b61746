"""``process_tasks``: real processes on the test database run its tasks, each to its own end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from background_task.models import CompletedTask, FailedTask, ScheduledTask
from engine.project.models import Mail
from engine.project.tasks import send_mail, write_invoice
from engine.tests.gates import (
    Gates,
    enqueue_held_back,
    note,
    pass_gate,
    show_that_it_is_fast,
    wait_until_empty,
    wait_until_ended,
)
from engine.tests.troubles import tasks as troubles

if TYPE_CHECKING:
    from engine.tests.workers import Workers

pytestmark = pytest.mark.processes


# Tasks run, and fail.


def test_tasks_run_and_are_completed_with_their_results(workers: Workers) -> None:
    """What was enqueued before and while the worker runs is done once, under its own id."""
    early = write_invoice("early", 0)
    worker = workers.start("--workers", "2")
    rows = {send_mail(f"order {number}").id for number in range(50)}
    wait_until_empty(worker)

    assert CompletedTask.objects.get(id=early.id).result == '"invoice of early"'
    assert set(CompletedTask.objects.values_list("id", flat=True)) == rows | {early.id}
    assert Mail.objects.count() == 50
    assert set(CompletedTask.objects.values_list("attempts", flat=True)) == {1}
    assert worker.stop() == 0


def test_completed_tasks_are_kept_only_if_the_project_wants_that(
    workers: Workers, gates: Gates
) -> None:
    """Nothing remains but the effect."""
    troubles.note(gates.folder, "a")
    wait_until_empty(workers.start(KEEP_COMPLETED=False))

    assert gates.runs("a") == [1]
    assert not CompletedTask.objects.exists()


def test_arguments_of_the_largest_size_arrive(workers: Workers) -> None:
    """Several megabytes go through the channel to a child, in as many parts as it takes."""
    for letter in "abcde":
        troubles.measure(letter * 900_000)
    wait_until_empty(workers.start())

    assert list(CompletedTask.objects.values_list("result", flat=True)) == ["900000"] * 5


def test_an_exception_is_tried_again_and_then_dead_lettered(workers: Workers) -> None:
    """The failed task has used all its attempts, and its error is the last traceback."""
    task = troubles.raise_error("no paper")
    worker = workers.start("--max-attempts", "2")
    wait_until_ended(worker, 1)

    (failed,) = FailedTask.objects.all()
    assert (failed.id, failed.attempts) == (task.id, 2)
    assert failed.error.startswith("Traceback (most recent call last)")
    assert "raise RuntimeError(message)" in failed.error
    assert failed.error.endswith("RuntimeError: no paper\n")


def test_each_trouble_ends_its_own_attempt_and_nothing_else(workers: Workers, gates: Gates) -> None:
    """Whatever a task does to its process, it fails with a clear text and the others go on."""
    troubles.exit_politely()
    troubles.exit_at_once(3)
    troubles.die_at_once()
    troubles.raise_unprintable()
    unknown, broken = send_mail("unknown"), send_mail("broken")
    ScheduledTask.objects.filter(id=unknown.id).update(task_name="shop.refund")
    ScheduledTask.objects.filter(id=broken.id).update(task_params="not JSON")
    for number in range(10):
        troubles.note(gates.folder, str(number))
    worker = workers.start("--max-attempts", "1")
    wait_until_ended(worker, 16)

    errors = {
        row.task_name.rpartition(".")[2]: row.error.strip().rpartition("\n")[2]
        for row in FailedTask.objects.all()
    }
    pids = errors["exit_at_once"].split()[2], errors["die_at_once"].split()[2]
    assert errors == {
        "exit_politely": "SystemExit: enough",
        "exit_at_once": f"worker process {pids[0]} exited with status 3 during attempt 1 of 1",
        "die_at_once": f"worker process {pids[1]} was killed by SIGKILL during attempt 1 of 1",
        "raise_unprintable": "engine.tests.troubles.tasks.UnprintableError: "
        "<exception str() failed>",
        "refund": "background_task.exceptions.UnknownTaskError: no task is registered under the "
        "name 'shop.refund': was it renamed or removed, or is its app missing from "
        "INSTALLED_APPS?",
        "send_mail": "json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)",
    }
    assert CompletedTask.objects.count() == 10
    assert worker.stop() == 0


@pytest.mark.parametrize("has_tracebacks", [True, False])
def test_the_log_tells_of_failures(workers: Workers, has_tracebacks: bool) -> None:
    """One line says what failed, at which attempt; --traceback shows where in the code."""
    troubles.raise_error("no paper")
    worker = workers.start("--max-attempts=1", *(["--traceback"] if has_tracebacks else []))
    wait_until_ended(worker, 1)
    assert worker.stop() == 0

    assert "failed at attempt 1 of 1, its last: " in worker.log()
    assert "RuntimeError: no paper" in worker.log()
    assert ("Traceback (most recent" in worker.log()) is has_tracebacks


# Time limits.


def test_the_timeout_kills_a_stuck_task_and_only_it(workers: Workers, gates: Gates) -> None:
    """The task beside it, which has more time, goes on, and so does the queue."""
    stuck = pass_gate(gates.folder, "stuck", priority=1)
    troubles.pass_gate_patiently(gates.folder, "patient")
    worker = workers.start("--workers", "2", "--timeout", "0.3", "--max-attempts", "1")
    gates.wait_for_run("patient")
    wait_until_ended(worker, 1)
    note(gates.folder, "after")
    gates.wait_for_run("after")
    gates.open("patient")
    wait_until_empty(worker)

    (failed,) = FailedTask.objects.all()
    assert failed.id == stuck.id
    assert failed.error == "timed out after 0.3 s during attempt 1 of 1"
    assert gates.runs("patient") == [1]
    assert CompletedTask.objects.count() == 2


def test_a_tasks_own_timeout_comes_before_the_workers(workers: Workers, gates: Gates) -> None:
    """It is tried again after its pause, and charged for each time."""
    troubles.pass_gate_hastily(gates.folder, "hasty")
    worker = workers.start("--timeout", "60", "--max-attempts", "2")
    wait_until_ended(worker, 1)

    assert FailedTask.objects.get().error == "timed out after 0.2 s during attempt 2 of 2"
    assert gates.runs("hasty") == [1, 2]


def test_the_duration_ends_the_worker_after_what_runs(workers: Workers, gates: Gates) -> None:
    """It exits by itself with success, and interrupts nothing."""
    pass_gate(gates.folder, "slow")
    worker = workers.start("--duration", "1")
    gates.wait_for_run("slow")
    worker.wait_for("stopping: waiting for what runs")
    note(gates.folder, "too late")
    gates.open("slow")

    assert worker.wait() == 0
    assert CompletedTask.objects.get().result == '"slow"'
    assert ScheduledTask.objects.get().attempts == 0


# Queues and prefetch.


def test_a_worker_serves_the_queues_that_it_was_given(workers: Workers, gates: Gates) -> None:
    """Tasks of others wait untouched."""
    for queue in ("a", "b", "c"):
        note(gates.folder, queue, queue=queue)
    worker = workers.start("--queue", "a", "--queue", "c")
    wait_until_ended(worker, 2)
    assert worker.stop() == 0

    assert ScheduledTask.objects.get().queue == "b"
    assert "a, c of database 'default'" in worker.log()


def test_tasks_behind_a_slow_one_go_to_another_child(workers: Workers, gates: Gates) -> None:
    """A task that becomes slow does not hold up those that were handed out with it."""
    worker = workers.start("--workers", "2")
    show_that_it_is_fast(worker, gates)
    enqueue_held_back(gates, 30)
    gates.wait_for_run("slow")
    wait_until_ended(worker, 70)

    assert ScheduledTask.objects.get().attempts == 1
    gates.open("slow")
    wait_until_empty(worker)


@pytest.mark.parametrize("count", [1, 30, 400])
def test_tasks_behind_a_slow_one_go_to_another_worker(
    workers: Workers, gates: Gates, count: int
) -> None:
    """A worker gives back what it cannot start soon, however much that is, without a charge."""
    busy = workers.start()
    show_that_it_is_fast(busy, gates)
    enqueue_held_back(gates, count)
    gates.wait_for_run("slow")
    other = workers.start()
    wait_until_ended(other, 40 + count)

    assert set(CompletedTask.objects.values_list("attempts", flat=True)) == {1}
    assert CompletedTask.objects.filter(claimed_by__contains=f":{other.pid}:").count() == count
    gates.open("slow")
    wait_until_empty(busy)
