"""A stale token changes nothing: whatever happened meanwhile, whatever is written late."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from background_task import claims, outcomes
from background_task.models import FailedTask
from background_task.outcomes import Failed, Finished, Released
from engine.project.tasks import send_mail
from engine.tests.steps import claim, every_row, expire, record

if TYPE_CHECKING:
    from collections.abc import Callable

    from background_task.claims import Claim
    from background_task.databases import QueueDatabase
    from background_task.terms import Terms


def _claimed(database: QueueDatabase, terms: Terms) -> Claim:
    send_mail("a")
    (held,) = claim(database, terms)
    return held


def _last(terms: Terms) -> Terms:
    return dataclasses.replace(terms, max_attempts=1)


# What a worker whose claim is stale may still try to write.
WRITES: dict[str, Callable[[QueueDatabase, Claim], list[Claim]]] = {
    "finish": lambda database, held: record(database, Finished(claim=held, result='"x"')),
    "retry": lambda database, held: record(database, _failed(held)),
    "dead-letter": lambda database, held: record(
        database, _failed(held._replace(max_attempts=held.attempt))
    ),
    "release": lambda database, held: record(database, Released(claim=held)),
    "renew": lambda database, held: claims.renew(database, [held], lease_seconds=600.0),
}


def _failed(held: Claim, *, retry_in: float | None = 0.0) -> Failed:
    return Failed(claim=held, error="no paper", retry_in=retry_in)


# What may have happened to the task meanwhile.
def _reaped(database: QueueDatabase, terms: Terms, held: Claim) -> None:
    expire()
    outcomes.reap(database, terms)


def _reaped_and_claimed(database: QueueDatabase, terms: Terms, held: Claim) -> None:
    _reaped(database, terms, held)
    assert claim(database, dataclasses.replace(terms, owner="host:2"))


def _reaped_for_good(database: QueueDatabase, terms: Terms, held: Claim) -> None:
    _reaped(database, _last(terms), held)
    assert FailedTask.objects.exists()


def _released(database: QueueDatabase, terms: Terms, held: Claim) -> None:
    record(database, Released(claim=held))


def _released_and_claimed(database: QueueDatabase, terms: Terms, held: Claim) -> None:
    _released(database, terms, held)
    assert claim(database, dataclasses.replace(terms, owner="host:2"))


def _retried(database: QueueDatabase, terms: Terms, held: Claim) -> None:
    record(database, _failed(held))


def _retried_and_claimed(database: QueueDatabase, terms: Terms, held: Claim) -> None:
    _retried(database, terms, held)
    assert claim(database, dataclasses.replace(terms, owner="host:2"))


def _finished(database: QueueDatabase, terms: Terms, held: Claim) -> None:
    record(database, Finished(claim=held, result='"first"'))


EVENTS = {
    event.__name__.strip("_").replace("_", " "): event
    for event in (
        _reaped,
        _reaped_and_claimed,
        _reaped_for_good,
        _released,
        _released_and_claimed,
        _retried,
        _retried_and_claimed,
        _finished,
    )
}


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("write", WRITES)
def test_a_stale_token_changes_nothing(
    database: QueueDatabase, terms: Terms, write: str, event: str
) -> None:
    """Whatever the former owner writes, no table changes, and it is told."""
    held = _claimed(database, terms)
    EVENTS[event](database, terms, held)
    rows = every_row()

    stale = WRITES[write](database, held)

    assert [claimed.id for claimed in stale] == [held.id]
    assert every_row() == rows
