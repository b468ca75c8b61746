"""Choose who provides a database: one's own URL, a server of this machine, or a container.

What cannot be had is said in one line, with what to install, and is never replaced by another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.databases.address import Address, parse_url
from engine.databases.container import ContainerServer
from engine.databases.database import Database, Server
from engine.databases.dsn import ForeignServer
from engine.databases.embedded import EmbeddedServer
from engine.databases.embedded_mysql import MariaDBPrograms, MySQLPrograms
from engine.databases.embedded_postgresql import PostgreSQLPrograms
from engine.databases.failures import Unavailable
from engine.databases.mysql import MariaDB, MySQL
from engine.databases.postgresql import PostgreSQL
from engine.databases.sqlite import SQLite, SQLiteFile

if TYPE_CHECKING:
    from pathlib import Path

    from engine.databases.dialect import Dialect

NAMES = ("sqlite", "postgresql", "mysql", "mariadb")
PROVIDERS = ("embedded", "container", "dsn")

_DIALECTS: dict[str, Dialect] = {
    "sqlite": SQLite(),
    "postgresql": PostgreSQL(),
    "mysql": MySQL(),
    "mariadb": MariaDB(),
}


def open_database(
    name: str, folder: Path, *, provider: str | None = None, url: str | None = None
) -> Database:
    """Open a database without starting it.

    Args:
        name: one of NAMES.
        folder: an empty folder for the data and the log.
        provider: embedded or container; chosen when it is left out.
        url: a database that somebody else runs, which is then the provider.

    Raises:
        Unavailable: it cannot be had here.
        ValueError: no such database, provider or URL.
    """
    if name not in NAMES:
        raise ValueError(f"{name!r} is not a database we know: choose of {', '.join(NAMES)}.")
    dialect = _DIALECTS[name]
    dialect.check_driver(name)
    if url is not None or provider == "dsn":
        return Database(provider="dsn", dialect=dialect, server=_foreign(name, provider, url))
    chosen, server = _own(name, folder, provider)
    return Database(provider=chosen, dialect=dialect, server=server)


def _foreign(name: str, provider: str | None, url: str | None) -> Server:
    if url is None or provider not in {None, "dsn"}:
        raise ValueError("The provider dsn and a URL go together: give both, or the URL alone.")
    address = parse_url(url)
    if address.name != name:
        raise ValueError(f"The URL is one of {address.name}, and {name} was asked for.")
    return ForeignServer(address)


def _own(name: str, folder: Path, provider: str | None) -> tuple[str, Server]:
    if provider == "embedded":
        return provider, _embedded(name, folder)
    if provider == "container":
        return provider, _contained(name, folder)
    if provider is not None:
        raise ValueError(f"{provider!r} is no provider: choose of {', '.join(PROVIDERS)}.")
    try:
        return "embedded", _embedded(name, folder)
    except Unavailable as missing:
        if name == "postgresql":
            raise
        return "container", _instead(missing, folder)


def _embedded(name: str, folder: Path) -> Server:
    if name == "sqlite":
        path = folder.resolve() / "sqlite.db"
        return SQLiteFile(Address(name=name, database=str(path)))
    programs = {
        "postgresql": PostgreSQLPrograms.find,
        "mysql": MySQLPrograms.find,
        "mariadb": MariaDBPrograms.find,
    }
    return EmbeddedServer(programs[name](), folder.resolve())


def _contained(name: str, folder: Path) -> Server:
    if name == "sqlite":
        raise Unavailable(name, reason="it runs in no container", install="leave the provider out")
    return ContainerServer(name, folder.resolve())


def _instead(missing: Unavailable, folder: Path) -> Server:
    """Try a container after all; if there is none either, say both reasons in one line."""
    try:
        return _contained(missing.name, folder)
    except Unavailable as error:
        raise Unavailable(
            missing.name,
            reason=f"{missing.reason}, and in a container, {error.reason}",
            install=f"{missing.install}, or {error.install}",
        ) from error
