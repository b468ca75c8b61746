"""Where MySQL and MariaDB waited and what they did, from their own statistics.

- waits: of the sessions on our database that ran a statement, by the state that the server gives
  them, as the events of performance_schema are off in both. InnoDB's row locks have no state of
  their own: they are known from its list of transactions. A state that is work is "CPU:CPU".
- ``commits`` are InnoDB's transactions that wrote, a few of its own included. On a server that
  does not count them (somebody else's) they are the COMMIT statements.
- ``round_trips`` are the statements that clients sent; ``statements`` are those without BEGIN,
  COMMIT, ROLLBACK, SET and savepoints.
- ``fsyncs`` are flushes of the redo log and of the binary log, and ``fsync_ms`` their time; on
  MariaDB all flushes of InnoDB, data files included, without their time.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from loadtests.probes.server import OWN, Counts, ServerProbe, Session, Sessions
from loadtests.probes.waits import ON_CPU

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.databases import Database
    from reports.load_steps import Statement

_SESSIONS = """
    SELECT
        coalesce(task.state, ''),
        coalesce(held.trx_state, ''),
        coalesce(timestampdiff(SECOND, held.trx_started, now()), 0),
        task.command
    FROM {processlist} AS task
    LEFT JOIN information_schema.innodb_trx AS held ON held.trx_mysql_thread_id = task.id
    WHERE task.db = %s AND task.id <> connection_id()
"""
_STATUS = """
    SHOW GLOBAL STATUS WHERE variable_name IN (
        'Questions', 'Com_begin', 'Com_commit', 'Com_rollback', 'Com_savepoint',
        'Com_release_savepoint', 'Com_rollback_to_savepoint', 'Com_set_option',
        'Innodb_os_log_written', 'Innodb_os_log_fsyncs', 'Innodb_data_fsyncs',
        'Innodb_row_lock_waits', 'Innodb_row_lock_time', 'Connection_errors_max_connections',
        'Threads_connected', 'Threads_running'
    )
"""
_METRICS = """
    SELECT name, count FROM information_schema.innodb_metrics
    WHERE name IN ('trx_rw_commits', 'lock_deadlocks', 'trx_rseg_history_len')
"""
# A flush is all that is done to the two logs beside reading and writing them.
_LOGS = """
    SELECT sum(count_misc), sum(sum_timer_misc) / 1e9, sum(sum_number_of_bytes_write)
    FROM performance_schema.file_summary_by_event_name
    WHERE event_name IN ('wait/io/file/innodb/innodb_log_file', 'wait/io/file/sql/binlog')
"""
_STATEMENTS = """
    SELECT digest, sum(count_star), sum(sum_timer_wait) / 1e9,
        sum(sum_rows_sent) + sum(sum_rows_affected)
    FROM performance_schema.events_statements_summary_by_digest
    WHERE schema_name = %s AND digest IS NOT NULL
    GROUP BY digest
"""
_TEXTS = """
    SELECT digest, max(digest_text)
    FROM performance_schema.events_statements_summary_by_digest
    WHERE schema_name = %s AND digest IS NOT NULL
    GROUP BY digest
"""
_PROCESSLIST = {
    "mysql": "performance_schema.processlist",
    "mariadb": "information_schema.processlist",
}
_CONTROL = (
    "Com_begin",
    "Com_commit",
    "Com_rollback",
    "Com_savepoint",
    "Com_release_savepoint",
    "Com_rollback_to_savepoint",
    "Com_set_option",
)
_IDLE = {"Sleep", "Daemon"}
_LOCK_WAIT = "LOCK WAIT"


class MySQLProbe(ServerProbe):
    """Asks SHOW STATUS, InnoDB's metrics and the summaries of performance_schema."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._sessions_query = _SESSIONS.format(processlist=_PROCESSLIST[database.name])
        self._schema = ""

    def open(self, session: Session) -> None:
        """Learn the database's name, and leave it: our own statements must not count as its."""
        self._schema = str(session.ask("SELECT database()")[0][0])
        session.ask("USE information_schema")

    def sessions(self, session: Session) -> Sessions:
        """Look at what each session waits for, and at the oldest transaction."""
        rows = session.ask(self._sessions_query, (self._schema,))
        active = [row for row in rows if row[3] not in _IDLE or row[1]]
        waits = Counter(event_of(state, held, command) for state, held, _, command in active)
        blocked = sum(number for event, number in waits.items() if event.startswith("Lock:"))
        ages = [float(age) for _, _, age, _ in rows]
        return Sessions(
            waits=waits,
            gauges={
                "blocked_sessions_max": float(blocked),
                "xact_age_s_max": max(ages, default=0.0),
            },
        )

    def counts(self, session: Session) -> Counts:
        """Read the counters of the server, of InnoDB, of the logs and of the statements."""
        status = {name: float(value) for name, value in session.ask(_STATUS)}
        # Told at once: the statement above has counted itself, and none of those below.
        status[OWN] = float(session.sent)
        gauges = {
            "connections_max": status.pop("Threads_connected") - 1,
            "threads_running_max": status.pop("Threads_running") - 1,
            "connections_limit": float(session.ask("SELECT @@global.max_connections")[0][0]),
        }
        metrics = {name: float(value) for name, value in session.ask(_METRICS)}
        gauges["history_list_max"] = metrics.pop("trx_rseg_history_len", 0.0)
        flushes, spent, _ = session.ask(_LOGS)[0]
        logs = {"log_flushes": float(flushes or 0), "log_flush_ms": float(spent or 0)}
        rows = session.ask(_STATEMENTS, (self._schema,))
        return Counts(
            counters={**status, **metrics, **logs},
            gauges=gauges,
            statements={str(row[0]): (float(row[1]), float(row[2]), float(row[3])) for row in rows},
        )

    def texts(self, session: Session) -> dict[str, str]:
        """Read the texts of all statements."""
        return {str(name): str(text) for name, text in session.ask(_TEXTS, (self._schema,))}

    def named(
        self, counters: Mapping[str, float], statements: Sequence[Statement]
    ) -> dict[str, float]:
        """Give the server's counters the names that they have in all databases."""
        del statements
        if not counters:
            return {}
        sent = max(0.0, counters["Questions"] - counters[OWN])
        control = sum(counters[name] for name in _CONTROL if name in counters)
        return {
            "round_trips": sent,
            "statements": max(0.0, sent - control),
            "commits": counters.get("trx_rw_commits") or counters["Com_commit"],
            "rollbacks": counters["Com_rollback"],
            "deadlocks": counters.get("lock_deadlocks", 0.0),
            "wal_bytes": counters["Innodb_os_log_written"],
            "row_lock_waits": counters["Innodb_row_lock_waits"],
            "row_lock_ms": counters["Innodb_row_lock_time"],
            "connection_errors": counters["Connection_errors_max_connections"],
            **_flushes(counters),
        }


def event_of(state: str, transaction: str, command: str) -> str:
    """Tell what a session waits for, as "class:event", from what the server says of it."""
    lowered = state.lower()
    if transaction == _LOCK_WAIT:
        return "Lock:row"
    if command in _IDLE:
        return "Client:idle in transaction"
    if "lock" in lowered and ("waiting" in lowered or lowered in {"locked", "system lock"}):
        return f"Lock:{lowered.removeprefix('waiting for ')}"
    if "commit" in lowered:
        return f"IO:{lowered}"
    if "waiting" in lowered:
        return f"Wait:{lowered.removeprefix('waiting for ')}"
    return ON_CPU


def _flushes(counters: Mapping[str, float]) -> dict[str, float]:
    if counters["log_flushes"]:
        return {"fsyncs": counters["log_flushes"], "fsync_ms": counters["log_flush_ms"]}
    return {"fsyncs": counters["Innodb_data_fsyncs"]}
