"""Choose the probe of a database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loadtests.probes.mysql import MySQLProbe
from loadtests.probes.observed import DatabaseProbe, NoProbe
from loadtests.probes.postgresql import PostgreSQLProbe
from loadtests.probes.sqlite import SQLiteProbe

if TYPE_CHECKING:
    from pathlib import Path

    from engine.databases import Database


def probe_for(database: Database | None, meter_folder: Path) -> DatabaseProbe:
    """Return the probe of a database; ``meter_folder`` is where SQLite's processes keep pages."""
    if database is None:
        return NoProbe()
    if database.name == "sqlite":
        return SQLiteProbe(database, meter_folder)
    if database.name == "postgresql":
        return PostgreSQLProbe(database)
    return MySQLProbe(database)
