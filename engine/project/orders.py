"""Orders that a process of the run carries out on itself, at a statement that is named.

A fault writes ``NAME.json`` into the folder that ``KILLPROOF_ORDERS`` names; every process of the
run looks there before and after each statement, commit and rollback of its database connections.
An order says::

    role       worker, producer or any: who it is meant for
    statement  a regular expression over SQL
    at         before, after: around the statement itself; before-commit, after-commit: around the
               commit of a transaction in which it ran
    do         sigkill, sigstop, error or stall
    error      the name of an error of ``engine.project.errors``, for ``do: error``
    seconds    how long to stall, for ``do: stall``
    times      how many processes or statements in all carry it out

A statement outside of a transaction is its own commit. An error by which a database takes back what
it did cannot come after a commit, so there such an order waits for another statement.

A file must appear whole and is never changed. Whoever takes one of its times leaves
``NAME.taken.K`` beside it, and says ``order`` in the history before it does it, so that it is known
who died of it; and ``obeyed`` once it is done: the stall is over, or the database has answered with
the error.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
import os
import re
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from django.db import Error
from django.db.backends.signals import connection_created

from engine.project.errors import CONNECTION_LOST, raise_error
from engine.project.recorder import recorder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

ORDERS: Final = "KILLPROOF_ORDERS"
ROLE: Final = "KILLPROOF_ROLE"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One order, as its file has it."""

    path: Path
    role: str
    statement: re.Pattern[str]
    at: str
    do: str
    times: int
    error: str = ""
    seconds: float = 0.0

    @property
    def undoes(self) -> bool:
        """Whether who gets to hear of it may rely on the statement having had no effect."""
        return self.do == "error" and self.error != CONNECTION_LOST


def install() -> None:
    """Look at every statement from now on, if the environment names a folder of orders."""
    if folder := os.environ.get(ORDERS):
        gate = functools.partial(_attach, Path(folder), os.environ.get(ROLE, "worker"))
        connection_created.connect(gate, weak=False, dispatch_uid="killproof orders")


def _attach(folder: Path, role: str, *, connection: Any, **_: Any) -> None:
    """Put a gate on a connection, once: Django reuses the object for every connect."""
    if not any(isinstance(wrapper, _Gate) for wrapper in connection.execute_wrappers):
        gate = _Gate(folder, role, connection)
        connection.execute_wrappers.append(gate)
        for name in ("_commit", "_rollback"):
            setattr(connection, name, functools.partial(gate.end, name, getattr(connection, name)))


class _Gate:
    """Stands before and after each statement of one connection."""

    def __init__(self, folder: Path, role: str, connection: Any) -> None:
        self._folder = folder
        self._role = role
        self._connection = connection
        self._of_transaction: list[str] = []
        self._names: list[Path] = []
        self._orders: tuple[Order, ...] = ()

    def __call__(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        """Run the statement, with what orders say before and after it."""
        orders = self._current()
        if not orders:
            return execute(sql, params, many, context)
        self._carry_out(orders, "before", [sql])
        result = execute(sql, params, many, context)
        if self._connection.in_atomic_block:
            self._of_transaction.append(sql)
            self._carry_out(orders, "after", [sql])
        else:
            committed = [order for order in orders if not order.undoes]
            self._carry_out(committed, "after", [sql])
            self._carry_out(committed, "after-commit", [sql])
        return result

    def end(self, name: str, end: Callable[[], Any]) -> Any:
        """Commit or roll back, with what orders say before and after a commit."""
        statements, self._of_transaction = self._of_transaction, []
        orders = self._current() if name == "_commit" else ()
        self._carry_out(orders, "before-commit", statements)
        result = end()
        committed = [order for order in orders if not order.undoes]
        self._carry_out(committed, "after-commit", statements)
        return result

    def _current(self) -> tuple[Order, ...]:
        """Return the orders that are there now; files are read again only if there are others."""
        with contextlib.suppress(OSError):
            # Not by the folder's time: two changes within a tick of the kernel's clock have one.
            names = sorted(self._folder.glob("*.json"))
            if names != self._names:
                self._orders, self._names = tuple(_read(self._folder, self._role)), names
        return self._orders

    def _carry_out(self, orders: Iterable[Order], at: str, statements: list[str]) -> None:
        for order in orders:
            if order.at != at:
                continue
            statement = next((sql for sql in statements if order.statement.search(sql)), None)
            if statement is not None and (ticket := _take(order)):
                say = _speaker(order, ticket, statement, session_number(self._connection))
                say("order")
                _obey(order, self._connection, say)


def _read(folder: Path, role: str) -> Iterator[Order]:
    for path in sorted(folder.glob("*.json")):
        with contextlib.suppress(OSError):
            fields = json.loads(path.read_text())
            if fields["role"] in (role, "any"):
                yield Order(path=path, **{**fields, "statement": re.compile(fields["statement"])})


def _take(order: Order) -> int:
    """Return which of the order's times this is; 0 if there are no more, or it was withdrawn."""
    for number in range(1, order.times + 1):
        with contextlib.suppress(FileExistsError):
            if not order.path.exists():
                return 0
            ticket = order.path.with_suffix(f".taken.{number}")
            os.close(os.open(ticket, os.O_CREAT | os.O_EXCL))
            return number
    return 0


def session_number(connection: Any) -> int | None:
    """Return the server's own number of a Django connection, without asking the server."""
    match connection.vendor:
        case "postgresql":
            return int(connection.connection.info.backend_pid)
        case "mysql":
            return int(connection.connection.thread_id())
    return None


def _speaker(
    order: Order, ticket: int, statement: str, session: int | None
) -> Callable[[str], None]:
    """Return what writes a word about this order into the history."""
    value = {
        "pid": os.getpid(),
        "session": session,
        "order": order.path.stem,
        "ticket": ticket,
        "do": order.do,
        "at": order.at,
        "statement": statement[:200],
    }

    def say(f: str) -> None:
        if history := recorder("gate"):
            history.write("ok", f, value=value)

    return say


def _obey(order: Order, connection: Any, say: Callable[[str], None]) -> None:
    try:
        _do(order, connection)
    except Error:
        say("obeyed")
        raise
    if order.do != "error":
        say("obeyed")


def _do(order: Order, connection: Any) -> None:
    match order.do:
        case "sigkill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "sigstop":
            os.kill(os.getpid(), signal.SIGSTOP)
        case "stall":
            time.sleep(order.seconds)
        case "error":
            raise_error(connection, order.error)
