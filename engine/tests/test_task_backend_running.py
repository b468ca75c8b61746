"""Tasks of ``django.tasks`` in a worker: bodies, contexts, return values and signals."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from background_task import UnknownTaskError, background
from background_task.backend import DatabaseBackend
from background_task.compat import TaskResultStatus, signals, task_backends
from background_task.context import RunningTask, running
from background_task.exceptions import Discard
from background_task.inline import run_all
from background_task.models import ScheduledTask
from background_task.registry import registry
from background_task.task_bodies import body_of
from background_task.task_signals import failed, started, succeeded
from engine.tests import backend_tasks as tasks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django import DjangoAssertNumQueries, Settings

    from background_task.databases import QueueDatabase

NAMES = ("task_enqueued", "task_started", "task_finished")


@pytest.fixture(autouse=True)
def backend(settings: Settings, database: QueueDatabase) -> Iterator[Any]:
    """The backend that the tasks go through, and nothing seen yet."""
    settings.TASKS = tasks.TASKS
    tasks.seen.clear()
    yield task_backends["default"]
    tasks.seen.clear()


@pytest.fixture
def heard() -> Iterator[list[tuple[str, Any, Any]]]:
    """Each signal that was sent: its name, its sender, and the result's status at that time."""
    sent: list[tuple[str, Any, Any]] = []

    def receiver(name: str) -> Any:
        def receive(sender: Any, *, task_result: Any, **_: Any) -> None:
            sent.append((name, sender, task_result.status))
            raise RuntimeError("a receiver that raises changes nothing")

        return receive

    receivers = {name: receiver(name) for name in NAMES}
    for name, receive in receivers.items():
        getattr(signals, name).connect(receive)
    yield sent
    for name, receive in receivers.items():
        getattr(signals, name).disconnect(receive)


def _result_after_running(task: Any, *args: Any) -> Any:
    result = task.enqueue(*args)
    run_all()
    result.refresh()
    return result


def _running(task: Any, id_: int = 1, attempt: int = 1) -> RunningTask:
    name = task.module_path
    return RunningTask(id=id_, name=name, attempt=attempt, max_attempts=2, token=attempt)


@pytest.mark.parametrize("task", [tasks.add, tasks.add_later])
def test_functions_and_coroutines_run(task: Any) -> None:
    """Either kind runs to its end, and its value is kept."""
    assert _result_after_running(task, 1, 2).return_value == 3


def test_a_return_value_comes_back_as_json_has_it() -> None:
    """It is what Django's normalize_json makes of it."""
    result = _result_after_running(tasks.give_shapes)

    assert result.return_value == {"pair": [1, 2], "text": "abc"}


def test_a_return_value_that_json_has_not_is_a_failure() -> None:
    """As with Django's own backends."""
    result = _result_after_running(tasks.give_function)

    assert [error.exception_class for error in result.errors] == [TypeError]


def test_a_number_that_json_has_not_is_a_failure() -> None:
    """Django's normalizing lets it pass, and no database would read it as JSON."""
    result = _result_after_running(tasks.add, 1e308, 1e308)

    assert [error.exception_class for error in result.errors] == [ValueError]


def test_the_context_is_that_of_the_attempt() -> None:
    """A body sees its own id, its attempt, and the errors of the attempts before."""
    result = tasks.look.enqueue(fails=True)
    run_all()
    ScheduledTask.objects.update(run_at=result.enqueued_at)
    run_all()
    result.refresh()

    assert result.return_value == result.id
    assert [attempt for _, _, attempt in tasks.seen] == [1, 2]
    (first, running_task, _), (second, _, _) = tasks.seen
    assert (first.id, first.status) == (result.id, TaskResultStatus.RUNNING)
    assert (running_task.id, running_task.attempt) == (int(result.id), 1)
    assert [error.exception_class for error in second.errors] == [ValueError]
    assert result.started_at < result.last_attempted_at


def test_a_task_without_a_worker_has_no_context() -> None:
    """Who calls the body by hand is told why that cannot be."""
    with pytest.raises(LookupError, match="there is no TaskResult here"):
        body_of(tasks.look.module_path).task_function(fails=False)


def test_signals_tell_of_a_success(heard: list[Any]) -> None:
    """Enqueued, started, finished, from the class of the backend."""
    _result_after_running(tasks.add, 1, 2)

    assert heard == [
        ("task_enqueued", DatabaseBackend, TaskResultStatus.READY),
        ("task_started", DatabaseBackend, TaskResultStatus.RUNNING),
        ("task_finished", DatabaseBackend, TaskResultStatus.SUCCESSFUL),
    ]


def test_signals_tell_of_a_failure_once_it_is_final(heard: list[Any]) -> None:
    """Each attempt starts; the task finishes with its last one."""
    result = tasks.fail.enqueue("no paper")
    run_all()
    ScheduledTask.objects.update(run_at=result.enqueued_at)
    run_all()

    assert [(name, status) for name, _, status in heard] == [
        ("task_enqueued", TaskResultStatus.READY),
        ("task_started", TaskResultStatus.RUNNING),
        ("task_started", TaskResultStatus.RUNNING),
        ("task_finished", TaskResultStatus.FAILED),
    ]


def test_signals_carry_the_whole_result() -> None:
    """Whoever listens gets what get_result would say, and what the body just did."""
    results = []

    def receive(*, task_result: Any, **_: Any) -> None:
        results.append(task_result)

    signals.task_finished.connect(receive)
    try:
        done, lost = tasks.add.enqueue(1, 2), tasks.fail.using(priority=-1).enqueue("no paper")
        ScheduledTask.objects.filter(id=lost.id).update(max_attempts=1)
        run_all()
    finally:
        signals.task_finished.disconnect(receive)

    first, second = results
    assert (first.id, first.args, first.return_value) == (done.id, [1, 2], 3)
    assert first.enqueued_at <= first.started_at
    assert first.finished_at is not None
    assert (second.id, second.errors[0].exception_class) == (lost.id, ValueError)


def test_signals_cost_no_query_if_nobody_listens(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    """Django's own receiver, which logs, needs nothing from the database."""
    attempt = _running(tasks.add)
    with django_assert_num_queries(0):
        started(attempt)
        succeeded(attempt, "3")
        failed(attempt, ValueError("no paper"), is_last=True)


def test_signals_are_not_for_other_tasks(
    heard: list[Any], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    """Tasks of @background, and rows that nobody knows, send none."""
    name = f"{__name__}.tidy"
    proxy = background(name=name)(tasks.plain)
    try:
        with django_assert_num_queries(0):
            for unknown in (proxy.name, "no.such.task", "background_task.models.ScheduledTask"):
                attempt = RunningTask(id=1, name=unknown, attempt=1, max_attempts=1, token=1)
                started(attempt)
                succeeded(attempt, None)
    finally:
        registry.pop(name)

    assert heard == []


def test_a_body_is_found_by_its_name() -> None:
    """Names of @background come first, then import paths of tasks."""
    name = f"{__name__}.tidy"
    proxy = background(name=name)(tasks.plain)
    try:
        assert body_of(name) is proxy
    finally:
        registry.pop(name)
    options = body_of(tasks.call_supplier.module_path).options
    assert (options.max_attempts, options.timeout, options.atomic) == (10, 1.5, True)


@pytest.mark.parametrize(
    "path", ["plain", "no.such.task", f"{tasks.__name__}.plain", f"{tasks.__name__}.gone"]
)
def test_a_path_that_is_no_task_is_unknown(path: str) -> None:
    """Nothing runs that was not declared a task."""
    with pytest.raises(UnknownTaskError, match=path):
        body_of(path)


def test_a_backoff_is_asked_with_the_result() -> None:
    """It decides by the exception and the TaskResult, and may give up."""
    result = tasks.call_supplier.enqueue(1)
    backoff: Any = body_of(tasks.call_supplier.module_path).options.backoff

    with running(_running(tasks.call_supplier, int(result.id))):
        assert backoff(ValueError("try again"), 1) == 7.0
        with pytest.raises(Discard):
            backoff(ValueError("no such order"), 1)
    for error, seen_result in tasks.seen:
        assert (seen_result.id, seen_result.status) == (result.id, TaskResultStatus.FAILED)
        assert [entry.traceback.splitlines()[-1] for entry in seen_result.errors] == [
            f"ValueError: {error}"
        ]


def test_a_backoff_that_gives_up_ends_the_task() -> None:
    """None instead of seconds is the last word, whatever attempts are left."""
    result = _result_after_running(tasks.call_supplier, -1)

    assert (result.status, result.attempts) == (TaskResultStatus.FAILED, 1)


def test_the_queue_needs_no_django_tasks() -> None:
    """Without Django 6 and the backport all but the backend works, and that says what to do."""
    program = (
        "import sys\n"
        "sys.modules.update({'django.tasks': None, 'django_tasks': None})\n"
        "from background_task import UnknownTaskError, task_signals\n"
        "from background_task.context import RunningTask\n"
        "from background_task.task_bodies import body_of\n"
        "task_signals.started("
        "RunningTask(id=1, name='no.task', attempt=1, max_attempts=1, token=1))\n"
        "try:\n    body_of('no.task')\nexcept UnknownTaskError:\n    pass\n"
        "try:\n    import background_task.backend\nexcept ImportError as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )

    assert done.stderr == ""
    assert done.stdout == (
        "background_task.backend needs django.tasks: use Django 6.0 or later, or install its "
        'backport with pip install "django-tasks<0.13"\n'
    )
