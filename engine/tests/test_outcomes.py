"""Outcomes: each end is one transaction, and a stale token changes nothing."""

from __future__ import annotations

import dataclasses
import threading
from typing import TYPE_CHECKING, Any

import pytest

from background_task import claims, outcomes
from background_task.models import CompletedTask, FailedTask, ScheduledTask
from background_task.outcomes import Failed, Finished, Outcome, Released
from engine.project.tasks import send_mail
from engine.tests.steps import LONG_AGO, claim, every_row, expire, only_row, record
from engine.tests.threads import threads

if TYPE_CHECKING:
    from collections.abc import Callable

    from background_task.claims import Claim
    from background_task.databases import QueueDatabase
    from background_task.terms import Terms

mail: Any = send_mail


def _claimed(database: QueueDatabase, terms: Terms, order: str = "a", **options: Any) -> Claim:
    mail(order, **options)
    (held,) = claim(database, terms)
    return held


def _last(terms: Terms) -> Terms:
    return dataclasses.replace(terms, max_attempts=1)


def _failed(held: Claim, *, retry_in: float | None = 0.0) -> Failed:
    return Failed(claim=held, error="no paper", retry_in=retry_in)


@pytest.mark.parametrize("end", [Released, Finished])
def test_a_stale_claim_does_not_hinder_the_others(
    database: QueueDatabase, terms: Terms, end: Callable[..., Outcome]
) -> None:
    """Ends are written together, and each is judged by itself."""
    stale, good = _claimed(database, terms, "stale"), _claimed(database, terms, "good")
    ScheduledTask.objects.filter(id=stale.id).update(token=99)

    told = record(database, end(claim=stale), end(claim=good))

    assert told == [stale]
    assert ScheduledTask.objects.get(id=stale.id).lease_until is not None
    assert not ScheduledTask.objects.filter(id=good.id, lease_until__isnull=False).exists()


def test_an_end_holds_the_row_until_it_is_written(database: QueueDatabase, terms: Terms) -> None:
    """A reaper that comes while an end is being written finds the task ended, not expired."""
    held = _claimed(database, terms)
    expire()
    is_held, is_reaped = threading.Event(), threading.Event()

    def finish() -> list[Claim]:
        with database.transaction():
            assert claims.hold(database, [held]) == [held]
            is_held.set()
            is_reaped.wait(0.3)
            return outcomes.record(database, [Finished(claim=held)], keep_completed=True)

    def reap() -> list[Any]:
        assert is_held.wait(30)
        expired: list[Any] = outcomes.reap(database, terms)
        is_reaped.set()
        return expired

    with threads(2) as pool:
        finishing, reaping = pool.start(finish), pool.start(reap)
        assert (finishing.result(), reaping.result()) == ([], [])
    assert (CompletedTask.objects.count(), ScheduledTask.objects.count()) == (1, 0)


@pytest.mark.parametrize("result", [None, '"sent"', '{"%s": "100 %"}', '"' + "x" * 100_000 + '"'])
def test_a_finished_task_keeps_what_it_was_and_what_it_returned(
    database: QueueDatabase, terms: Terms, result: str | None
) -> None:
    """It moves to the completed tasks under its own id."""
    held = _claimed(database, terms, queue="mails", priority=4)
    live = only_row(ScheduledTask)

    assert record(database, Finished(claim=held, result=result, seconds=0.25)) == []

    completed = only_row(CompletedTask)
    assert completed.pop("result") == result
    assert completed.pop("run_seconds") == 0.25
    assert completed.pop("completed_at") >= live["created_at"]
    assert completed == {name: live[name] for name in completed}
    assert not ScheduledTask.objects.exists()


def test_tasks_that_finish_together_keep_their_own_results(
    database: QueueDatabase, terms: Terms
) -> None:
    """Results are not mixed up, with or without one."""
    for order in "abcd":
        send_mail(order)
    held = claim(database, terms)
    results = ['"a"', None, '"c"', "4"]

    record(database, *(Finished(claim=c, result=r) for c, r in zip(held, results, strict=True)))

    kept = dict(CompletedTask.objects.values_list("id", "result"))
    assert [kept[claimed.id] for claimed in held] == results


def test_a_finished_task_is_only_deleted_if_the_project_wants_that(
    database: QueueDatabase, terms: Terms
) -> None:
    """Nothing is kept, and nothing is left."""
    held = _claimed(database, terms)

    record(database, Finished(claim=held, result='"sent"'), keep_completed=False)

    assert every_row() == [[], [], []]


def test_a_task_cannot_end_twice(database: QueueDatabase, terms: Terms) -> None:
    """The primary key of ended tasks is the live row's id."""
    held = _claimed(database, terms)
    record(database, Finished(claim=held))

    assert [row.id for row in CompletedTask.objects.all()] == [held.id]
    assert record(database, Finished(claim=held)) == [held]
    assert CompletedTask.objects.count() == 1


def test_a_failed_task_waits_for_its_next_attempt(database: QueueDatabase, terms: Terms) -> None:
    """It is due after the pause by the database's clock, keeps its error and stays charged."""
    held = _claimed(database, terms)
    before = ScheduledTask.objects.get()

    record(database, _failed(held, retry_in=60.0))

    row = ScheduledTask.objects.get()
    pause = (row.run_at - before.created_at).total_seconds()
    assert 59.99 < pause < 120.0
    assert (row.lease_until, row.attempts, row.last_error) == (None, 1, "no paper")
    assert claim(database, terms) == []


def test_a_victim_of_a_death_keeps_its_place(database: QueueDatabase, terms: Terms) -> None:
    """Without a pause the task is due as it was, before whatever came later."""
    mail("a", schedule=LONG_AGO)
    (held,) = claim(database, terms)

    record(database, _failed(held, retry_in=None))

    row = ScheduledTask.objects.get()
    assert (row.run_at, row.attempts, row.last_error) == (LONG_AGO, 1, "no paper")
    assert [again.attempt for again in claim(database, terms)] == [2]


def test_a_task_retries_until_the_workers_limit(database: QueueDatabase, terms: Terms) -> None:
    """Then it is dead-lettered with its last error, and was never started once more."""
    send_mail("a")
    attempts = []
    for _ in range(5):
        for held in claim(database, terms):
            attempts.append(held.attempt)
            record(database, Failed(claim=held, error=f"error {len(attempts)}", retry_in=0.0))

    assert attempts == [1, 2, 3]
    (failed,) = FailedTask.objects.all()
    assert (failed.attempts, failed.error) == (3, "error 3")
    assert not ScheduledTask.objects.exists()


def test_a_task_retries_until_its_own_limit(database: QueueDatabase, terms: Terms) -> None:
    """The row's limit decides, be it smaller or larger than the worker's."""
    for order, limit in (("once", 1), ("five times", 5)):
        task = send_mail(order)
        ScheduledTask.objects.filter(id=task.id).update(max_attempts=limit)

    for _ in range(7):
        record(database, *(_failed(claimed) for claimed in claim(database, terms)))

    assert sorted(FailedTask.objects.values_list("attempts", flat=True)) == [1, 5]


def test_a_dead_letter_keeps_what_the_task_was(database: QueueDatabase, terms: Terms) -> None:
    """It has its own id, so that a log can be matched with it."""
    held = _claimed(database, _last(terms), queue="mails", priority=4)
    live = only_row(ScheduledTask)

    record(database, Failed(claim=held, error="100 % of naïve 🐘", retry_in=5.0))

    failed = only_row(FailedTask)
    assert failed.pop("error") == "100 % of naïve 🐘"
    assert failed.pop("failed_at") >= live["created_at"]
    assert failed.pop("is_unique")
    assert failed.pop("run_seconds") is None
    assert failed == {name: live[name] for name in failed}


def test_a_released_task_waits_as_before_its_claim(database: QueueDatabase, terms: Terms) -> None:
    """The attempt that did not start is not charged; only the token has grown."""
    mail("a", schedule=LONG_AGO, priority=3)
    before = only_row(ScheduledTask)
    (held,) = claim(database, terms)

    record(database, Released(claim=held))

    after = only_row(ScheduledTask)
    last_claim = {name: after[name] for name in ("token", "claimed_by", "claimed_at")}
    assert (after["token"], after["claimed_by"]) == (1, "host:1")
    assert after == {**before, **last_claim}


def test_what_a_worker_claimed_without_learning_of_it_is_released(
    database: QueueDatabase, terms: Terms
) -> None:
    """Nobody else's claims are, and none that it knows; the attempt is not charged."""
    for order in "abc":
        send_mail(order)
    (known,) = claim(database, terms, limit=1)
    claim(database, terms, limit=1)
    claim(database, dataclasses.replace(terms, owner="host:2"), limit=1)

    assert outcomes.release_forgotten(database, terms, [known]) == 1

    rows = [(row.lease_until is None, row.attempts) for row in ScheduledTask.objects.order_by("id")]
    assert rows == [(False, 1), (True, 0), (False, 1)]


def test_releases_do_not_use_attempts_up(database: QueueDatabase, terms: Terms) -> None:
    """However often workers stop before it starts, a task keeps all its attempts."""
    send_mail("a")
    for _ in range(5):
        (held,) = claim(database, _last(terms))
        assert held.attempt == 1
        record(database, Released(claim=held))

    assert ScheduledTask.objects.get().attempts == 0


def test_an_expired_task_is_due_at_once_and_stays_charged(
    database: QueueDatabase, terms: Terms
) -> None:
    """A worker that died took its attempt with it."""
    held = _claimed(database, terms)
    expire()

    (expired,) = outcomes.reap(database, terms)
    (again,) = claim(database, terms)

    assert (expired.id, again.attempt) == (held.id, 2)
    assert again.token > held.token


def test_a_live_lease_is_not_reaped(database: QueueDatabase, terms: Terms) -> None:
    """Reaping takes from the dead only."""
    _claimed(database, terms)
    rows = every_row()

    assert outcomes.reap(database, terms) == []
    assert every_row() == rows


def test_an_expired_task_without_attempts_left_is_dead_lettered(
    database: QueueDatabase, terms: Terms
) -> None:
    """A task that kills every worker does not do so for ever, and its error says why."""
    held = _claimed(database, _last(terms))
    expire()

    outcomes.reap(database, _last(terms))

    (failed,) = FailedTask.objects.all()
    assert (failed.id, failed.attempts) == (held.id, 1)
    assert failed.error == (
        "attempt 1 of 1 never ended: the lease of worker host:1 ran out, "
        "so it died or lost the database"
    )
    assert claim(database, terms) == []


def test_the_rows_own_limit_decides_at_the_reap_too(database: QueueDatabase, terms: Terms) -> None:
    """A row that allows more attempts than the worker is not given up."""
    held = _claimed(database, _last(terms))
    ScheduledTask.objects.update(max_attempts=2)
    expire()

    outcomes.reap(database, _last(terms))

    assert ScheduledTask.objects.get(id=held.id).lease_until is None


def test_two_reapers_take_each_task_once(database: QueueDatabase, terms: Terms) -> None:
    """Every worker reaps; what one takes back, the other does not see."""
    for number in range(20):
        send_mail(str(number))
    claim(database, terms)
    expire()
    barrier = threading.Barrier(4)

    def reap() -> list[int]:
        barrier.wait(30)
        reaped = database.retry_transient(lambda: outcomes.reap(database, terms))
        return [expired.id for expired in reaped]

    with threads(4) as pool:
        reaping = [pool.start(reap) for _ in range(4)]
        reaped = [id_ for reaper in reaping for id_ in reaper.result()]
    assert sorted(reaped) == sorted(ScheduledTask.objects.values_list("id", flat=True))


def test_nothing_to_record_writes_nothing(database: QueueDatabase) -> None:
    """An exchange without ends asks nothing."""
    assert record(database) == []


def test_ends_roll_back_together(database: QueueDatabase, terms: Terms) -> None:
    """A crash in the middle of an exchange leaves every task as it was."""
    first, second = _claimed(database, terms, "a"), _claimed(database, terms, "b")
    rows = every_row()

    def write_and_crash() -> None:
        with database.transaction():
            ends: list[Outcome] = [Finished(claim=first), _failed(second)]
            outcomes.record(database, ends, keep_completed=True)
            raise InterruptedError

    with pytest.raises(InterruptedError):
        write_and_crash()

    assert every_row() == rows
