"""One session of a schedule: a thread with a connection of its own that stops at gates.

A gate stands before every statement, commit, rollback and savepoint, and wherever a program calls
``gate``. What runs between two gates is the engine's real code.
"""

from __future__ import annotations

import contextlib
import dataclasses
import queue
import sqlite3
import threading
import weakref
from typing import TYPE_CHECKING, Any, Final

from django.db import DatabaseError, connections

from engine.project.errors import CONNECTION_LOST, raise_error
from properties.interleaving.faults import AtGate, Crash, LostConnection, Refusal
from properties.interleaving.waiting import number_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from properties.interleaving.clock import Clock

COMMIT: Final = "COMMIT"
ROLLBACK: Final = "ROLLBACK"


class Killed(BaseException):
    """Takes a program out of its session in place of the SIGKILL that its process would get."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a program ended: it returned ``value``, raised ``error``, or was killed."""

    value: Any = None
    error: BaseException | None = None
    is_killed: bool = False


def gate(label: str) -> None:
    """Stop here until the schedule lets this session on; without a schedule, do nothing."""
    session = threading.current_thread()
    if isinstance(session, Session):
        session.pass_gate(label, lambda: None)


class Session(threading.Thread):
    """A thread that runs one program after the other, for as many schedules as there are.

    Attributes:
        label: what it is about to do, while it stands at a gate.
        gates: how many gates it has come to in this program.
        backend: the database's number of its connection; None on SQLite.
        gone: the numbers of connections that it lost, for the scheduler to see off.
        ended: how its program ended, once it has.
        arrived: set while it stands at a gate, behind a statement that had to wait, or is done.
        is_refused: whether SQLite refused its statement, which is tried again when it is let on.
        is_waiting: whether it was seen to wait for a lock, and has not gone on since.
    """

    def __init__(self, number: int, alias: str, clock: Clock) -> None:
        super().__init__(daemon=True, name=f"session-{number}")
        self.number = number
        self.label = ""
        self.gates = 0
        self.backend: int | None = None
        self.gone: list[int] = []
        self.ended: Ended | None = None
        self.arrived = threading.Event()
        self.is_refused = False
        self.is_waiting = False
        self._alias = alias
        self._clock = clock
        self._go = threading.Semaphore(0)
        self._fault: AtGate | None = None
        self._is_dead = False
        self._is_cut = False
        self._is_abandoned = False
        self._is_acting = False
        self._is_connecting = False
        self._gives_up = False
        self._cursors = weakref.WeakSet[Any]()
        self._lock = threading.Lock()
        self._programs: queue.SimpleQueue[Callable[[], Any] | None] = queue.SimpleQueue()

    def begin(self, program: Callable[[], Any]) -> None:
        """Run a program up to its first gate."""
        self.gates, self.ended, self.gone = 0, None, []
        self.is_refused = self.is_waiting = False
        self._is_dead = self._is_cut = self._is_abandoned = False
        self._go = threading.Semaphore(0)
        self.arrived.clear()
        self._programs.put(program)

    def let_on(self, fault: AtGate | None = None) -> None:
        """Let it through its gate, or on from where it waited."""
        self._fault = fault
        self.is_refused = False
        self.arrived.clear()
        self._go.release()

    def give_up(self) -> None:
        """Take the next refusal for an answer, as SQLite does when its patience is over."""
        self._gives_up = True
        self.let_on()

    def begin_waiting(self) -> bool:
        """Note that it waits; False if its statement was over before that could be noted."""
        with self._lock:
            self.is_waiting = self._is_acting
            return self.is_waiting

    def abandon(self) -> None:
        """End its program as a kill would, wherever it stands."""
        self._is_abandoned = True
        self._go.release()

    def close(self) -> None:
        """End the thread and its connection."""
        self._programs.put(None)
        self.join()

    def run(self) -> None:
        """Run programs until there are no more."""
        self._connect()
        while (program := self._programs.get()) is not None:
            ended = self._run(program)
            if ended.is_killed or self._is_cut:
                self._forget_connection()
                self._connect()
            self.ended = ended
            self.arrived.set()
        self._connection.close()

    def pass_gate(self, label: str, act: Callable[[], Any]) -> Any:
        """Stop at a gate, then act, or suffer the fault that the schedule has for this gate."""
        if self._is_dead or self._is_abandoned or threading.current_thread() is not self:
            # The last is a finalizer: what is left of a killed program, found by another thread.
            raise Killed
        self.gates += 1
        self.label = label
        self._stand()
        match self._fault:
            case Crash(after=after):
                self._die(act if after else None)
            case LostConnection(after=after):
                self._lose_connection(act if after else None)
            case Refusal(error=error):
                raise_error(self._connection, error)
        return self._act(act)

    def _run(self, program: Callable[[], Any]) -> Ended:
        try:
            self.pass_gate("begins", lambda: None)
            ended = Ended(value=program())
        except BaseException as error:  # noqa: BLE001 - judged by who plays the schedule
            ended = Ended(error=error)
        # Whatever a program made of its death, such as the end of an attempt, it is dead.
        return Ended(is_killed=True) if self._is_dead else ended

    def _stand(self) -> None:
        if not self._is_abandoned:
            self.arrived.set()
            self._go.acquire()
        if self._is_abandoned:
            self._is_dead = True
            # First of all: what Django does behind an error may commit on MySQL.
            self._cut()
            raise Killed

    def _act(self, act: Callable[[], Any]) -> Any:
        """Act; who had to wait stops once more behind it, as whoever let it on is running too."""
        self._is_acting = True
        try:
            return act()
        finally:
            with self._lock:
                self._is_acting = False
            if self.is_waiting:
                self._stand()

    def _connect(self) -> None:
        connection: Any = connections[self._alias]
        self._connection = connection
        connection.execute_wrappers.append(self._execute)
        for label, name in ((COMMIT, "commit"), (ROLLBACK, "rollback")):
            setattr(connection, name, self._gated(label, getattr(connection, name)))
        connection._close = self._after_cursors(connection._close)
        connect = connection.connect

        def connect_and_prepare() -> None:
            # What Django says to a new connection is no step of the program.
            self._is_connecting = True
            connect()
            self._is_connecting = False
            self._prepare(connection)

        connection.connect = connect_and_prepare
        connection.ensure_connection()

    def _prepare(self, connection: Any) -> None:
        """Have a statement that cannot go on say so at once."""
        self.backend = number_of(connection)
        cursor = connection.connection.cursor()
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA busy_timeout = 0")
        elif connection.vendor == "postgresql":
            # Only a superuser may; else each deadlock takes a second to be seen.
            with contextlib.suppress(DatabaseError), connection.wrap_database_errors:
                cursor.execute("SET deadlock_timeout = '1ms'")
        cursor.close()

    def _gated(self, label: str, end: Callable[[], None]) -> Callable[[], None]:
        def end_at_gate() -> None:
            # A dead process rolls nothing back, nor does a connection that is gone.
            is_gone = self._is_dead or self._connection.connection is None
            if label == ROLLBACK and (is_gone or threading.current_thread() is not self):
                return
            self.pass_gate(label, end)

        return end_at_gate

    def _after_cursors(self, close: Callable[[], None]) -> Callable[[], None]:
        """Have the connection closed for good: SQLite's keeps its locks while a cursor is open."""

        def close_all() -> None:
            self._close_cursors()
            close()

        return close_all

    def _execute(self, run: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if self._is_connecting:
            return run(sql, *rest)
        vendor = self._connection.vendor
        self._cursors.add(rest[-1]["cursor"])
        # The clock is read behind the gate, before which it may be stepped.
        act = lambda: self._persist(run, self._clock.later(vendor, sql), *rest)  # noqa: E731
        return self.pass_gate(sql, act)

    def _persist(self, run: Callable[..., Any], *arguments: Any) -> Any:
        """Carry a statement out; on SQLite, which does not wait, again when others moved on."""
        self._gives_up = False
        while True:
            try:
                return run(*arguments)
            except DatabaseError as error:
                if not _is_busy(error) or self._gives_up:
                    raise
            self.is_refused = True
            self._stand()

    def _die(self, act: Callable[[], Any] | None) -> None:
        if act is not None:
            self._act(act)
        self._is_dead = True
        self._see_off()
        self._cut()
        raise Killed

    def _lose_connection(self, act: Callable[[], Any] | None) -> None:
        if act is not None:
            self._act(act)
        self._is_cut = True
        self._see_off()
        raise_error(self._connection, CONNECTION_LOST)

    def _see_off(self) -> None:
        if self.backend is not None:
            self.gone.append(self.backend)

    def _cut(self) -> None:
        """End the connection, and with it its transaction."""
        driver = self._connection.connection
        self._close_cursors()
        if self._connection.vendor == "sqlite":
            with contextlib.suppress(Exception):
                driver.rollback()
        driver.close()

    def _close_cursors(self) -> None:
        """Leave none behind that somebody holds on to, such as the traceback of an error."""
        if self._connection.vendor == "sqlite":
            for cursor in list(self._cursors):
                with contextlib.suppress(Exception):
                    cursor.close()
            self._cursors.clear()

    def _forget_connection(self) -> None:
        with contextlib.suppress(Exception):
            self._cut()
        del connections[self._alias]


def _is_busy(error: DatabaseError) -> bool:
    """Tell whether a writer is in the way that will be gone; a snapshot that is old stays so."""
    code = getattr(error.__cause__, "sqlite_errorcode", None)
    return code == sqlite3.SQLITE_BUSY
