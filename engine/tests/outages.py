"""Taking the database away from workers for a moment, in the way of each database.

Servers end the sessions of everybody else. SQLite has no sessions: there another writer keeps the
lock for longer than a worker's timeout.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any

from django.db import OperationalError, connection, transaction

if TYPE_CHECKING:
    from pathlib import Path

SQLITE_TIMEOUT_SECONDS = 0.1


def impatient() -> dict[str, Any]:
    """Return settings with which a worker notices ``strike`` soon."""
    if connection.vendor != "sqlite":
        return {}
    options = {**connection.settings_dict["OPTIONS"], "timeout": SQLITE_TIMEOUT_SECONDS}
    return {"OPTIONS": options}


def strike() -> None:
    """Take the database away from everybody else, once."""
    {"sqlite": _keep_lock, "postgresql": _end_backends, "mysql": _kill_sessions}[
        connection.vendor
    ]()


def nowhere(folder: Path, free_port: int) -> dict[str, Any]:
    """Return settings of a database that cannot be reached."""
    if connection.vendor == "sqlite":
        return {"NAME": str(folder / "missing" / "queue.sqlite3")}
    return {"HOST": "127.0.0.1", "PORT": free_port}


def without_tables(folder: Path) -> dict[str, Any]:
    """Return settings of a database in which nobody ran ``migrate``."""
    names = {"sqlite": str(folder / "empty.sqlite3"), "postgresql": "postgres", "mysql": "mysql"}
    return {"NAME": names[connection.vendor]}


def _keep_lock() -> None:
    with transaction.atomic():
        # This is the outage itself, not a wait for anything.
        time.sleep(4 * SQLITE_TIMEOUT_SECONDS)


def _end_backends() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend'"
        )


def _kill_sessions() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM information_schema.processlist"
            " WHERE db = DATABASE() AND id <> CONNECTION_ID()"
        )
        for (session,) in cursor.fetchall():
            # It may have ended by itself since it was listed.
            with contextlib.suppress(OperationalError):
                cursor.execute(f"KILL {int(session)}")
