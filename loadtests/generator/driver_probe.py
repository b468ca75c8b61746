"""``python -m loadtests.generator.driver_probe``: does the database's driver let others run?

Under gevent a driver that waits inside its C library stops every sender of its process, and no CPU
figure shows it. The probe makes the database of ``KILLPROOF_DATABASE`` answer late and looks how
long the event loop stood still meanwhile. It prints one line of JSON, and changes no data.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

WAIT_SECONDS: Final = 0.4
"""How late the database answers; a loop that stood still for half of it was blocked."""

_TICK_SECONDS: Final = 0.005
_HOLD_PATIENCE_SECONDS: Final = 10.0


def main() -> int:
    """Probe, print the line, and return an exit code."""
    from gevent import monkey

    monkey.patch_all()
    import django
    from django.db import DatabaseError, connection

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "engine.project.settings")
    django.setup()
    try:
        connection.ensure_connection()
        stall_seconds = _stall_seconds(connection)
    except (DatabaseError, TimeoutError) as error:
        sys.stderr.write(f"The driver cannot be probed: {' '.join(str(error).split())}\n")
        return 1
    finally:
        connection.close()
    found = {
        "driver": _driver(connection),
        "is_cooperative": stall_seconds < WAIT_SECONDS / 2,
        "driver_stall_ms": round(stall_seconds * 1000, 1),
    }
    sys.stdout.write(json.dumps(found) + "\n")
    return 0


def _stall_seconds(connection: BaseDatabaseWrapper) -> float:
    """Return the longest time for which the loop stood still while the database was waited for."""
    import gevent

    longest = 0.0
    ticked = time.monotonic()

    def tick() -> None:
        nonlocal longest, ticked
        now = time.monotonic()
        longest, ticked = max(longest, now - ticked), now

    def tick_on() -> None:
        while True:
            gevent.sleep(_TICK_SECONDS)
            tick()

    wait = _wait_for_lock if connection.vendor == "sqlite" else _wait_for_sleep
    ready = wait(connection)
    tick()
    longest = 0.0
    ticker = gevent.spawn(tick_on)
    gevent.sleep(0)
    ready()
    tick()
    ticker.kill()
    return longest


def _wait_for_sleep(connection: BaseDatabaseWrapper) -> Any:
    """Return what has a server sleep before it answers."""
    function = "pg_sleep" if connection.vendor == "postgresql" else "SLEEP"

    def wait() -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {function}({WAIT_SECONDS})")
            cursor.fetchall()

    return wait


def _wait_for_lock(connection: BaseDatabaseWrapper) -> Any:
    """Return what waits for SQLite's writer lock, which a real thread holds from now on."""
    import gevent

    path = str(connection.settings_dict["NAME"])
    holding: list[bool] = []
    gevent.get_hub().threadpool.spawn(_hold_lock, path, holding)
    deadline = time.monotonic() + _HOLD_PATIENCE_SECONDS
    while not holding:
        if time.monotonic() > deadline:
            raise TimeoutError("SQLite's writer lock was never free")
        gevent.sleep(_TICK_SECONDS)

    def wait() -> None:
        with connection.cursor() as cursor:
            cursor.execute("BEGIN IMMEDIATE")
            cursor.execute("ROLLBACK")

    return wait


def _hold_lock(path: str, holding: list[bool]) -> None:
    """Hold SQLite's writer lock for a while and write nothing."""
    import sqlite3

    holder = sqlite3.connect(path, isolation_level=None, timeout=_HOLD_PATIENCE_SECONDS)
    holder.execute("BEGIN IMMEDIATE")
    holding.append(True)
    time.sleep(WAIT_SECONDS)
    holder.execute("ROLLBACK")
    holder.close()


def _driver(connection: Any) -> str:
    """Return a driver's name and version; SQLite's library is what matters of its driver."""
    module = connection.Database
    name = module.__name__.removesuffix(".dbapi2").removeprefix("django.db.backends.")
    names = ("sqlite_version", "VERSION_STRING", "__version__")
    version = next((getattr(module, each) for each in names if hasattr(module, each)), "")
    return f"{name} {str(version).split()[0] if version else ''}".strip()


if __name__ == "__main__":
    sys.exit(main())
