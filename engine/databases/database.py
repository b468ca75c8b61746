"""One database, whoever provides it: a server to start and kill, and a dialect to speak to it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Protocol, Self

from engine.databases.dsn import check_droppable
from engine.databases.failures import ServerFailed, Unavailable

if TYPE_CHECKING:
    from types import TracebackType

    from engine.databases.address import Address
    from engine.databases.dialect import Dialect, Session

READY_SECONDS = 60.0
_RETRY_SECONDS = 0.05


class Server(Protocol):
    """What a provider gives: a server at an address, and a hand on its processes."""

    address: Address

    @property
    def can_kill(self) -> bool:
        """Whether there are processes here that may be killed and paused."""

    def start(self) -> None:
        """Start it, without waiting until it answers."""

    def stop(self) -> None:
        """End it for good."""

    def kill(self) -> tuple[int, ...]:
        """Kill all its processes, wait until they are gone, and tell their ids."""

    def shut_down(self) -> tuple[int, ...]:
        """End it in an orderly way, keep its data, and tell the ids of its processes."""

    def restart(self) -> None:
        """Start it again on the same data and port."""

    def pids(self) -> tuple[int, ...]:
        """Tell the ids of its processes that can be seen from here."""

    def pause(self) -> None:
        """Stop its processes in their tracks."""

    def resume(self) -> None:
        """Let them go on."""

    def has_ended(self) -> bool:
        """Tell whether it is known not to run."""

    def last_words(self) -> str:
        """Read the end of its log."""


class Database:
    """An empty database on a running server, from ``start`` to ``stop``.

    Attributes:
        name: sqlite, postgresql, mysql or mariadb.
        provider: embedded, container or dsn.
    """

    def __init__(self, *, provider: str, dialect: Dialect, server: Server) -> None:
        self.name = server.address.name
        self.provider = provider
        self._dialect = dialect
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
    def can_kill(self) -> bool:
        """Whether there are server processes here that may be killed and paused."""
        return self._server.can_kill

    @property
    def url(self) -> str:
        """The database as a URL, password included."""
        return self._server.address.url

    def start(self) -> None:
        """Start the server and return when it answers; raise ServerFailed if it does not.

        One that somebody else runs is left as it is: ``check_answer`` asks whether it is there.
        """
        try:
            self._server.start()
            if self.provider != "dsn":
                self._create_when_ready()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the server for good: no process, container or socket remains. Twice is fine."""
        self._server.stop()

    def kill(self) -> tuple[int, ...]:
        """Send SIGKILL to all server processes, wait until they are gone, return their ids."""
        return self._server.kill()

    def shut_down(self) -> tuple[int, ...]:
        """Shut the server down as for maintenance: sessions are ended, and ``restart`` follows.

        Its process ids are returned when they are gone; () on SQLite, which has none.
        """
        return self._server.shut_down()

    def restart(self) -> None:
        """Start a server that is down on the same data and port; return when it answers."""
        self._server.restart()
        self._create_when_ready()

    def pids(self) -> tuple[int, ...]:
        """Tell the ids of all server processes now, parents first; () if none can be seen here."""
        return self._server.pids()

    def pause(self) -> None:
        """Stop all server processes: connections stay open and nothing answers."""
        self._server.pause()

    def resume(self) -> None:
        """Let all server processes go on."""
        self._server.resume()

    def reset(self) -> None:
        """Empty the database: it is dropped and created again, whoever is connected to it."""
        if self.provider == "dsn":
            check_droppable(self._server.address)
        self._dialect.reset(self._server.address)

    def django_settings(self) -> dict[str, Any]:
        """Write an entry of Django's DATABASES, which can be written as JSON."""
        return self._dialect.django_settings(self._server.address)

    def connect(self) -> Any:
        """Open a DB-API connection in autocommit mode; the caller closes it."""
        return self._dialect.connect(self._server.address)

    def session(self, connection: Any) -> int:
        """Tell the server's own number of a connection, as ``blockers`` takes and returns it."""
        return self._dialect.session(connection)

    def version(self) -> str:
        """Ask the server's version."""
        return self._dialect.version(self._server.address)

    def durability(self) -> dict[str, str]:
        """Ask the running server's settings on which an acknowledged commit depends."""
        return self._dialect.durability(self._server.address)

    def blockers(self, session: int) -> tuple[int, ...]:
        """Ask which sessions block the given one; () on SQLite, which keeps no such list."""
        return self._dialect.blockers(self._server.address, session)

    def sessions(self) -> tuple[Session, ...]:
        """Ask for the sessions of clients on the database; () on SQLite, which keeps no list."""
        return self._dialect.sessions(self._server.address)

    def end_session(self, number: int) -> bool:
        """End a client's session, whatever it does; tell whether it was there."""
        return self._dialect.end_session(self._server.address, number)

    @property
    def port(self) -> int:
        """The port that the server listens on; 0 for a file."""
        return self._server.address.port

    def _create_when_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while True:
            try:
                self._dialect.create(self._server.address)
            except Exception as error:  # each driver has its own, and any of them means: not yet
                if self._server.has_ended():
                    raise self._failure("the server ended while it started") from error
                if time.monotonic() > deadline:
                    raise self._failure(f"no answer in {READY_SECONDS:.0f} seconds") from error
                time.sleep(_RETRY_SECONDS)
            else:
                return

    def check_answer(self) -> None:
        """Connect once; raise Unavailable with the driver's reason if that fails."""
        try:
            self.version()
        except Exception as error:  # each driver has its own
            reason = str(error).strip().partition("\n")[0]
            raise Unavailable(
                self.name,
                reason=f"it does not answer: {reason}",
                install="start it, or mend the URL",
            ) from error

    def _failure(self, reason: str) -> ServerFailed:
        return ServerFailed(self.name, reason=reason, last_words=self._server.last_words())
