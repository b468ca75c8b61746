"""Where PostgreSQL waited and what it did, from its own statistics.

- waits: of the sessions on our database that were not idle. A session without a wait event ran,
  or wanted to.
- ``commits`` are transactions that were given a number: those that wrote or locked rows,
  savepoints that did included; ``transactions`` are all that committed, reads too.
- ``round_trips`` are the statements that pg_stat_statements knows, BEGIN, COMMIT, SET and
  savepoints included, as psycopg sends each by itself; ``statements`` are those without them. A
  statement that failed is in neither.
- ``wal_bytes`` is the growth of the log. Its flushes (``fsyncs``, and ``fsync_ms`` if
  track_wal_io_timing is on) and ``transactions`` are up to a second late, as sessions report them
  once a second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from loadtests.probes.server import OWN, Counts, ServerProbe, Session, Sessions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reports.load_steps import Statement

_SESSIONS = """
    SELECT
        coalesce(wait_event_type || ':' || wait_event, 'CPU:CPU'),
        count(*),
        count(*) FILTER (WHERE wait_event_type = 'Lock'),
        max(extract(epoch FROM clock_timestamp() - xact_start))::float,
        max(extract(epoch FROM clock_timestamp() - state_change))
            FILTER (WHERE state LIKE 'idle in transaction%')::float,
        max(age(backend_xmin))
    FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend'
        AND state <> 'idle' AND pid <> pg_backend_pid()
    GROUP BY 1
"""
_COUNTERS = """
    SELECT
        pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0'),
        pg_snapshot_xmax(pg_current_snapshot())::text::numeric,
        xact_commit,
        xact_rollback,
        deadlocks,
        (SELECT sum({fsyncs}) FROM {wal}),
        (SELECT sum({fsync_ms}) FROM {wal})
    FROM pg_stat_database WHERE datname = current_database()
"""
_COUNTER_NAMES = (
    "wal_bytes",
    "commits",
    "transactions",
    "rollbacks",
    "deadlocks",
    "fsyncs",
    "fsync_ms",
)
_GAUGES = """
    SELECT
        (SELECT numbackends - 1 FROM pg_stat_database WHERE datname = current_database()),
        current_setting('max_connections')::int,
        (SELECT coalesce(sum(n_dead_tup), 0) FROM pg_stat_user_tables),
        (
            SELECT count(DISTINCT blocker)
            FROM pg_stat_activity, unnest(pg_blocking_pids(pid)) AS blocker
            WHERE wait_event_type = 'Lock'
        )
"""
_GAUGE_NAMES = ("connections_max", "connections_limit", "dead_tuples", "blockers_max")
_STATEMENTS = """
    SELECT queryid::text, sum(calls)::float, sum(total_exec_time)::float, sum(rows)::float
    FROM pg_stat_statements(false)
    WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
    GROUP BY 1
"""
_TEXTS = "SELECT DISTINCT ON (1) queryid::text, query FROM pg_stat_statements"
_CONTROL = ("BEGIN", "START", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "SET", "RESET")
# The place where flushes of the log are counted has moved: (version, source, count, time).
_FLUSHES = (
    (180000, "pg_stat_io WHERE object = 'wal'", "fsyncs", "fsync_time"),
    (140000, "pg_stat_wal", "wal_sync", "wal_sync_time"),
    (0, "(SELECT 1) AS nothing", "NULL::bigint", "NULL::float"),
)


class PostgreSQLProbe(ServerProbe):
    """Asks the server's statistics views."""

    _counters_query = ""
    _counts_statements = False

    def open(self, session: Session) -> None:
        """Learn the server's version, and have statements counted if it can."""
        version = session.connection.info.server_version
        wal, fsyncs, fsync_ms = next(place[1:] for place in _FLUSHES if version >= place[0])
        self._counters_query = _COUNTERS.format(wal=wal, fsyncs=fsyncs, fsync_ms=fsync_ms)
        self._counts_statements = self._has_statements(session)

    def sessions(self, session: Session) -> Sessions:
        """Look at what each session waits for, and at the oldest transaction."""
        rows = session.ask(_SESSIONS)
        return Sessions(
            waits={str(event): int(number) for event, number, *_ in rows},
            gauges={
                "blocked_sessions_max": float(sum(row[2] for row in rows)),
                "xact_age_s_max": _largest(rows, 3),
                "idle_in_transaction_s_max": _largest(rows, 4),
                "xmin_age_max": _largest(rows, 5),
            },
        )

    def counts(self, session: Session) -> Counts:
        """Read the counters of the database, of its log and of its statements."""
        row = session.ask(self._counters_query)[0]
        values = zip(_COUNTER_NAMES, row, strict=True)
        counters = {name: float(value) for name, value in values if value is not None}
        counters[OWN] = float(session.sent)
        gauges = zip(_GAUGE_NAMES, map(float, session.ask(_GAUGES)[0]), strict=True)
        rows = session.ask(_STATEMENTS) if self._counts_statements else []
        return Counts(
            counters=counters,
            gauges=dict(gauges),
            statements={name: (calls, spent, seen) for name, calls, spent, seen in rows},
        )

    def texts(self, session: Session) -> dict[str, str]:
        """Read the texts of all statements."""
        return dict(session.ask(_TEXTS))

    def named(
        self, counters: Mapping[str, float], statements: Sequence[Statement]
    ) -> dict[str, float]:
        """Add what the statements come to, and take off what the probe itself committed."""
        named = {name: value for name, value in counters.items() if name != OWN}
        if counters:
            # Each statement of the probe's is a transaction of its own.
            named["transactions"] = max(0.0, counters["transactions"] - counters[OWN])
        if self._counts_statements:
            worked = [each.calls for each in statements if not _is_control(each.text)]
            named["round_trips"] = sum(each.calls for each in statements)
            named["statements"] = sum(worked)
        return named

    def _has_statements(self, session: Session) -> bool:
        """Tell whether statements are counted; on a server of our own, have them counted."""
        try:
            if self._database.provider != "dsn":
                session.ask("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
            session.ask("SELECT count(*) FROM pg_stat_statements(false)")
        except session.connection.DatabaseError:
            if session.connection.closed:
                raise
            return False
        return True


def _largest(rows: Sequence[tuple[Any, ...]], column: int) -> float:
    return float(max((row[column] for row in rows if row[column] is not None), default=0.0))


def _is_control(text: str) -> bool:
    return text.lstrip().upper().startswith(_CONTROL)
