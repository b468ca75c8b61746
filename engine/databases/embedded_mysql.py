"""MySQL and MariaDB from the programs that this machine has.

Both may be installed under either name, so a program is asked for its version, not its name.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from typing import TYPE_CHECKING, ClassVar

from engine.databases.embedded import DATABASE, USER, Place, Programs
from engine.databases.failures import Unavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

# Statements are all that is read of performance_schema, and each instrument costs time.
MARIADB_INSTRUMENTS = (
    "--performance-schema-instrument=wait/%=OFF",
    "--performance-schema-instrument=stage/%=OFF",
    "--performance-schema-instrument=memory/%=OFF",
)
_SYSTEM_FOLDERS = ("/usr/sbin", "/usr/local/sbin", "/usr/libexec")
_VERSION_SECONDS = 30


class MySQLPrograms(Programs):
    """mysqld, which also makes its own data folder."""

    name: ClassVar[str] = "mysql"
    accounts: ClassVar[tuple[str, ...]] = ("mysql",)
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM
    servers: ClassVar[tuple[str, ...]] = ("mysqld",)
    is_mariadb: ClassVar[bool] = False
    extra_options: ClassVar[tuple[str, ...]] = ("--mysqlx=OFF", "--secure-file-priv=NULL")
    install: ClassVar[str] = "install MySQL's server (mysqld)"

    def __init__(self, server: str) -> None:
        self._server = server

    @classmethod
    def find(cls) -> MySQLPrograms:
        """Find the server's program, or raise Unavailable."""
        for name in cls.servers:
            server = find_program(name)
            if server is not None and _is_mariadb(server) is cls.is_mariadb:
                return cls(server)
        raise Unavailable(cls.name, reason="there is no server of it on PATH", install=cls.install)

    def prepare(self, place: Place) -> Sequence[str]:
        """Call mysqld; its root may then come in through the socket of the data folder only."""
        furnish(place)
        return (
            self._server,
            "--no-defaults",
            "--initialize-insecure",
            f"--datadir={place.data}",
            temporary_files(place),
            "--innodb-buffer-pool-size=64M",
        )

    def serve(self, place: Place) -> Sequence[str]:
        """Call the server, which logs to its standard error."""
        return (
            self._server,
            "--no-defaults",
            f"--datadir={place.data}",
            temporary_files(place),
            f"--init-file={place.home / 'first.sql'}",
            # Relative to the data folder: the path of a socket must be short.
            "--socket=server.sock",
            "--pid-file=server.pid",
            "--bind-address=127.0.0.1",
            f"--port={place.address.port}",
            "--skip-name-resolve",
            "--max-connections=200",
            "--character-set-server=utf8mb4",
            "--innodb-buffer-pool-size=64M",
            "--innodb-flush-log-at-trx-commit=1",
            "--sync-binlog=1",
            # What a load test reads beside the load; MariaDB keeps it off unless it is asked.
            "--performance-schema=ON",
            "--innodb-monitor-enable=trx_%commits",
            *self.extra_options,
        )


class MariaDBPrograms(MySQLPrograms):
    """mariadbd, and the script that makes its data folder."""

    name: ClassVar[str] = "mariadb"
    servers: ClassVar[tuple[str, ...]] = ("mariadbd", "mysqld")
    is_mariadb: ClassVar[bool] = True
    extra_options: ClassVar[tuple[str, ...]] = MARIADB_INSTRUMENTS
    install: ClassVar[str] = "type: apt install mariadb-server"

    def prepare(self, place: Place) -> Sequence[str]:
        """Call the script; root may then come in through the socket of the data folder only."""
        script = find_program("mariadb-install-db") or find_program("mysql_install_db")
        if script is None:
            raise Unavailable(
                self.name, reason="there is no mariadb-install-db on PATH", install=self.install
            )
        furnish(place)
        return (
            script,
            "--no-defaults",
            f"--datadir={place.data}",
            temporary_files(place),
            "--auth-root-authentication-method=socket",
            "--skip-name-resolve",
            "--skip-test-db",
        )


def find_program(name: str) -> str | None:
    """Find a program on PATH, or where systems keep servers out of users' way."""
    folders = os.pathsep.join((os.environ.get("PATH", os.defpath), *_SYSTEM_FOLDERS))
    return shutil.which(name, path=folders)


def temporary_files(place: Place) -> str:
    """Give a server a folder of its own for temporary files.

    At its start MariaDB removes all temporary tables that it finds, other servers' included.
    """
    return f"--tmpdir={place.home / 'temporary'}"


def furnish(place: Place) -> None:
    """Make the folder of temporary files and write the first statements.

    A server runs these before it lets anybody in, at every start, with the same outcome.
    """
    (place.home / "temporary").mkdir(mode=0o700)
    file = place.home / "first.sql"
    file.touch(mode=0o600)
    file.write_text(
        f"CREATE USER IF NOT EXISTS '{USER}'@'%' IDENTIFIED BY '{place.address.password}';\n"
        f"GRANT ALL PRIVILEGES ON *.* TO '{USER}'@'%' WITH GRANT OPTION;\n"
        f"CREATE DATABASE IF NOT EXISTS {DATABASE} CHARACTER SET utf8mb4;\n"
    )
    if place.account is not None:
        for path in (place.home / "temporary", file):
            os.chown(path, place.account.user, place.account.group)


def _is_mariadb(server: str) -> bool | None:
    try:
        answer = subprocess.run(
            [server, "--no-defaults", "--version"],
            capture_output=True,
            check=True,
            text=True,
            timeout=_VERSION_SECONDS,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return "mariadb" in answer.stdout.lower()
