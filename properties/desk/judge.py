"""What a worker believes and what the database says, and the name of the anomaly if they differ."""

from __future__ import annotations

import collections
import dataclasses
from typing import TYPE_CHECKING, Final

from background_task.databases import SCHEDULED
from background_task.models import AttemptError, CompletedTask, FailedTask
from background_task.outcomes import Failed
from properties.desk.clock import LEASE
from properties.desk.faults import POISON

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from background_task.attempt import Ended
    from background_task.claims import Claim
    from background_task.databases import QueueDatabase

Name = tuple[int, int]
"""A claim by its row and its token."""

SLACK: Final = 50.0
"""The seconds that a run itself may take."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Beliefs:
    """What a worker knows of itself.

    Attributes:
        held: every claim whose lease it keeps alive.
        startable: the claims that it may begin or goes on with: they wait, or a living child has
            them.
        may_have_forgotten: whether an answer may have been lost that it has not asked for again.
    """

    held: set[Name]
    startable: list[Name]
    may_have_forgotten: bool


def name_of(claim: Claim) -> Name:
    """Return which claim it is."""
    return claim.id, claim.token


def leases_of(database: QueueDatabase, owner: str) -> dict[Name, float]:
    """Return what the worker owns, as the database says, and for how many seconds."""
    until = database.dialect.until.format(column="lease_until")
    rows = database.execute(
        f"SELECT id, token, {until} FROM {SCHEDULED}"  # noqa: S608 - of the engine's own names
        " WHERE lease_until IS NOT NULL AND claimed_by = %s",
        (owner,),
    ).fetchall()
    return {(id_, token): float(seconds) for id_, token, seconds in rows}


def ownership(
    beliefs: Beliefs, leases: Mapping[Name, float], known: Collection[Name], taken: Collection[Name]
) -> str | None:
    """Compare who owns what. ``known`` was held before, and ``taken`` is another worker's."""
    twice = [name for name, times in collections.Counter(beliefs.startable).items() if times > 1]
    if twice:
        return f"double-claim: {twice} may be begun twice"
    for name in leases.keys() - {*beliefs.held}:
        if name in known or not beliefs.may_have_forgotten:
            return f"stuck: {name} is this worker's, and it does not know"
    for name in {*beliefs.startable} - leases.keys() - {*taken}:
        return f"unjustified-redelivery: {name} was given back while it may run here"
    return None


def lapsed(beliefs: Beliefs, leases: Mapping[Name, float]) -> str | None:
    """After lost leases were given up: nobody goes on under a lease that is over."""
    for name in beliefs.startable:
        if leases.get(name, LEASE) < -SLACK:
            return f"overlap: {name} may run here although its lease is over"
    return None


def heartbeat(beliefs: Beliefs, leases: Mapping[Name, float], taken: Iterable[Name]) -> str | None:
    """After an answer: no lease was left alone for long, and what was ``taken`` is given up."""
    for name, seconds in leases.items():
        if seconds < LEASE * 2 / 3 - SLACK:
            return f"unjustified-redelivery: the lease of {name} was not renewed: {seconds:.0f} s"
    for name in {*taken} & {*beliefs.startable}:
        return f"overlap: {name} is another worker's, and may run here"
    return None


def times_recorded(ended: Ended) -> int:
    """Return how often the database was told of this end."""
    id_, token = name_of(ended.claim)
    if isinstance(ended, Failed):
        return AttemptError.objects.filter(task_id=id_, traceback=ended.error).count()
    table = FailedTask if POISON in (ended.result or "") else CompletedTask
    return table.objects.filter(id=id_, token=token).count()


def records(ends: Iterable[Ended], taken: Collection[Name]) -> str | None:
    """Of each end that nobody holds any more, one record was made, unless its lease was lost."""
    for ended in ends:
        name, times = name_of(ended.claim), times_recorded(ended)
        if times > 1:
            return f"double-finish: the end of {name} is recorded {times} times"
        if not times and name not in taken:
            return f"lost: the end of {name} was told and never recorded"
    return None
