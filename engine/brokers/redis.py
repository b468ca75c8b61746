"""Redis: what it says of itself, and a client for whoever knows what lies in it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, ClassVar

from engine.brokers.broker import Broker
from engine.databases.failures import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

_PATIENCE_SECONDS = 10.0
_DURABILITY = ("appendonly", "appendfsync", "save")


class Redis(Broker):
    """A Redis whose database 0 is the broker's."""

    name: ClassVar[str] = "redis"

    @property
    def url(self) -> str:
        """The broker as a URL, password included."""
        address = self._server.address
        return f"redis://:{address.password}@{address.host}:{address.port}/0"

    def greet(self) -> None:
        """Log in and PING; a server that still loads its data refuses."""
        with client_of(self.url) as client:
            client.ping()

    def version(self) -> str:
        """Ask the server's version."""
        with client_of(self.url) as client:
            return str(client.info("server")["redis_version"])

    def durability(self) -> dict[str, str]:
        """Ask the running server's settings of the append-only file and of snapshots."""
        with client_of(self.url) as client:
            settings = client.config_get(*_DURABILITY)
            return {name: str(settings[name]) for name in _DURABILITY}


@contextlib.contextmanager
def client_of(url: str) -> Iterator[Any]:
    """Lend a client of a Redis, which connects at its first command."""
    import redis

    client = redis.Redis.from_url(
        url,
        decode_responses=True,
        socket_timeout=_PATIENCE_SECONDS,
        socket_connect_timeout=_PATIENCE_SECONDS,
    )
    try:
        yield client
    finally:
        client.close()


def check_client() -> None:
    """Raise Unavailable unless the client's package can be imported."""
    try:
        import redis  # noqa: F401
    except ImportError as error:
        raise Unavailable(
            Redis.name,
            reason=f"its Python client cannot be imported ({error})",
            install="type: pip install redis",
        ) from error
