"""One attempt: what its body raises or returns decides how it ends."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection

from background_task import Discard, Retry, background, settings
from background_task.attempt import run_attempt
from background_task.exceptions import InvalidTaskError
from background_task.models import AttemptError, CompletedTask, FailedTask, ScheduledTask
from background_task.outcomes import ERRORS_KEPT, Failed, Finished
from background_task.registry import registry
from background_task.requeue import requeue
from engine.project.models import Mail
from engine.tests.steps import claim, expire, record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from background_task.attempt import Ended
    from background_task.databases import QueueDatabase
    from background_task.terms import Terms


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Forget the tasks of the test."""
    before = dict(registry)
    yield
    registry.clear()
    registry.update(before)


def _run(
    database: QueueDatabase, terms: Terms, body: Callable[[], object], **options: Any
) -> Ended:
    background(name="body", **options)(body)()
    (held,) = claim(database, terms)
    return run_attempt(held, settings.read())


def _is_recorded(ended: Ended) -> bool:
    return isinstance(ended, Finished) and ended.is_recorded


def _raise(error: BaseException) -> Callable[[], None]:
    def body() -> None:
        raise error

    return body


def test_the_end_of_a_body_has_its_result_and_its_time(
    database: QueueDatabase, terms: Terms
) -> None:
    """The result as JSON, the time in seconds."""
    ended = _run(database, terms, lambda: {"sent": 1})

    assert isinstance(ended, Finished)
    assert ended.result == '{"sent": 1}'
    assert ended.seconds >= 0


@pytest.mark.parametrize(("after", "pause"), [(7, 7.0), (datetime.timedelta(minutes=1), 60.0)])
def test_a_body_asks_to_run_again_after_a_while(
    database: QueueDatabase, terms: Terms, after: float | datetime.timedelta, pause: float
) -> None:
    """Exactly then, and the attempt is charged."""
    ended = _run(database, terms, _raise(Retry("not yet", after=after)))

    assert isinstance(ended, Failed)
    assert (ended.retry_in, ended.is_last) == (pause, False)
    record(database, ended)
    assert ScheduledTask.objects.get().attempts == 1


def test_a_retry_without_a_time_waits_as_after_any_failure(
    database: QueueDatabase, terms: Terms
) -> None:
    """The task's own backoff decides."""
    ended = _run(database, terms, _raise(Retry()), backoff=100)

    assert isinstance(ended, Failed)
    assert ended.retry_in is not None
    assert 100 <= ended.retry_in <= 110


@pytest.mark.parametrize("after", [1e300, 1e12, -1])
def test_a_pause_that_no_database_can_hold_is_an_error_of_the_body(
    database: QueueDatabase, terms: Terms, after: float
) -> None:
    """It fails its own attempt, and its worker goes on."""

    def body() -> None:
        raise Retry(after=after)

    ended = _run(database, terms, body)

    assert isinstance(ended, Failed)
    assert "0 seconds to 100 years" in ended.error
    assert record(database, ended) == []


def test_asking_again_and_again_ends(database: QueueDatabase, terms: Terms) -> None:
    """A task that always asks uses up its attempts."""
    ended = _run(database, terms, _raise(Retry(after=0)), max_attempts=1)
    record(database, ended)

    assert FailedTask.objects.get().attempts == 1


@pytest.mark.parametrize("error", [Discard("user is gone"), InvalidTaskError("no such order")])
def test_a_body_gives_its_task_up(
    database: QueueDatabase, terms: Terms, error: BaseException
) -> None:
    """At once, whatever attempts are left; the reason is kept."""
    ended = _run(database, terms, _raise(error), max_attempts=9)
    record(database, ended)

    failed = FailedTask.objects.get()
    assert str(error) in failed.error
    assert failed.attempts == 1


@pytest.mark.parametrize("pause", [-1, float("nan"), float("inf"), "soon", [1]])
def test_a_backoff_function_that_makes_no_sense_changes_nothing(
    database: QueueDatabase, terms: Terms, pause: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """The default pause is taken, and the log says why."""
    ended = _run(database, terms, _raise(ValueError("x")), backoff=lambda *_: pause)

    assert isinstance(ended, Failed)
    assert ended.retry_in is not None
    assert 5 <= ended.retry_in <= 5.5
    assert "backoff of attempt 1" in caplog.text


def test_a_backoff_function_knows_the_error_and_the_attempt(
    database: QueueDatabase, terms: Terms
) -> None:
    """It may decide on both."""
    asked: list[tuple[BaseException, int]] = []

    def backoff(error: BaseException, attempt: int) -> float:
        asked.append((error, attempt))
        return 42

    error = ValueError("x")
    ended = _run(database, terms, _raise(error), backoff=backoff)

    assert isinstance(ended, Failed)
    assert (ended.retry_in, asked) == (42, [(error, 1)])


# Atomic bodies.


def test_an_atomic_body_and_its_end_are_one_transaction(
    database: QueueDatabase, terms: Terms
) -> None:
    """The effect and the completed task are there together."""
    ended = _run(database, terms, _write_mail, atomic=True)

    assert _is_recorded(ended)
    assert (Mail.objects.count(), CompletedTask.objects.count()) == (1, 1)
    assert not ScheduledTask.objects.exists()


def test_an_atomic_body_that_fails_leaves_nothing(database: QueueDatabase, terms: Terms) -> None:
    """Its work is undone, even if the database refused a statement of it."""

    def body() -> None:
        _write_mail()
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM no_such_table")

    ended = _run(database, terms, body, atomic=True)

    assert isinstance(ended, Failed)
    assert "no_such_table" in ended.error
    assert not Mail.objects.exists()
    assert record(database, ended) == []


def test_an_atomic_body_whose_claim_went_stale_is_undone(
    database: QueueDatabase, terms: Terms
) -> None:
    """Another worker has the task by now: the work of this one must not be there twice."""
    background(name="body", atomic=True)(_write_mail)()
    (zombie,) = claim(database, terms)
    expire()
    with database.transaction():
        database.execute("UPDATE background_task_scheduledtask SET lease_until = NULL")
    (heir,) = claim(database, terms)

    late = run_attempt(zombie, settings.read())

    assert isinstance(late, Failed)
    assert "was given to another worker" in late.error
    assert not Mail.objects.exists()
    assert record(database, late) == [zombie]
    assert _is_recorded(run_attempt(heir, settings.read()))
    assert (Mail.objects.count(), CompletedTask.objects.count()) == (1, 1)


# The history of errors.


def test_each_failed_attempt_is_remembered(database: QueueDatabase, terms: Terms) -> None:
    """Number, worker, exception, traceback; the history outlives the task's end."""
    background(name="body")(_write_mail)()
    for error in (ValueError("one"), KeyError("two"), Discard("three")):
        registry["body"].task_function = _raise(error)
        ScheduledTask.objects.update(run_at="2020-01-01T00:00:00Z")
        (held,) = claim(database, terms)
        record(database, run_attempt(held, settings.read()))

    errors = AttemptError.objects.order_by("attempt")
    assert [(error.attempt, error.exception) for error in errors] == [
        (1, "builtins.ValueError"),
        (2, "builtins.KeyError"),
        (3, "background_task.exceptions.Discard"),
    ]
    assert {error.task_id for error in errors} == {FailedTask.objects.get().id}
    assert {error.claimed_by for error in errors} == {terms.owner}
    assert "ValueError: one" in errors[0].traceback


def test_a_pause_that_is_no_time_is_refused() -> None:
    """In one sentence, where the body says it."""
    for after in ("5", Decimal(5)):
        with pytest.raises(TypeError, match=r"^Retry\(after=.*\): the pause is seconds or a time"):
            Retry(after=after)  # type: ignore[arg-type]


def test_the_history_is_bounded(database: QueueDatabase, terms: Terms) -> None:
    """The latest errors are kept."""
    background(name="body", max_attempts=99)(_raise(Retry(after=0)))()
    for _ in range(ERRORS_KEPT + 5):
        (held,) = claim(database, terms)
        record(database, run_attempt(held, settings.read()))

    attempts = AttemptError.objects.order_by("attempt").values_list("attempt", flat=True)
    assert list(attempts) == list(range(6, ERRORS_KEPT + 6))


def test_the_history_is_bounded_over_requeues(database: QueueDatabase, terms: Terms) -> None:
    """Attempts count from 1 again, and the latest errors of all are kept."""
    background(name="body", max_attempts=4)(_raise(ValueError()))()
    for _ in range(4):
        for _ in range(4):
            ScheduledTask.objects.update(run_at="2020-01-01T00:00:00Z")
            (held,) = claim(database, terms)
            record(database, run_attempt(held, settings.read()))
        requeue(database, [held.id])

    errors = AttemptError.objects.order_by("id").values_list("attempt", flat=True)
    assert list(errors) == [3, 4, 1, 2, 3, 4, 1, 2, 3, 4]


def test_a_task_that_is_not_kept_leaves_no_history(database: QueueDatabase, terms: Terms) -> None:
    """Its errors go with it."""
    _run_twice_and_finish(database, terms)

    assert not AttemptError.objects.exists()


def _run_twice_and_finish(database: QueueDatabase, terms: Terms) -> None:
    background(name="body")(_raise(Retry(after=0)))()
    (held,) = claim(database, terms)
    record(database, run_attempt(held, settings.read()))
    registry["body"].task_function = _write_mail
    (held,) = claim(database, terms)
    record(database, run_attempt(held, settings.read()), keep_completed=False)


def _write_mail() -> None:
    Mail.objects.create(order="a", sent_by=1)
