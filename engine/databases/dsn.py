"""A server that somebody else runs: we connect to it, and leave it alone otherwise.

Nobody's data is dropped by accident: a database is reset only if its name says that it may be.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, ClassVar, NoReturn

from engine.databases.failures import Unavailable

if TYPE_CHECKING:
    from engine.databases.address import Address

_WORDS = ("killproof", "test")


class ForeignServer:
    """A server given by URL."""

    can_kill: ClassVar[bool] = False

    def __init__(self, address: Address) -> None:
        self.address = address

    def start(self) -> None:
        """Do nothing: it runs, or it does not."""

    def stop(self) -> None:
        """Do nothing: others may be using it."""

    def kill(self) -> NoReturn:
        """Refuse."""
        self._refuse("kill")

    def shut_down(self) -> NoReturn:
        """Refuse."""
        self._refuse("shut down")

    def restart(self) -> NoReturn:
        """Refuse."""
        self._refuse("restart")

    def pids(self) -> tuple[int, ...]:
        """Tell nothing: its processes may run anywhere."""
        return ()

    def pause(self) -> NoReturn:
        """Refuse."""
        self._refuse("pause")

    def resume(self) -> NoReturn:
        """Refuse."""
        self._refuse("resume")

    def has_ended(self) -> bool:
        """Tell that it has not, as we cannot know."""
        return False

    def last_words(self) -> str:
        """Tell that its log is not ours."""
        return "(the log is with whoever runs the server)"

    def _refuse(self, action: str) -> NoReturn:
        raise Unavailable(
            self.address.name,
            reason=f"a server given by URL is not ours to {action}",
            install="leave the URL out, and a server of our own is started",
        )


def check_droppable(address: Address) -> None:
    """Raise Unavailable unless the database's name says that its data may be dropped."""
    name = PurePath(address.database).name
    if not any(word in name.lower() for word in _WORDS):
        raise Unavailable(
            address.name,
            reason=f"resetting would drop all data of {name!r}, which is not named as a test's",
            install="give the URL of a database with 'killproof' or 'test' in its name",
        )
