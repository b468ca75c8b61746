"""Who owns a task, and until when: claim, renew, hold, reap.

A claim is a lease on a row and a token that is larger than that of every claim of the row before.
Whoever writes to a claimed row first asks ``hold`` whether its token is still the row's token, in
the transaction of the write: a stale token changes nothing.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Final

from background_task.databases import SCHEDULED, marks

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from background_task.databases import QueueDatabase

REAP_LIMIT: Final = 100


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One task, owned for the length of a lease.

    Attributes:
        id: the row.
        token: what every later write has to name.
        attempt: this attempt's number; it is charged already.
        max_attempts: the row's, or the worker's if the row has none.
        timeout_seconds: likewise.
    """

    id: int
    token: int
    attempt: int
    max_attempts: int
    timeout_seconds: float
    task_name: str
    task_params: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Under which conditions a worker claims.

    Attributes:
        owner: who claims, ``host:pid``, for people to read.
        lease_seconds: how long a claim lasts unless it is renewed.
        max_attempts: for rows that name none.
        timeout_seconds: for rows that name none.
        queues: the queues to serve; all of them if empty.
    """

    owner: str
    lease_seconds: float
    max_attempts: int
    timeout_seconds: float
    queues: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Expired:
    """A task whose lease ran out: its worker died, or cannot reach the database."""

    id: int
    attempts: int
    max_attempts: int
    claimed_by: str


def claim(database: QueueDatabase, terms: Terms, *, limit: int) -> list[Claim]:
    """Claim up to ``limit`` due tasks: higher priority first, then the earlier ``run_at``.

    Must run inside ``database.transaction()``. Rows that another session is claiming are skipped,
    not waited for.
    """
    dialect = database.dialect
    rows = database.execute(
        f"SELECT id, token, attempts, COALESCE(max_attempts, %s), COALESCE(timeout_seconds, %s),"
        f" task_name, task_params FROM {SCHEDULED} {dialect.claim_index}"
        f" WHERE lease_until IS NULL AND run_at <= {dialect.now}{_queue_condition(terms.queues)}"
        f" ORDER BY priority DESC, run_at, id LIMIT %s {dialect.lock_free_rows}",
        (terms.max_attempts, terms.timeout_seconds, *terms.queues, limit),
    ).fetchall()
    if not rows:
        return []
    # The rows are locked since they were read, so nobody else can have claimed them meanwhile.
    database.execute(
        f"UPDATE {SCHEDULED} SET token = token + 1, attempts = attempts + 1, claimed_by = %s,"
        f" lease_until = {dialect.after} WHERE id IN ({marks(rows)})",
        (terms.owner, terms.lease_seconds, *(row[0] for row in rows)),
    )
    return [_claim(row) for row in rows]


def hold(database: QueueDatabase, claims: Sequence[Claim]) -> list[Claim]:
    """Return the claims that still own their row, and keep it so until the transaction ends."""
    if not claims:
        return []
    rows = database.execute(
        f"SELECT id, token FROM {SCHEDULED}"
        f" WHERE lease_until IS NOT NULL AND id IN ({marks(claims)})"
        f" ORDER BY id {database.dialect.lock}",
        [claim.id for claim in claims],
    ).fetchall()
    current = dict(rows)
    return [claim for claim in claims if current.get(claim.id) == claim.token]


def renew(database: QueueDatabase, claims: Sequence[Claim], *, lease_seconds: float) -> list[Claim]:
    """Renew the leases of ``claims``; return those that others own by now. The heartbeat."""
    if not claims:
        return []
    with database.transaction():
        held = hold(database, claims)
        if held:
            database.execute(
                f"UPDATE {SCHEDULED} SET lease_until = {database.dialect.after}"
                f" WHERE id IN ({marks(held)})",
                (lease_seconds, *(claim.id for claim in held)),
            )
    return [claim for claim in claims if claim not in held]


def reap(database: QueueDatabase, terms: Terms) -> list[Expired]:
    """Lock and return the tasks whose lease ran out, the oldest first, a bounded number.

    Must run inside ``database.transaction()``, which decides what becomes of them.
    """
    dialect = database.dialect
    rows = database.execute(
        f"SELECT id, attempts, COALESCE(max_attempts, %s), claimed_by"
        f" FROM {SCHEDULED} {dialect.claim_index} WHERE lease_until < {dialect.now}"
        f" ORDER BY lease_until LIMIT %s {dialect.lock_free_rows}",
        (terms.max_attempts, REAP_LIMIT),
    ).fetchall()
    return [
        Expired(id=id_, attempts=attempts, max_attempts=int(max_attempts), claimed_by=owner)
        for id_, attempts, max_attempts, owner in rows
    ]


def seconds_until_due(database: QueueDatabase, terms: Terms) -> float | None:
    """Return the time until the next waiting task is due or the next lease ends, or None."""
    until = database.dialect.until
    condition = _queue_condition(terms.queues)
    row = database.execute(
        f"SELECT (SELECT {until.format(column='MIN(run_at)')} FROM {SCHEDULED}"
        f" WHERE lease_until IS NULL{condition}),"
        f" (SELECT {until.format(column='MIN(lease_until)')} FROM {SCHEDULED}"
        f" WHERE lease_until IS NOT NULL)",
        terms.queues,
    ).fetchone()
    return min((float(seconds) for seconds in row if seconds is not None), default=None)


def _queue_condition(queues: Collection[str]) -> str:
    return f" AND queue IN ({marks(queues)})" if queues else ""


def _claim(row: Sequence[Any]) -> Claim:
    """Return the claim of a row as it was read, before the claim changed it."""
    id_, token, attempts, max_attempts, timeout_seconds, name, params = row
    return Claim(
        id=id_,
        token=token + 1,
        attempt=attempts + 1,
        # MariaDB gives decimals for COALESCE over a column and a parameter.
        max_attempts=int(max_attempts),
        timeout_seconds=float(timeout_seconds),
        task_name=name,
        task_params=params,
    )
