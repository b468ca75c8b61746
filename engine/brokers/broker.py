"""One broker, whoever provides it: a server to start and kill, and questions to ask of it.

Between ``start`` and ``stop`` it answers on a port of 127.0.0.1 and nowhere else.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, Protocol, Self

from engine.brokers import running
from engine.databases.database import READY_SECONDS, Server
from engine.databases.failures import ServerFailed

if TYPE_CHECKING:
    from types import TracebackType

_RETRY_SECONDS = 0.05


class BrokerServer(Server, Protocol):
    """A server at an address, and a hand on its processes, which can be counted."""

    def pids(self) -> tuple[int, ...]:
        """List the processes that live."""


class Broker(ABC):
    """A broker with nothing in it, from ``start`` to ``stop``.

    Attributes:
        name: redis or rabbitmq.
        provider: embedded or container.
        persistence: what becomes of a message when the broker is killed, in the broker's words.
    """

    name: ClassVar[str]

    def __init__(self, *, provider: str, persistence: str, server: BrokerServer) -> None:
        self.provider = provider
        self.persistence = persistence
        self._server = server

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    @abstractmethod
    def url(self) -> str:
        """The broker as a URL, password included."""

    @abstractmethod
    def version(self) -> str:
        """Ask the server's version."""

    @abstractmethod
    def durability(self) -> dict[str, str]:
        """Ask the running server on what an acknowledged message's survival depends."""

    @abstractmethod
    def greet(self) -> None:
        """Shake hands in the broker's own protocol; raise if it does not answer as it should."""

    def start(self) -> None:
        """Start the server and return when it answers; raise ServerFailed if it does not."""
        try:
            self._server.start()
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise
        running.remember(self)

    def stop(self) -> None:
        """End the server for good: no process and no container remains. Twice is fine."""
        running.forget(self)
        self._server.stop()

    def kill(self) -> tuple[int, ...]:
        """Send SIGKILL to all server processes, wait until they are gone, return their ids."""
        return self._server.kill()

    def restart(self) -> None:
        """Start a killed server again on the same data and port; return when it answers."""
        self._server.restart()
        self._wait_until_ready()

    def pids(self) -> tuple[int, ...]:
        """List all processes of the server that live, for the accounting of CPU time."""
        return self._server.pids()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while True:
            try:
                self.greet()
            except Exception as error:  # each client has its own, and any of them means: not yet
                if self._server.has_ended():
                    raise self._failure("the server ended while it started") from error
                if time.monotonic() > deadline:
                    raise self._failure(f"no answer in {READY_SECONDS:.0f} seconds") from error
                time.sleep(_RETRY_SECONDS)
            else:
                return

    def _failure(self, reason: str) -> ServerFailed:
        return ServerFailed(self.name, reason=reason, last_words=self._server.last_words())
