"""Brings what the database knows into the history: the audit, and the rows at the end."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any

from engine.subjects import audit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from engine.databases import Database
    from engine.project.recorder import Recorder
    from engine.subjects import Subject


@contextlib.contextmanager
def connected(database: Database) -> Iterator[Any]:
    """Give an autocommitting DB-API connection, and close it."""
    connection = database.connect()
    try:
        yield connection
    finally:
        connection.close()


def live_state(connection: Any, subject: Subject, database: str) -> tuple[Any, ...]:
    """Return the number of live rows, and numbers that change whenever anything progresses."""
    cursor = connection.cursor()
    cursor.execute(subject.live_state_sql(database))
    row: tuple[Any, ...] = tuple(cursor.fetchone())
    cursor.close()
    return row


def clock_offset_ns(connection: Any, database: str) -> int:
    """Return what to add to a time of the database's clock to get one of the monotonic clock.

    Taken from the quickest of some round trips, so it is off by less than half of that.
    """
    offsets = []
    for _ in range(10):
        before = time.monotonic_ns()
        database_ns = int(audit.database_time(connection, database) * 1e9)
        after = time.monotonic_ns()
        offsets.append((after - before, (before + after) // 2 - database_ns))
    return min(offsets)[1]


def record_audit(connection: Any, subject: Subject, history: Recorder, *, offset_ns: int) -> int:
    """Write the audit's changes as ops, in their order, and return how many there were."""
    count = 0
    for change in audit.read(connection):
        for observation in subject.observe(change):
            history.write(
                "ok",
                observation.f,
                time=offset_ns + int(change.database_time * 1e9),
                process="audit",
                task=observation.task,
                attempt=observation.attempt,
                token=observation.token,
                value={"sequence": change.sequence, **observation.value},
                database_time=change.database_time,
            )
            count += 1
    return count


def record_final_rows(
    connection: Any,
    subject: Subject,
    database: str,
    history: Recorder,
    *,
    summary: Mapping[str, Any],
) -> None:
    """Write every row as it stands, and that this was all, with a summary of the run."""
    count = 0
    now = audit.database_time(connection, database)
    for row in subject.final_rows(connection, database):
        value = {
            "row": row.row,
            "state": row.state,
            "attempts": row.attempts,
            "run_at": row.run_at,
            "lease_until": row.lease_until,
        }
        history.write(
            "ok", "row", process="final-read", task=row.task, value=value, database_time=now
        )
        count += 1
    value = {**summary, "rows": count}
    history.write("ok", "final-read", process="final-read", value=value, database_time=now)


def record_census(connection: Any, subject: Subject, history: Recorder) -> None:
    """Write how many rows there are, and how many changes there were, in one snapshot."""
    rows = subject.census_sql()
    if not rows:
        return
    words = subject.audited()
    counted = ", ".join(audit.count_sql(*words[word]) for word in words)
    cursor = connection.cursor()
    cursor.execute(f"{rows}, {counted}")
    numbers = cursor.fetchone()
    cursor.close()
    names = ("live", "completed", "failed", *words)
    history.write("ok", "census", value=dict(zip(names, map(int, numbers), strict=True)))


def record_sessions(database: Database, history: Recorder, *, own: int) -> None:
    """Write which sessions are open, but for the harness's own."""
    still_open = [
        {
            "session": session.number,
            "state": session.state,
            "seconds": round(session.seconds, 3),
            "query": session.query,
        }
        for session in database.sessions()
        if session.number != own
    ]
    history.write("ok", "sessions", value={"open": still_open})
