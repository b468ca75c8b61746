"""SQLite, PostgreSQL, MySQL and MariaDB behind one interface, to run chaos on real servers.

A server that was started here ends with this process, however this process ends.
"""

from engine.databases.address import Address, parse_url
from engine.databases.database import Database
from engine.databases.failures import ServerFailed, Unavailable
from engine.databases.opening import NAMES, PROVIDERS, open_database

__all__ = [
    "NAMES",
    "PROVIDERS",
    "Address",
    "Database",
    "ServerFailed",
    "Unavailable",
    "open_database",
    "parse_url",
]
