"""How a claim ends: finish, retry, dead-letter, release.

Each end is one transaction, and none takes place unless its claim still owns the row.
"""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Final, TypeVar

from background_task import claims, held_hashes, periodic
from background_task.databases import SCHEDULED
from background_task.notifications import announce
from background_task.retries import has_attempts_left

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from background_task.claims import Claim, Expired
    from background_task.databases import QueueDatabase
    from background_task.terms import Terms

ERRORS: Final = "background_task_attempterror"

ERRORS_KEPT: Final = 10
"""Of each task the errors of so many attempts are kept, the latest."""

_MOVED: Final = (
    "task_name, task_params, task_hash, queue, priority, run_at, created_at, attempts, token,"
    " claimed_by, claimed_at, slot_at, verbose_name, creator_reference, backend"
)
_MOVED_IF_FAILED: Final = f"{_MOVED}, max_attempts, timeout_seconds, hold_seconds"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The function returned.

    Attributes:
        result: what it returned, as JSON, or None.
        seconds: how long it ran.
        waited_seconds: how long the task had been due when it began.
        is_recorded: whether the database has been told already: an atomic body does that itself.
    """

    claim: Claim
    result: str | None = None
    seconds: float = 0.0
    waited_seconds: float = 0.0
    is_recorded: bool = False


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The attempt ended badly; the task runs again after ``retry_in`` seconds.

    None leaves it due as it was, before what came later. A task without attempts left goes to the
    failed tasks instead, and so does one whose failure ``is_final``.

    Attributes:
        error: the log of the attempt.
        exception: the dotted path of the exception's class, or empty if there was none.
        seconds: how long the attempt ran, or None if nobody saw its end.
        waited_seconds: how long the task had been due when it began, or None likewise.
    """

    claim: Claim
    error: str
    retry_in: float | None
    exception: str = ""
    seconds: float | None = None
    waited_seconds: float | None = None
    is_final: bool = False

    @property
    def is_last(self) -> bool:
        """Whether the task will not run again."""
        return self.is_final or not has_attempts_left(self.claim.attempt, self.claim.max_attempts)


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
    held = set(claims.hold(database, [outcome.claim for outcome in outcomes]))
    valid: list[Outcome] = []
    stale: list[Claim] = []
    for outcome in outcomes:
        # A claim ends once, also if two ends of it are in one batch.
        if outcome.claim in held:
            held.remove(outcome.claim)
            valid.append(outcome)
        else:
            stale.append(outcome.claim)
    finish(database, _of_kind(valid, Finished), keep_completed=keep_completed)
    fail(database, _of_kind(valid, Failed))
    release(database, _of_kind(valid, Released))
    return stale


def finish(database: QueueDatabase, finished: Sequence[Finished], *, keep_completed: bool) -> None:
    """Move held tasks to the completed ones, or just delete them."""
    if not finished:
        return
    if keep_completed:
        _keep(database, finished)
    else:
        # By token, as attempts count from 1 again when a task is requeued.
        retried = [outcome.claim.id for outcome in finished if outcome.claim.token > 1]
        _forget_errors(database, retried)
    holding = [outcome.claim.id for outcome in finished if outcome.claim.has_sequel]
    if holding:
        held_hashes.hold_hashes(database, holding)
    _leave(database, [outcome.claim for outcome in finished])


def fail(database: QueueDatabase, failed: Sequence[Failed]) -> None:
    """Let held tasks wait for their next attempt, or dead-letter those without one."""
    for outcome in failed:
        _note_error(database, outcome.claim.id, outcome.error, outcome.exception, outcome.seconds)
        if outcome.is_last:
            _dead_letter(database, outcome.claim, outcome.error, outcome.seconds)
        else:
            _retry(database, outcome)


def release(database: QueueDatabase, released: Sequence[Released]) -> None:
    """Let held tasks wait as before their claim, and take the charge for the attempt back."""
    for outcome in released:
        _release(database, outcome.claim.id, outcome.claim.token)
    if released:
        announce(database)


def release_forgotten(database: QueueDatabase, terms: Terms, known: Sequence[Claim]) -> int:
    """Release what this worker has claimed without ever learning of it; return how many."""
    with database.transaction():
        lost = claims.forgotten(database, terms, known)
        for id_, token in lost:
            _release(database, id_, token)
    return len(lost)


def reap(database: QueueDatabase, terms: Terms) -> list[Expired]:
    """Take back the claims whose lease ran out, and return them.

    Their attempts stay charged, so a task that kills its worker ends in the failed tasks. One
    that has attempts left is due at once.
    """
    with database.transaction():
        expired = claims.reap(database, terms)
        for task in expired:
            error = lease_ran_out(task)
            _note_error(database, task.id, error)
            if has_attempts_left(task.attempts, task.max_attempts):
                database.execute(
                    f"UPDATE {SCHEDULED} SET lease_until = NULL WHERE id = %s", (task.id,)
                )
            else:
                _dead_letter(database, task, error)
    return expired


def lease_ran_out(task: Expired) -> str:
    """Say why a task was taken back from its worker, for its error log."""
    return (
        f"attempt {task.attempts} of {task.max_attempts} never ended: the lease of worker "
        f"{task.claimed_by} ran out, so it died or lost the database"
    )


def _release(database: QueueDatabase, id_: int, token: int) -> None:
    database.execute(
        f"UPDATE {SCHEDULED} SET lease_until = NULL, attempts = attempts - 1"
        " WHERE id = %s AND token = %s",
        (id_, token),
    )


def _keep(database: QueueDatabase, finished: Sequence[Finished]) -> None:
    ends = [
        {"id": outcome.claim.id, "seconds": outcome.seconds}
        | ({} if outcome.result is None else {"result": outcome.result})
        for outcome in finished
    ]
    database.execute(
        f"INSERT INTO background_task_completedtask (id, {_MOVED}, result, run_seconds,"
        f" completed_at) SELECT ended.id, {_MOVED}, result, seconds, {database.dialect.now}"
        f" FROM {database.dialect.ends} JOIN {SCHEDULED} ON {SCHEDULED}.id = ended.id",
        [json.dumps(ends)],
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


def _dead_letter(
    database: QueueDatabase, task: Claim | Expired, error: str, seconds: float | None = None
) -> None:
    database.execute(
        f"INSERT INTO background_task_failedtask (id, {_MOVED_IF_FAILED}, is_unique, error,"
        f" run_seconds, failed_at) SELECT id, {_MOVED_IF_FAILED}, live_hash IS NOT NULL, %s, %s,"
        f" {database.dialect.now} FROM {SCHEDULED} WHERE id = %s",
        (error, seconds, task.id),
    )
    _leave(database, [task])


def _leave(database: QueueDatabase, tasks: Sequence[Claim | Expired]) -> None:
    """Take tasks out of the queue; the next run of a periodic one takes its place."""
    periodic_ids = [task.id for task in tasks if task.has_sequel]
    next_runs = periodic.next_runs(database, periodic_ids) if periodic_ids else []
    among, ids = database.dialect.among([task.id for task in tasks])
    database.execute(f"DELETE FROM {SCHEDULED} WHERE id {among}", ids)
    if next_runs:
        periodic.enqueue_next(database, next_runs)


def _note_error(
    database: QueueDatabase, id_: int, error: str, exception: str = "", seconds: float | None = None
) -> None:
    """Add to the history of a task's errors, and forget what is older than its latest ones."""
    database.execute(
        f"INSERT INTO {ERRORS} (task_id, attempt, claimed_by, failed_at, run_seconds, exception,"
        f" traceback) SELECT id, attempts, claimed_by, {database.dialect.now}, %s, %s, %s"
        f" FROM {SCHEDULED} WHERE id = %s",
        (seconds, exception, error, id_),
    )
    database.execute(
        # By id, as attempts count from 1 again when a task is requeued. MySQL takes a look into the
        # table that it deletes from, and a LIMIT, in a derived table only.
        f"DELETE FROM {ERRORS} WHERE task_id = %s AND id <= (SELECT id FROM (SELECT id"
        f" FROM {ERRORS} WHERE task_id = %s ORDER BY id DESC LIMIT 1 OFFSET %s) AS latest)",
        (id_, id_, ERRORS_KEPT),
    )


def _forget_errors(database: QueueDatabase, ids: Sequence[int]) -> None:
    if ids:
        among, values = database.dialect.among(ids)
        database.execute(f"DELETE FROM {ERRORS} WHERE task_id {among}", values)


def _of_kind(outcomes: Iterable[Outcome], kind: type[_Kind]) -> list[_Kind]:
    return [outcome for outcome in outcomes if isinstance(outcome, kind)]
