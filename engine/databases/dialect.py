"""What a client says to a database: each vendor's own words for one set of questions.

A dialect holds no state: it opens a connection, asks, and closes it again.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from engine.databases.failures import Unavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.databases.address import Address

CONNECT_TIMEOUT_SECONDS = 5


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One client's session on a server, as the server tells it.

    Attributes:
        number: as in ``blockers`` and ``end_session``.
        state: the server's own words, such as ``idle in transaction`` or ``Sleep``.
        seconds: how long it has been in this state.
        query: what it runs, or ran last; cut.
        client_port: the port of its client; None where the server does not tell.
    """

    number: int
    state: str
    seconds: float
    query: str
    client_port: int | None = None


class Dialect(ABC):
    """One vendor's words."""

    driver: ClassVar[str]
    driver_package: ClassVar[str]
    version_query: ClassVar[str]

    def check_driver(self, name: str) -> None:
        """Raise Unavailable unless the Python driver can be imported."""
        try:
            importlib.import_module(self.driver)
        except ImportError as error:
            raise Unavailable(
                name,
                reason=f"its Python driver cannot be imported ({error})",
                install=f"type: pip install '{self.driver_package}'",
            ) from error

    @abstractmethod
    def connect(self, address: Address) -> Any:
        """Open a DB-API connection in autocommit mode."""

    @abstractmethod
    def session(self, connection: Any) -> int:
        """Tell the server's own number of a connection, as in ``blockers``."""

    @abstractmethod
    def create(self, address: Address) -> None:
        """Create the database unless it is there."""

    @abstractmethod
    def reset(self, address: Address) -> None:
        """Drop the database and create it again; other sessions on it are ended first."""

    @abstractmethod
    def durability(self, address: Address) -> dict[str, str]:
        """Ask the settings on which an acknowledged commit's survival depends."""

    @abstractmethod
    def blockers(self, address: Address, session: int) -> tuple[int, ...]:
        """Ask which sessions the given one waits for."""

    @abstractmethod
    def sessions(self, address: Address) -> tuple[Session, ...]:
        """Ask for the sessions on the database, without the one that asks."""

    @abstractmethod
    def end_session(self, address: Address, number: int) -> bool:
        """End a session, whatever it does; tell whether it was there."""

    @abstractmethod
    def django_settings(self, address: Address) -> dict[str, Any]:
        """Write an entry of Django's DATABASES."""

    def version(self, address: Address) -> str:
        """Ask the server's version."""
        return str(self.ask(address, self.version_query)[0][0])

    def ask(
        self, address: Address, query: str, parameters: Sequence[Any] = ()
    ) -> list[tuple[Any, ...]]:
        """Run one query on a connection of its own."""
        with contextlib.closing(self.connect(address)) as connection:
            cursor = connection.cursor()
            cursor.execute(query, parameters)
            return [tuple(row) for row in cursor.fetchall()]


def server_settings(address: Address, *, engine: str, options: dict[str, Any]) -> dict[str, Any]:
    """Write Django's settings of a database behind a port."""
    return {
        "ENGINE": engine,
        "NAME": address.database,
        "USER": address.user,
        "PASSWORD": address.password,
        "HOST": address.host,
        "PORT": str(address.port),
        "OPTIONS": options,
    }
