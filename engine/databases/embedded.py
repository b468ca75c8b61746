"""A server of our own: its programs run as our descendants, on a free port of 127.0.0.1.

It needs no privileges and touches nothing but its folder; it ends when the harness ends.
"""

from __future__ import annotations

import dataclasses
import secrets
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from engine.databases.accounts import Account, make_home, service_account
from engine.databases.address import Address
from engine.databases.ports import free_port
from engine.databases.processes import ServerProcesses, Surroundings

if TYPE_CHECKING:
    import signal
    from collections.abc import Sequence
    from pathlib import Path

DATABASE = "killproof"
USER = "killproof"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where one server lives: its home, the data in it, its address and its account."""

    home: Path
    address: Address
    account: Account | None

    @property
    def data(self) -> Path:
        """The data folder, which the server's own programs make."""
        return self.home / "data"


class Programs(ABC):
    """How one vendor's programs are called."""

    name: ClassVar[str]
    accounts: ClassVar[tuple[str, ...]]
    stop_signal: ClassVar[signal.Signals]

    @abstractmethod
    def prepare(self, place: Place) -> Sequence[str]:
        """Write what the programs read, and give the command that makes the data folder."""

    @abstractmethod
    def serve(self, place: Place) -> Sequence[str]:
        """Give the command that is the server."""

    def farewell(self, place: Place) -> Sequence[str]:
        """Give the command that removes what a killed server leaves outside its folder."""
        del place
        return ()


class EmbeddedServer:
    """A server that is started, killed and started again as the harness likes."""

    can_kill: ClassVar[bool] = True

    def __init__(self, programs: Programs, folder: Path) -> None:
        self.address = Address(
            name=programs.name,
            database=DATABASE,
            user=USER,
            password=secrets.token_hex(12),
            port=free_port(),
        )
        self._programs = programs
        self._folder = folder
        self._place: Place | None = None
        self._processes: ServerProcesses | None = None

    def start(self) -> None:
        """Make the data folder and start the server."""
        if self._processes is not None:
            return
        account = service_account(*self._programs.accounts)
        home, is_temporary = make_home(self._folder, self._programs.name, account)
        self._place = Place(home=home, address=self.address, account=account)
        self._processes = ServerProcesses(
            Surroundings(
                name=self._programs.name,
                account=account,
                folder=home,
                log=self._folder / f"{self._programs.name}.log",
                farewell=self._programs.farewell(self._place),
                removed=home if is_temporary else None,
            )
        )
        self._processes.run(self._programs.prepare(self._place))
        self._serve()

    def stop(self) -> None:
        """End the server for good; started again, it would begin with new data."""
        if self._processes is not None:
            self._processes.end()
            self._processes = None

    def kill(self) -> tuple[int, ...]:
        """Kill all processes of the server and wait until they are gone."""
        return () if self._processes is None else self._processes.kill()

    def shut_down(self) -> tuple[int, ...]:
        """Have the server end its sessions and leave its data clean; wait until it is gone."""
        if self._processes is None:
            return ()
        return self._processes.shut_down(self._programs.stop_signal)

    def restart(self) -> None:
        """Start the server again, on the same data and port."""
        if self._processes is not None:
            self._processes.kill()
            self._serve()

    def pids(self) -> tuple[int, ...]:
        """Tell the ids of all processes of the server, parents first."""
        return () if self._processes is None else self._processes.pids()

    def pause(self) -> None:
        """Stop all processes of the server in their tracks."""
        if self._processes is not None:
            self._processes.pause()

    def resume(self) -> None:
        """Let them go on."""
        if self._processes is not None:
            self._processes.resume()

    def has_ended(self) -> bool:
        """Tell whether the server is not running."""
        return self._processes is None or self._processes.has_ended()

    def last_words(self) -> str:
        """Read the last lines of the log."""
        return "(no log)" if self._processes is None else self._processes.last_words()

    def _serve(self) -> None:
        assert self._processes is not None  # noqa: S101 - callers have seen to it
        assert self._place is not None  # noqa: S101 - likewise
        command = self._programs.serve(self._place)
        self._processes.start(command, stop_signal=self._programs.stop_signal)
