"""A server that is further away: how much of a task's time are round trips."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from engine.network import DelayProxy, ProxyFailed
from loadtests.knobs.knob import Change, Knob, KnobError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from engine.contenders.contender import Contender, Site
    from engine.databases import Database
    from loadtests.knobs.knob import Turned

_BROKER_PORTS = {"redis": 6379, "amqp": 5672}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Delay(Knob):
    """A round trip to the queue's server that takes ``round_trip_ms`` longer.

    It is the broker that moves away, if the queue is in a broker.
    """

    round_trip_ms: float

    def why_not(self, contender: Contender, database: Database) -> str:
        """Refuse SQLite, which is a file."""
        if contender.databases and database.name == "sqlite":
            return "SQLite is a file, and no network lies between it and the workers."
        return ""

    def change(self, site: Site, workload: Mapping[str, Any]) -> Change:
        """Name the round trip."""
        del workload
        what = "the broker" if site.broker_url else site.database.name
        return Change(
            before=f"{what} on the same machine",
            after=f"{what} {self.round_trip_ms:g} ms of round trip further away",
        )

    @contextlib.contextmanager
    def turned(self, site: Site, workload: Mapping[str, Any]) -> Iterator[Turned]:
        """Put a proxy in front of the server."""
        proxy = DelayProxy(*_server(site), self.round_trip_ms / 2000)
        try:
            proxy.start()
        except ProxyFailed as error:
            raise KnobError(str(error)) from error
        with proxy:
            yield _moved(site, proxy.port), workload


def _server(site: Site) -> tuple[str, int]:
    if site.broker_url:
        parts = urlsplit(site.broker_url)
        return parts.hostname or "127.0.0.1", parts.port or _BROKER_PORTS[parts.scheme]
    if site.database.name == "sqlite":
        raise KnobError("The knob network_delay does not fit SQLite, which is a file.")
    return site.django_database["HOST"], int(site.django_database["PORT"])


def _moved(site: Site, port: int) -> Site:
    if not site.broker_url:
        entry = {**site.django_database, "HOST": "127.0.0.1", "PORT": str(port)}
        return dataclasses.replace(site, django_database=entry)
    parts = urlsplit(site.broker_url)
    account, at, _ = parts.netloc.rpartition("@")
    url = parts._replace(netloc=f"{account}{at}127.0.0.1:{port}").geturl()
    return dataclasses.replace(site, broker_url=url)
