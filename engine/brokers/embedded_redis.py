"""Redis from the program that this machine has."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, ClassVar, Final

from engine.brokers.embedded import write_private
from engine.databases.embedded import Place, Programs
from engine.databases.embedded_mysql import find_program
from engine.databases.failures import Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

INSTALL: Final = "type: apt-get install redis-server"

# A snapshot now and then is no promise about any one message, and its fork would disturb a
# measurement at a time that nobody chose: the append-only file alone decides.
SETTINGS: Final[Mapping[str, Mapping[str, str]]] = {
    "off": {"save": '""', "appendonly": "no"},
    "everysec": {"save": '""', "appendonly": "yes", "appendfsync": "everysec"},
    "always": {"save": '""', "appendonly": "yes", "appendfsync": "always"},
}


class RedisPrograms(Programs):
    """redis-server, whose data folder is a plain folder."""

    name: ClassVar[str] = "redis"
    accounts: ClassVar[tuple[str, ...]] = ("redis",)
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM

    def __init__(self, server: str, persistence: str) -> None:
        self._server = server
        self._persistence = persistence

    @classmethod
    def find(cls, persistence: str) -> RedisPrograms:
        """Find the server's program, or raise Unavailable."""
        server = find_program("redis-server")
        if server is None:
            raise Unavailable(cls.name, reason="there is no redis-server on PATH", install=INSTALL)
        return cls(server, persistence)

    def prepare(self, place: Place) -> Sequence[str]:
        """Write the settings to a file, as arguments are public, and call mkdir."""
        settings = {
            "bind": "127.0.0.1",
            "port": str(place.address.port),
            "dir": f'"{place.data}"',
            "daemonize": "no",
            "requirepass": place.address.password,
            **SETTINGS[self._persistence],
        }
        lines = "".join(f"{name} {value}\n" for name, value in settings.items())
        write_private(place, "redis.conf", lines)
        return ("mkdir", str(place.data))

    def serve(self, place: Place) -> Sequence[str]:
        """Call the server, which logs to its standard output."""
        return (self._server, str(place.home / "redis.conf"))
