"""Who owns a task, and until when: claim, renew, hold, reap.

A claim is a lease on a row and a token that is larger than that of every claim of the row before.
Whoever writes to a claimed row first asks ``hold`` whether its token is still the row's token, in
the transaction of the write: a stale token changes nothing.
"""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from background_task.databases import SCHEDULED
from background_task.due import HAS_SEQUEL, look

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from background_task.databases import QueueDatabase
    from background_task.due import Lookout, Row
    from background_task.terms import Terms

REAP_LIMIT: Final = 100


class Claim(NamedTuple):
    """One task, owned for the length of a lease. A tuple, as thousands a second are made of it.

    Attributes:
        id: the row.
        token: what every later write has to name.
        attempt: this attempt's number; it is charged already.
        max_attempts: the row's, or the worker's if the row has none.
        timeout_seconds: likewise.
        late_seconds: how long it had been due when it was claimed, by the database's clock.
        claimed_at: when that was, by the monotonic clock of the machine that claimed it.
        has_sequel: whether its end begins something: its next run, or the hold of its hash.
    """

    id: int
    token: int
    attempt: int
    max_attempts: int
    timeout_seconds: float
    task_name: str
    task_params: str
    queue: str = "default"
    late_seconds: float = 0.0
    claimed_at: float = 0.0
    has_sequel: bool = False


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Expired:
    """A task whose lease ran out: its worker died, or cannot reach the database."""

    id: int
    task_name: str
    attempts: int
    max_attempts: int
    claimed_by: str
    has_sequel: bool


def claim(
    database: QueueDatabase, terms: Terms, *, limit: int, lookout: Lookout | None = None
) -> list[Claim]:
    """Claim up to ``limit`` due tasks: higher priority first, then the earlier ``run_at``.

    Must run inside ``database.transaction()``. Rows that another session is claiming are skipped,
    not waited for. The lookout of a worker that claims again and again keeps each look cheap.
    """
    rows = look(database, terms, limit, lookout)
    if not rows:
        return []
    # The rows are locked since they were read, so nobody else can have claimed them meanwhile.
    among, ids = database.dialect.among([row[0] for row in rows])
    # Before the lease begins: its holder must not believe that it lasts longer than it does.
    claimed_at = time.monotonic()
    database.execute(
        f"UPDATE {SCHEDULED} SET token = token + 1, attempts = attempts + 1, claimed_by = %s,"
        f" claimed_at = {database.dialect.now}, lease_until = {database.dialect.after}"
        f" WHERE id {among}",
        [terms.owner, terms.lease_seconds, *ids],
    )
    return [_claim(row, claimed_at) for row in rows]


def hold(database: QueueDatabase, claims: Sequence[Claim]) -> list[Claim]:
    """Return the claims that still own their row, and keep it so until the transaction ends."""
    if not claims:
        return []
    among, ids = database.dialect.among([claim.id for claim in claims])
    rows = database.execute(
        f"SELECT id, token FROM {SCHEDULED} WHERE lease_until IS NOT NULL AND id {among}"
        f" ORDER BY id {database.dialect.lock}",
        ids,
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
            among, ids = database.dialect.among([claim.id for claim in held])
            database.execute(
                f"UPDATE {SCHEDULED} SET lease_until = {database.dialect.after} WHERE id {among}",
                [lease_seconds, *ids],
            )
    # By token too: a worker that claimed a task again still knows its own stale claim.
    tokens = {claim.id: claim.token for claim in held}
    return [claim for claim in claims if tokens.get(claim.id) != claim.token]


def forgotten(
    database: QueueDatabase, terms: Terms, known: Iterable[Claim]
) -> list[tuple[int, int]]:
    """Return id and token of the claims that this worker has and does not know of.

    A connection that died during a commit leaves them: the claim was made, and nobody was told.
    """
    rows = database.execute(
        f"SELECT id, token FROM {SCHEDULED} WHERE lease_until IS NOT NULL AND claimed_by = %s",
        (terms.owner,),
    ).fetchall()
    # By token too: a stale claim that it knows is not the one that it does not know of.
    tokens = {(claim.id, claim.token) for claim in known}
    return [(id_, token) for id_, token in rows if (id_, token) not in tokens]


def has_expired(database: QueueDatabase) -> bool:
    """Tell whether there is something to reap; this reads, and takes no lock."""
    row = database.execute(
        f"SELECT 1 FROM {SCHEDULED} WHERE lease_until < {database.dialect.now} LIMIT 1"
    ).fetchone()
    return row is not None


def reap(database: QueueDatabase, terms: Terms) -> list[Expired]:
    """Lock and return the tasks whose lease ran out, the oldest first, a bounded number.

    Must run inside ``database.transaction()``, which decides what becomes of them.
    """
    dialect = database.dialect
    rows = database.execute(
        f"SELECT id, task_name, attempts, COALESCE(max_attempts, %s), claimed_by, {HAS_SEQUEL}"
        f" FROM {SCHEDULED} {dialect.claim_index} WHERE lease_until < {dialect.now}"
        f" ORDER BY lease_until LIMIT %s {dialect.lock_free_rows}",
        (terms.max_attempts, REAP_LIMIT),
    ).fetchall()
    return [
        Expired(
            id=id_,
            task_name=name,
            attempts=attempts,
            max_attempts=int(max_attempts),
            claimed_by=owner,
            has_sequel=bool(has_sequel),
        )
        for id_, name, attempts, max_attempts, owner, has_sequel in rows
    ]


def _claim(row: Row, claimed_at: float) -> Claim:
    """Return the claim of a row as it was read, before the claim changed it."""
    id_, token, attempts, max_attempts, timeout, name, params, queue, until, has_sequel = row
    return Claim(
        id_,
        token + 1,
        attempts + 1,
        # MariaDB gives decimals for COALESCE over a column and a parameter.
        int(max_attempts),
        float(timeout),
        name,
        params,
        queue,
        -float(until),
        claimed_at,
        bool(has_sequel),
    )
