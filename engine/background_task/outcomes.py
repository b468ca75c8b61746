"""How a claim ends: finish, retry, dead-letter, release.

Each end is one transaction, and none takes place unless its claim still owns the row.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final, TypeVar

from background_task import claims
from background_task.databases import SCHEDULED, marks
from background_task.retries import has_attempts_left

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from background_task.claims import Claim, Expired, Terms
    from background_task.databases import QueueDatabase

_MOVED: Final = (
    "id, task_name, task_params, task_hash, queue, priority, run_at, created_at,"
    " attempts, token, claimed_by"
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The function returned; ``result`` is what, as JSON, or None."""

    claim: Claim
    result: str | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The attempt ended badly; the task runs again after ``retry_in`` seconds.

    None leaves it due as it was, before what came later. A task without attempts left goes to the
    failed tasks instead.
    """

    claim: Claim
    error: str
    retry_in: float | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """The attempt did not start: it is not charged, and the task waits as before."""

    claim: Claim


Outcome = Finished | Failed | Released
_Kind = TypeVar("_Kind", Finished, Failed, Released)


def record(
    database: QueueDatabase, outcomes: Sequence[Outcome], *, keep_completed: bool
) -> list[Claim]:
    """Write all outcomes; return the claims that were stale, for which nothing was written.

    Must run inside ``database.transaction()``.
    """
    if not outcomes:
        return []
    every = [outcome.claim for outcome in outcomes]
    held = set(claims.hold(database, every))
    valid = [outcome for outcome in outcomes if outcome.claim in held]
    finish(database, _of_kind(valid, Finished), keep_completed=keep_completed)
    fail(database, _of_kind(valid, Failed))
    release(database, _of_kind(valid, Released))
    return [claim for claim in every if claim not in held]


def finish(database: QueueDatabase, finished: Sequence[Finished], *, keep_completed: bool) -> None:
    """Move held tasks to the completed ones, or just delete them."""
    ids = [outcome.claim.id for outcome in finished]
    if ids and keep_completed:
        results = [outcome for outcome in finished if outcome.result is not None]
        case = f"CASE id{' WHEN %s THEN %s' * len(results)} END" if results else "NULL"
        database.execute(
            f"INSERT INTO background_task_completedtask ({_MOVED}, result, completed_at)"
            f" SELECT {_MOVED}, {case}, {database.dialect.now}"
            f" FROM {SCHEDULED} WHERE id IN ({marks(ids)})",
            [*(part for o in results for part in (o.claim.id, o.result)), *ids],
        )
    _delete(database, ids)


def fail(database: QueueDatabase, failed: Sequence[Failed]) -> None:
    """Let held tasks wait for their next attempt, or dead-letter those without one."""
    for outcome in failed:
        if has_attempts_left(outcome.claim.attempt, outcome.claim.max_attempts):
            _retry(database, outcome)
        else:
            _dead_letter(database, outcome.claim.id, outcome.error)


def release(database: QueueDatabase, released: Sequence[Released]) -> None:
    """Let held tasks wait as before their claim, and take the charge for the attempt back."""
    for outcome in released:
        database.execute(
            f"UPDATE {SCHEDULED} SET lease_until = NULL, attempts = attempts - 1"
            " WHERE id = %s AND token = %s",
            (outcome.claim.id, outcome.claim.token),
        )


def reap(database: QueueDatabase, terms: Terms) -> list[Expired]:
    """Take back the claims whose lease ran out, and return them.

    Their attempts stay charged, so a task that kills its worker ends in the failed tasks. One
    that has attempts left is due at once.
    """
    with database.transaction():
        expired = claims.reap(database, terms)
        for task in expired:
            if has_attempts_left(task.attempts, task.max_attempts):
                database.execute(
                    f"UPDATE {SCHEDULED} SET lease_until = NULL WHERE id = %s", (task.id,)
                )
            else:
                _dead_letter(database, task.id, lease_ran_out(task))
    return expired


def lease_ran_out(task: Expired) -> str:
    """Say why a task was taken back from its worker, for its error log."""
    return (
        f"attempt {task.attempts} of {task.max_attempts} never ended: the lease of worker "
        f"{task.claimed_by} ran out, so it died or lost the database"
    )


def _retry(database: QueueDatabase, failed: Failed) -> None:
    is_paused = failed.retry_in is not None
    run_at = f", run_at = {database.dialect.after}" if is_paused else ""
    database.execute(
        f"UPDATE {SCHEDULED} SET lease_until = NULL, last_error = %s{run_at}"
        " WHERE id = %s AND token = %s",
        (
            failed.error,
            *([failed.retry_in] if is_paused else []),
            failed.claim.id,
            failed.claim.token,
        ),
    )


def _dead_letter(database: QueueDatabase, id_: int, error: str) -> None:
    database.execute(
        f"INSERT INTO background_task_failedtask ({_MOVED}, error, failed_at)"
        f" SELECT {_MOVED}, %s, {database.dialect.now} FROM {SCHEDULED} WHERE id = %s",
        (error, id_),
    )
    _delete(database, [id_])


def _delete(database: QueueDatabase, ids: Sequence[int]) -> None:
    if ids:
        database.execute(f"DELETE FROM {SCHEDULED} WHERE id IN ({marks(ids)})", ids)


def _of_kind(outcomes: Iterable[Outcome], kind: type[_Kind]) -> list[_Kind]:
    return [outcome for outcome in outcomes if isinstance(outcome, kind)]
