"""A session as the workers' own ones are: opened as an entry of Django's DATABASES says.

What such a session says of itself is the evidence that a knob has taken effect.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.contenders.contender import Site


def ask(site: Site, query: str) -> list[tuple[Any, ...]]:
    """Run one query in a new session; each driver raises its own errors."""
    with contextlib.closing(_open(site)) as connection:
        cursor = connection.cursor()
        cursor.execute(query)
        return [tuple(row) for row in cursor.fetchall()]


def _open(site: Site) -> Any:
    openers = {"sqlite": _sqlite, "postgresql": _postgresql, "mysql": _mysql, "mariadb": _mysql}
    entry = site.django_database
    return openers[site.database.name](entry, entry.get("OPTIONS", {}))


def _sqlite(entry: Any, options: Any) -> Any:
    import sqlite3

    connection = sqlite3.connect(entry["NAME"], timeout=options.get("timeout", 5.0))
    connection.executescript(options.get("init_command", ""))
    return connection


def _postgresql(entry: Any, options: Any) -> Any:
    import psycopg

    return psycopg.connect(
        host=entry["HOST"],
        port=entry["PORT"],
        user=entry["USER"],
        password=entry["PASSWORD"],
        dbname=entry["NAME"],
        options=options.get("options"),
    )


def _mysql(entry: Any, options: Any) -> Any:
    import pymysql

    return pymysql.connect(
        host=entry["HOST"],
        port=int(entry["PORT"]),
        user=entry["USER"],
        password=entry["PASSWORD"],
        database=entry["NAME"],
        init_command=options.get("init_command"),
    )
