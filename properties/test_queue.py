"""The engine agrees with the model, whatever is done and in whichever order."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

import pytest
from django.db.models import F

from background_task import claims, outcomes, pruning
from background_task.enqueue import Enqueue, enqueue
from background_task.models import AttemptError, CompletedTask, ScheduledTask
from background_task.monitoring import control
from background_task.outcomes import Failed, Finished, Released
from background_task.requeue import requeue
from properties.machine import TERMS, QueueMachine
from properties.machine.happenings import HAPPENINGS
from properties.machine.runs import FIXED, run, unreached

if TYPE_CHECKING:
    from background_task.claims import Claim
    from background_task.databases import QueueDatabase
    from background_task.outcomes import Outcome

REQUEST = Enqueue(task_name="task", task_params="[[], {}]")


def test_the_engine_agrees_with_the_model(database: QueueDatabase) -> None:
    """After every step of every sequence of steps, the tables are what the model says."""
    run(QueueMachine)


def test_every_branch_of_the_machine_is_reached(database: QueueDatabase) -> None:
    """A fixed run does everything that there is to do: no agreement is about nothing."""
    if database.connection.vendor != "sqlite":
        pytest.skip("what is drawn does not depend on the database; SQLite is the fastest")
    assert unreached(QueueMachine, HAPPENINGS, examples=120) == set()


def test_a_machine_that_disagrees_is_noticed(database: QueueDatabase) -> None:
    """The comparison itself can fail: a row that nobody enqueued has a name."""

    class Haunted(QueueMachine):
        """A queue into which a task comes from nowhere."""

        def step_clock(self, seconds: int) -> None:
            """Let time pass, and a task come."""
            super().step_clock(seconds)
            enqueue(REQUEST)

    with pytest.raises(AssertionError, match="unexpected"):
        run(Haunted, FIXED)


# Smallest sequences with which the engine once disagreed; the machine takes such steps, too.


def test_a_stale_claim_is_not_covered_by_a_valid_one_of_its_task(database: QueueDatabase) -> None:
    """A worker that claimed a task again ends both claims at once: the first changes nothing."""
    stale = _claim(database)
    _expire()
    outcomes.reap(database, TERMS)
    valid = _claim(database)

    told = _record(database, [Finished(claim=stale), Released(claim=valid)])

    assert told == [stale], "zombie-finish"
    assert not CompletedTask.objects.exists(), "zombie-finish"


def test_of_two_ends_of_one_claim_the_second_is_stale(database: QueueDatabase) -> None:
    """A claim that ends twice in one transaction gives back one attempt."""
    claim = _claim(database)
    _record(database, [Failed(claim=claim, error="why", retry_in=0.0)])
    claim = _claim(database)

    told = _record(database, [Released(claim=claim), Released(claim=claim)])

    assert told == [claim], "double-finish"
    assert ScheduledTask.objects.get().attempts == 1, "uncounted-attempt"


def test_a_stale_claim_does_not_hide_a_forgotten_one(database: QueueDatabase) -> None:
    """A worker that knows its first claim of a task has still forgotten its second one."""
    stale = _claim(database)
    _expire()
    outcomes.reap(database, TERMS)
    _claim(database)

    assert outcomes.release_forgotten(database, TERMS, [stale]) == 1, "stuck"


def test_the_errors_of_a_cancelled_task_are_pruned(database: QueueDatabase) -> None:
    """They have no task any more with which they could be removed."""
    claim = _claim(database)
    _record(database, [Failed(claim=claim, error="why", retry_in=0.0)])

    control.cancel(database, [claim.id])
    for rows in pruning.old_rows(database, completed=None, failed=None).values():
        list(pruning.remove(database, rows, batch=10))

    assert not AttemptError.objects.exists(), "conservation"


def test_a_requeued_task_that_is_not_kept_leaves_no_errors_behind(database: QueueDatabase) -> None:
    """Its errors are from before its attempts were counted anew."""
    claim = _claim(database)
    _record(database, [Failed(claim=claim, error="why", retry_in=None, is_final=True)])
    requeue(database, [claim.id])
    again = _claim(database)

    _record(database, [Finished(claim=again)], keep_completed=False)

    assert not AttemptError.objects.exists(), "conservation"


def _claim(database: QueueDatabase) -> Claim:
    enqueue(REQUEST)
    with database.transaction():
        (claim,) = claims.claim(database, TERMS, limit=1)
    return claim


def _expire() -> None:
    ScheduledTask.objects.update(lease_until=F("lease_until") - datetime.timedelta(days=1))


def _record(
    database: QueueDatabase, ends: list[Outcome], *, keep_completed: bool = True
) -> list[Claim]:
    with database.transaction():
        return outcomes.record(database, ends, keep_completed=keep_completed)
