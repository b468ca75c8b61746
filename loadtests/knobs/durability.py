"""Commits that do not wait for the disk: whether flushing is what limits the queue.

Acknowledged tasks may be lost with it, so nobody's server but our own is changed.
"""

from __future__ import annotations

import contextlib
import dataclasses
from typing import TYPE_CHECKING, Any, Final

from loadtests.knobs.knob import Change, Knob, KnobError, queues_in_broker, with_option
from loadtests.knobs.session import ask

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from engine.contenders.contender import Contender, Site
    from engine.databases import Database
    from loadtests.knobs.knob import Turned

_OPTION: Final = "-c synchronous_commit=off"
_PRAGMA: Final = "PRAGMA synchronous=NORMAL"
_GLOBALS: Final = {"innodb_flush_log_at_trx_commit": 2, "sync_binlog": 0}
_MYSQL_FAMILY: Final = ("mysql", "mariadb")
_POWER_LOSS: Final = "The last commits before a loss of power are gone"
_CHANGES: Final = {
    "sqlite": Change(
        before="synchronous=FULL, every commit waits for the disk",
        after="synchronous=NORMAL, only checkpoints wait for the disk",
        is_unsafe=True,
        risk=f"{_POWER_LOSS}; a crash of processes loses nothing.",
    ),
    "postgresql": Change(
        before="synchronous_commit=on, every commit waits for the disk",
        after="synchronous_commit=off, commits do not wait for the disk",
        is_unsafe=True,
        risk=f"{_POWER_LOSS}, and so are those before a crash of the server.",
    ),
    **dict.fromkeys(
        _MYSQL_FAMILY,
        Change(
            before="innodb_flush_log_at_trx_commit=1 and sync_binlog=1, every commit waits "
            "for the disk",
            after="innodb_flush_log_at_trx_commit=2 and sync_binlog=0, the disk is waited for "
            "about once a second",
            is_unsafe=True,
            risk=f"{_POWER_LOSS}, up to about a second of them.",
        ),
    ),
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Durability(Knob):
    """What a commit waits for."""

    def why_not(self, contender: Contender, database: Database) -> str:
        """Refuse brokers, and a MySQL or MariaDB of others, whose every user it would affect."""
        if database.name in _MYSQL_FAMILY and database.provider == "dsn":
            return (
                f"The {database.name} server was given by URL, and durability would change for "
                "all of its users."
            )
        return queues_in_broker(self.name, contender)

    def change(self, site: Site, workload: Mapping[str, Any]) -> Change:
        """Name the settings of the database."""
        del workload
        return _CHANGES[site.database.name]

    def adjusted(self, site: Site, workload: Mapping[str, Any]) -> Turned:
        """Change what new sessions begin with, where it is a setting of a session."""
        entry = site.django_database
        options = entry.get("OPTIONS", {})
        if site.database.name == "postgresql":
            value = " ".join(filter(None, (options.get("options", ""), _OPTION)))
            entry = with_option(entry, "options", value)
        elif site.database.name == "sqlite":
            value = "; ".join(filter(None, (options.get("init_command", ""), _PRAGMA)))
            entry = with_option(entry, "init_command", value)
        return dataclasses.replace(site, django_database=entry), workload

    @contextlib.contextmanager
    def turned(self, site: Site, workload: Mapping[str, Any]) -> Iterator[Turned]:
        """Change it for the site's sessions, or for the server where it is the server's."""
        is_servers = site.database.name in _MYSQL_FAMILY
        with _globals(site.database) if is_servers else contextlib.nullcontext():
            turned = self.adjusted(site, workload)
            _check(turned[0])
            yield turned


@contextlib.contextmanager
def _globals(database: Database) -> Iterator[None]:
    """Change settings of the whole server, and put them back."""
    before = database.durability()
    previous = {name: int(before[name]) for name in _GLOBALS if name in before}
    try:
        _set_globals(database, _GLOBALS)
        yield
    except BaseException:
        # What went wrong first is what people need to hear of.
        with contextlib.suppress(KnobError):
            _set_globals(database, previous)
        raise
    _set_globals(database, previous)


def _set_globals(database: Database, values: Mapping[str, int]) -> None:
    import pymysql

    try:
        with contextlib.closing(database.connect()) as connection:
            cursor = connection.cursor()
            for name, value in values.items():
                cursor.execute(f"SET GLOBAL {name} = {value:d}")
    except pymysql.err.MySQLError as error:
        raise KnobError(
            f"The knob durability could not set {', '.join(values)} of {database.name}: "
            f"{error.args[-1]}."
        ) from error


def _check(site: Site) -> None:
    """Raise unless a new session of the site says that the setting is in force."""
    found = _found(site)
    wrong = {name: value for name, (value, wanted) in found.items() if value != wanted}
    if wrong:
        said = ", ".join(f"{name} is {value}" for name, value in wrong.items())
        raise KnobError(f"The knob durability did not take effect on {site.database.name}: {said}.")


def _found(site: Site) -> dict[str, tuple[str, str]]:
    """Ask a new session: by setting, what it is and what it should be."""
    if site.database.name == "postgresql":
        return {"synchronous_commit": (str(_ask_one(site, "SHOW synchronous_commit")), "off")}
    if site.database.name == "sqlite":
        return {
            "journal_mode": (str(_ask_one(site, "PRAGMA journal_mode")), "wal"),
            "synchronous": (str(_ask_one(site, "PRAGMA synchronous")), "1"),
        }
    return {
        name: (str(_ask_one(site, f"SELECT @@global.{name}")), str(wanted))
        for name, wanted in _GLOBALS.items()
    }


def _ask_one(site: Site, query: str) -> Any:
    return ask(site, query)[0][0]
