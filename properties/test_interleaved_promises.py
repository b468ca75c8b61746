"""The engine's later promises in generated orders of SQL: windows, batches, atomic bodies."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import F
from hypothesis import given
from hypothesis import strategies as st

from background_task import background, outcomes, settings
from background_task.attempt import run_attempt
from background_task.models import CompletedTask, HeldHash, ScheduledTask
from background_task.outcomes import Finished
from background_task.registry import registry
from engine.project.models import Mail
from engine.project.tasks import send_mail
from properties.interleaver import Schedule, interleave
from properties.machine import TERMS
from properties.test_interleavings import again, claimer, fill, finisher, live, schedules

if TYPE_CHECKING:
    from background_task.databases import QueueDatabase


def _write_mail(order: str) -> None:
    Mail.objects.create(order=order, sent_by=1)


pay_once = background(name="properties.pay_once", unique_for=3600)(_write_mail)
write_atomically = background(name="properties.write_atomically", atomic=True)(_write_mail)


@given(schedule=schedules(3))
def test_no_order_gets_a_call_between_the_task_and_its_window(
    database: QueueDatabase, schedule: Schedule
) -> None:
    """While a task finishes, equal calls find it live or find its hash held, and never neither."""
    fill(0)
    HeldHash.objects.all().delete()
    pay_once("a")
    (claim,) = claimer(database, 1)()

    stale, first, second = interleave(
        database.alias,
        [
            finisher(database, claim),
            again(database, lambda: pay_once("a")),
            again(database, lambda: pay_once("a")),
        ],
        schedule,
    )

    assert not stale
    assert first.is_duplicate, "dedupe-violation"
    assert second.is_duplicate, "dedupe-violation"
    assert {first.id, second.id} == {claim.id}
    assert not live()


@given(schedule=schedules(2), shift=st.integers(0, 3))
def test_batches_that_overlap_make_each_row_once(
    database: QueueDatabase, schedule: Schedule, shift: int
) -> None:
    """In whatever order of calls and statements: one row for each call, told to both callers."""
    fill(0)
    calls = [(f"order {number}",) for number in range(4)]
    turned = calls[shift:] + calls[:shift]

    one, other = interleave(
        database.alias,
        [
            again(database, lambda: send_mail.enqueue_many(calls)),
            again(database, lambda: send_mail.enqueue_many(turned)),
        ],
        schedule,
    )

    ids = {args: answer.id for args, answer in zip(calls, one, strict=True)}
    assert ids == {args: answer.id for args, answer in zip(turned, other, strict=True)}
    assert sorted(ids.values()) == [task.pk for task in live()], "dedupe-violation"
    assert sum(not answer.is_duplicate for answer in [*one, *other]) == len(calls)


@given(schedule=schedules(3))
def test_the_work_of_an_atomic_body_is_there_once_in_every_order(
    database: QueueDatabase, schedule: Schedule
) -> None:
    """A zombie runs its body to the end while the task is reaped and run by an heir."""
    fill(0)
    Mail.objects.all().delete()
    registry[write_atomically.name] = write_atomically
    write_atomically("a")
    (zombie,) = claimer(database, 1)()
    ScheduledTask.objects.update(lease_until=F("lease_until") - timedelta(days=1))

    def inherit() -> bool:
        return any(_is_done(run_attempt(claim, settings.read())) for claim in claim_one())

    claim_one = claimer(database, 1)
    by_zombie, _, by_heir = interleave(
        database.alias,
        [
            lambda: _is_done(run_attempt(zombie, settings.read())),
            again(database, lambda: outcomes.reap(database, TERMS)),
            inherit,
        ],
        schedule,
    )

    done = by_zombie + by_heir
    assert done <= 1, "duplicated-effect"
    assert Mail.objects.count() == done, "duplicated-effect"
    assert CompletedTask.objects.count() == done
    assert len(live()) == 1 - done, "lost"


@given(schedule=schedules(2))
def test_a_claim_whose_answer_was_lost_is_released_once(
    database: QueueDatabase, schedule: Schedule
) -> None:
    """Beside another worker that claims: the task has one owner, and one charge at most."""
    fill(1)
    claimer(database, 1)()  # nobody learns of this claim

    released, claimed = interleave(
        database.alias,
        [
            again(database, lambda: outcomes.release_forgotten(database, TERMS, [])),
            claimer(database, 1),
        ],
        schedule,
    )

    assert released == 1, "lost"
    (task,) = live()
    assert task.attempts == len(claimed)
    assert (task.lease_until is None) == (not claimed)


def _is_done(ended: outcomes.Outcome) -> bool:
    return isinstance(ended, Finished) and ended.is_recorded
