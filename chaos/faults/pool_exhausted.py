"""pool-exhausted: other clients have taken all connections that the server gives.

Those who have a connection keep it; who needs a new one is refused, and whatever becomes free is
taken at once.
"""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any, Final

from chaos.faults.fault import GREY, Fault, Proof
from chaos.faults.patience import landing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chaos.arena import Arena
    from engine.databases import Database
    from engine.subjects import Subject

LIMIT: Final = 250
"""More connections than this are not opened, however many the server would give."""

PAUSE_SECONDS: Final = 0.03
JOIN_SECONDS: Final = 30.0


@contextlib.contextmanager
def inflict(arena: Arena, _options: Mapping[str, Any]) -> Iterator[Proof]:
    """Take connections until the server refuses; give all of them back."""
    hoard = _Hoard(arena.database)
    hoard.start()
    try:
        with landing(arena, hoard.look) as proof:
            yield proof
    finally:
        hoard.stop()


class _Hoard:
    """The connections taken, and the thread that takes them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connections: list[Any] = []
        self._refusal = ""
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._take, name="pool-exhausted", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._is_over.set()
        self._thread.join(JOIN_SECONDS)
        for connection in self._connections:
            # Another fault may have ended it.
            with contextlib.suppress(Exception):
                connection.close()

    def look(self) -> Mapping[str, Any] | None:
        if not self._refusal or not self._connections:
            return None
        return {"connections": len(self._connections), "refused": self._refusal}

    def _take(self) -> None:
        while not self._is_over.is_set():
            try:
                if len(self._connections) < LIMIT:
                    self._connections.append(self._database.connect())
                    continue
            except Exception as error:  # noqa: BLE001 - each driver has its own
                self._refusal = self._refusal or _refusal(error)
            self._is_over.wait(PAUSE_SECONDS)


def _refusal(error: Exception) -> str:
    """Return the sentence by which a server says that it has no connection left; else nothing."""
    lines = [line.strip() for line in str(error).splitlines()]
    return next((line for line in lines if "too many" in line.lower()), "")


def _unavailable(database: Database, _subject: Subject) -> str:
    if database.name == "sqlite":
        return "SQLite has no server whose connections could run out"
    if database.provider == "dsn":
        return "a server given by URL may have other users, who need its connections"
    return ""


POOL_EXHAUSTED = Fault(
    name="pool-exhausted",
    family="database",
    summary="other clients have taken every connection that the server gives",
    disturbs="database",
    colour=GREY,
    inflict=inflict,
    unavailable=_unavailable,
    server="asked",
)
