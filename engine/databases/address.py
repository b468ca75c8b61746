"""Where a database is and who connects to it, as a value and as a URL.

A URL that is read and written again is the same URL, up to optional parts.
"""

from __future__ import annotations

import dataclasses
from urllib.parse import quote, unquote, urlsplit

_PORTS = {"postgresql": 5432, "mysql": 3306, "mariadb": 3306}
_FORM = "postgresql://user:password@host:port/name"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One database of one server.

    Attributes:
        name: sqlite, postgresql, mysql or mariadb.
        database: the name of the database on the server; for SQLite, the path of the file.
    """

    name: str
    database: str
    user: str = ""
    password: str = dataclasses.field(default="", repr=False)
    host: str = "127.0.0.1"
    port: int = 0

    @property
    def url(self) -> str:
        """The address as a URL, password included."""
        if self.name == "sqlite":
            return f"sqlite:///{quote(self.database)}"
        who = quote(self.user, safe="")
        if self.password:
            who = f"{who}:{quote(self.password, safe='')}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.name}://{who}@{host}:{self.port}/{quote(self.database, safe='')}"


def parse_url(url: str) -> Address:
    """Read a database's URL; raise ValueError with one sentence if it is not one."""
    name = url.partition("://")[0]
    if name == "sqlite":
        return _sqlite_address(url)
    if name not in _PORTS:
        raise ValueError(
            f"{name!r} is not a database we know: a URL starts with sqlite://, postgresql://, "
            "mysql:// or mariadb://."
        )
    return _server_address(name, url)


def _sqlite_address(url: str) -> Address:
    path = unquote(url.removeprefix("sqlite:///"))
    if not path.startswith("/") or path.endswith("/"):
        raise ValueError(f"{url!r} names no file: write sqlite:////path/of/the/file.")
    return Address(name="sqlite", database=path)


def _server_address(name: str, url: str) -> Address:
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ValueError(f"The {name} URL is not well formed: write {_FORM}.") from None
    try:
        port = parts.port or _PORTS[name]
    except ValueError:
        raise ValueError(f"The port of the {name} URL is not a number from 1 to 65535.") from None
    database = unquote(parts.path.removeprefix("/"))
    if not parts.username or not parts.hostname or not database or "/" in database:
        raise ValueError(f"The {name} URL lacks a part: write {_FORM}.")
    if parts.query or parts.fragment:
        raise ValueError(f"The {name} URL takes nothing after the name: write {_FORM}.")
    return Address(
        name=name,
        database=database,
        user=unquote(parts.username),
        password=unquote(parts.password or ""),
        host=parts.hostname,
        port=port,
    )
