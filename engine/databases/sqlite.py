"""SQLite: the dialect, and the file that stands in for a server.

There is no server process, so there is nothing to kill or to pause: killing the program that
writes is the only crash, and that is the harness's to do.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from engine.databases.dialect import Dialect, Session

if TYPE_CHECKING:
    from engine.databases.address import Address

TIMEOUT_SECONDS = 20
_PRAGMAS = ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL")
_SYNCHRONOUS = {0: "OFF", 1: "NORMAL", 2: "FULL", 3: "EXTRA"}


class SQLite(Dialect):
    """SQLite through the standard library."""

    driver: ClassVar[str] = "sqlite3"
    driver_package: ClassVar[str] = "sqlite3"
    version_query: ClassVar[str] = "SELECT sqlite_version()"

    def connect(self, address: Address) -> sqlite3.Connection:
        """Open the file, as Django with our settings does."""
        connection = sqlite3.connect(
            address.database, timeout=TIMEOUT_SECONDS, isolation_level=None
        )
        for pragma in _PRAGMAS:
            connection.execute(pragma)
        return connection

    def session(self, connection: Any) -> int:
        """Tell 0: SQLite numbers no sessions."""
        del connection
        return 0

    def create(self, address: Address) -> None:
        """Create the file, with its write-ahead log switched on."""
        self.connect(address).close()

    def reset(self, address: Address) -> None:
        """Remove the file, its write-ahead log and its shared memory."""
        for suffix in ("-wal", "-shm", ""):
            Path(address.database + suffix).unlink(missing_ok=True)
        self.create(address)

    def durability(self, address: Address) -> dict[str, str]:
        """Ask the two settings; the second one belongs to a connection, not to the file."""
        mode = self.ask(address, "PRAGMA journal_mode")[0][0]
        synchronous = self.ask(address, "PRAGMA synchronous")[0][0]
        return {"journal_mode": str(mode), "synchronous": _SYNCHRONOUS[synchronous]}

    def blockers(self, address: Address, session: int) -> tuple[int, ...]:
        """Tell nothing: SQLite locks the file through the system and keeps no list of waiters."""
        del address, session
        return ()

    def sessions(self, address: Address) -> tuple[Session, ...]:
        """Return (): it keeps no such list."""
        del address
        return ()

    def end_session(self, address: Address, number: int) -> bool:
        """Tell False: there are no sessions."""
        del address, number
        return False

    def django_settings(self, address: Address) -> dict[str, Any]:
        """Write settings with which writers queue up instead of failing."""
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": address.database,
            "OPTIONS": {
                "timeout": TIMEOUT_SECONDS,
                "transaction_mode": "IMMEDIATE",
                "init_command": "; ".join(_PRAGMAS),
            },
        }


class SQLiteFile:
    """A server's part, played by a file: it is always up and cannot be killed or paused."""

    can_kill: ClassVar[bool] = False

    def __init__(self, address: Address) -> None:
        self.address = address

    def start(self) -> None:
        """Do nothing: the file is created when the database is."""

    def stop(self) -> None:
        """Do nothing: the file belongs to the run's folder and stays there."""

    def kill(self) -> tuple[int, ...]:
        """Kill nothing, as there is no server process."""
        return ()

    def shut_down(self) -> tuple[int, ...]:
        """End nothing, as there is no server process."""
        return ()

    def restart(self) -> None:
        """Do nothing."""

    def pids(self) -> tuple[int, ...]:
        """Tell nothing: there is no server process."""
        return ()

    def pause(self) -> None:
        """Do nothing."""

    def resume(self) -> None:
        """Do nothing."""

    def has_ended(self) -> bool:
        """Tell that the file never ends."""
        return False

    def last_words(self) -> str:
        """Tell that a file keeps no log."""
        return "(SQLite keeps no log)"
