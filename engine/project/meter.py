"""Meters what a process does to a SQLite database, which has no server that could be asked.

Switched on by an environment variable, it rides on Django's connections. Each process keeps one
page of counters in a file that it maps into its memory: an addition there costs well under a
microsecond, needs no write to the file, and outlives the process, however that ends. Whoever
reads the pages puts the times to them.

It imports the standard library only, and Django when it is installed, so that it runs in the
environment of every contender.
"""

from __future__ import annotations

import enum
import functools
import mmap
import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

METER: Final = "KILLPROOF_METER"
"""The environment variable that names the folder of the pages; without it nothing is metered."""

SUFFIX: Final = ".meter"
BUCKETS: Final = 32
"""Of a histogram: number n counts durations of less than 2**n microseconds."""


class Slot(enum.IntEnum):
    """Where each counter is in a page, in steps of eight bytes; all of them begin at zero.

    ``WAITING`` to ``FLUSHING`` tell how many connections are in that state at this moment.
    """

    PID = 0
    STATEMENTS = 1
    CONTROLS = 2
    COMMITS = 3
    ROLLBACKS = 4
    SELF_COMMITTED = 5
    LOCKED_ERRORS = 6
    WAIT_NS = 7
    HOLD_NS = 8
    FLUSH_NS = 9
    WAITING = 10
    HOLDING = 11
    RUNNING = 12
    FLUSHING = 13
    WAIT_HISTOGRAM = 14
    HOLD_HISTOGRAM = 14 + BUCKETS
    END = 14 + 2 * BUCKETS


class Kind(NamedTuple):
    """What a statement is to SQLite's one lock for writers.

    Attributes:
        counted_as: the slot that counts it; of an end, the one that counts such ends.
    """

    counted_as: int
    begins: bool = False
    takes_lock: bool = False
    ends: bool = False


READ: Final = Kind(Slot.STATEMENTS.value)
WRITE: Final = Kind(Slot.STATEMENTS.value, takes_lock=True)
BEGIN: Final = Kind(Slot.CONTROLS.value, begins=True)
BEGIN_WRITING: Final = Kind(Slot.CONTROLS.value, begins=True, takes_lock=True)
COMMIT: Final = Kind(Slot.COMMITS.value, ends=True)
ROLLBACK: Final = Kind(Slot.ROLLBACKS.value, ends=True)
CONTROL: Final = Kind(Slot.CONTROLS.value)

_WRITES: Final = {"INSERT", "UPDATE", "DELETE", "REPLACE", "CREATE", "ALTER", "DROP"}
_LOCKS_AT_ONCE: Final = {"IMMEDIATE", "EXCLUSIVE"}
_KINDS: Final = {
    **dict.fromkeys(_WRITES, WRITE),
    "BEGIN": BEGIN,
    "COMMIT": COMMIT,
    "END": COMMIT,
    "ROLLBACK": ROLLBACK,
    "SAVEPOINT": CONTROL,
    "RELEASE": CONTROL,
}
# Plain numbers: a member of an enumeration costs more to look up than all the rest.
_CONTROLS, _COMMITS = Slot.CONTROLS.value, Slot.COMMITS.value
_ROLLBACKS, _SELF_COMMITTED = Slot.ROLLBACKS.value, Slot.SELF_COMMITTED.value
_LOCKED_ERRORS = Slot.LOCKED_ERRORS.value
_WAIT_NS, _HOLD_NS, _FLUSH_NS = Slot.WAIT_NS.value, Slot.HOLD_NS.value, Slot.FLUSH_NS.value
_WAITING, _HOLDING = Slot.WAITING.value, Slot.HOLDING.value
_RUNNING, _FLUSHING = Slot.RUNNING.value, Slot.FLUSHING.value
_WAIT_HISTOGRAM, _HOLD_HISTOGRAM = Slot.WAIT_HISTOGRAM.value, Slot.HOLD_HISTOGRAM.value


def install() -> None:
    """Meter all SQLite connections that Django opens from now on, if the environment asks for it.

    Call it in the settings or in ``AppConfig.ready``; a second call changes nothing.
    """
    if os.environ.get(METER):
        from django.db.backends.signals import connection_created

        connection_created.connect(_attach, dispatch_uid=METER)


def read_page(path: Path) -> tuple[int, ...]:
    """Read a process's page, in the order of ``Slot``; () if it is not whole yet."""
    content = path.read_bytes()
    return tuple(memoryview(content).cast("q")) if len(content) == 8 * Slot.END else ()


class Page:
    """The counters of this process."""

    def __init__(self, folder: Path) -> None:
        path = folder / f"{os.getpid()}-{time.monotonic_ns()}{SUFFIX}"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
        try:
            os.ftruncate(descriptor, 8 * Slot.END)
            self._memory = mmap.mmap(descriptor, 8 * Slot.END)
        finally:
            os.close(descriptor)
        self._counters = memoryview(self._memory).cast("q")
        self._lock = threading.Lock()
        self._counters[Slot.PID] = os.getpid()

    def add(self, amounts: Iterable[tuple[int, int]]) -> None:
        """Add to counters: (slot, amount) each."""
        counters = self._counters
        with self._lock:
            for slot, amount in amounts:
                counters[slot] += amount


class Connection:
    """What the meter knows of one connection of Django's: whether it holds the lock.

    It is one of Django's execute wrappers, which see all statements but not the commits that the
    driver makes; those are methods of the connection object, whose place it takes.
    """

    def __init__(self, connection: Any) -> None:
        self._page, self._pid = page_of_process(), os.getpid()
        self._has_begun = False
        self._locked_ns = 0
        self._commit, self._rollback = connection._commit, connection._rollback  # noqa: SLF001
        connection._commit = functools.partial(self._end, self._commit, _COMMITS)  # noqa: SLF001
        connection._rollback = functools.partial(self._end, self._rollback, _ROLLBACKS)  # noqa: SLF001
        connection.execute_wrappers.append(self)

    def __call__(
        self, execute: Callable[..., Any], sql: str, parameters: Any, many: bool, context: Any
    ) -> Any:
        """Meter one statement."""
        kind = kind_of(sql)
        run = functools.partial(execute, sql, parameters, many, context)
        if kind.ends:
            return self._end(run, kind.counted_as)
        if self._locked_ns or not kind.takes_lock:
            result = self._during(_RUNNING, run, (kind.counted_as, 1))
            self._has_begun = self._has_begun or kind.begins
            return result
        begun = time.monotonic_ns()
        result = self._during(_WAITING, run, (kind.counted_as, 1))
        if self._has_begun or kind.begins:
            self._take(begun)
        elif "RETURNING" in sql:
            self._account_when_fetched(begun, context["cursor"])
        else:
            self._account_for_itself(begun)
        return result

    def forget(self) -> None:
        """Forget the transaction of a connection that was closed."""
        if self._locked_ns:
            self._count((_HOLDING, -1))
        self._locked_ns, self._has_begun = 0, False

    def _take(self, begun: int) -> None:
        self._has_begun = True
        self._locked_ns = now = time.monotonic_ns()
        wait = now - begun
        self._count((_WAIT_NS, wait), (_WAIT_HISTOGRAM + _bucket(wait), 1), (_HOLDING, 1))

    def _end(self, run: Callable[[], Any], slot: int) -> Any:
        """End the transaction; an end that fails leaves it, and the lock, as they were."""
        if not self._has_begun:
            return run()
        begun = time.monotonic_ns()
        result = self._during(_FLUSHING, run, (_CONTROLS, 1))
        if self._locked_ns:
            self._release(begun, slot)
        self._locked_ns, self._has_begun = 0, False
        return result

    def _release(self, begun: int, slot: int) -> None:
        now = time.monotonic_ns()
        hold = now - self._locked_ns
        self._count(
            (slot, 1),
            (_FLUSH_NS, now - begun if slot == _COMMITS else 0),
            (_HOLD_NS, hold),
            (_HOLD_HISTOGRAM + _bucket(hold), 1),
            (_HOLDING, -1),
        )

    def _account_for_itself(self, begun: int) -> None:
        """Count a statement that commits by itself.

        Its wait, its work and its flush cannot be told apart, so all of it counts as a wait and
        as a hold: too much of a wait where nobody waits, too much of a hold where many do.
        """
        spent = time.monotonic_ns() - begun
        self._count(
            (_COMMITS, 1),
            (_SELF_COMMITTED, 1),
            (_WAIT_NS, spent),
            (_WAIT_HISTOGRAM + _bucket(spent), 1),
            (_HOLD_NS, spent),
            (_HOLD_HISTOGRAM + _bucket(spent), 1),
        )

    def _account_when_fetched(self, begun: int, cursor: Any) -> None:
        """Count a statement that commits by itself once its rows are fetched: SQLite waits for it.

        Django fetches what an INSERT returned by one call of one of these.
        """

        def fetch(name: str) -> Any:
            vars(cursor).pop("fetchone", None)
            vars(cursor).pop("fetchall", None)
            rows = self._during(_FLUSHING, getattr(cursor, name))
            self._account_for_itself(begun)
            return rows

        cursor.fetchone = functools.partial(fetch, "fetchone")
        cursor.fetchall = functools.partial(fetch, "fetchall")

    def _during(self, state: int, run: Callable[[], Any], *amounts: tuple[int, int]) -> Any:
        self._count((state, 1), *amounts)
        try:
            return run()
        except Exception as error:
            if "is locked" in str(error):
                self._count((_LOCKED_ERRORS, 1))
            raise
        finally:
            self._count((state, -1))

    def _count(self, *amounts: tuple[int, int]) -> None:
        # A forked process must not write to its parent's page.
        if self._pid != os.getpid():
            self._page, self._pid = page_of_process(), os.getpid()
        if self._page is not None:
            self._page.add(amounts)


def page_of_process() -> Page | None:
    """Return the page of this process, forked or not; None if nothing is metered."""
    folder = os.environ.get(METER)
    return _page(folder, os.getpid()) if folder else None


@functools.lru_cache(maxsize=2)
def _page(folder: str, _pid: int) -> Page:
    return Page(Path(folder))


@functools.lru_cache(maxsize=4096)
def kind_of(sql: str) -> Kind:
    """Tell what a statement is by its first words."""
    first, second, *_ = (*sql.upper().split(None, 2), "", "")
    if first == "BEGIN" and second in _LOCKS_AT_ONCE:
        return BEGIN_WRITING
    if first == "ROLLBACK" and second == "TO":
        return CONTROL
    if first == "WITH":
        return WRITE if _WRITES & set(sql.upper().split()) else READ
    return _KINDS.get(first, READ)


def _bucket(nanoseconds: int) -> int:
    return min((nanoseconds // 1000).bit_length(), BUCKETS - 1)


def _attach(connection: Any, **_: Any) -> None:
    """Meter a connection that was opened, or opened again."""
    if connection.vendor != "sqlite":
        return
    found = [wrapper for wrapper in connection.execute_wrappers if isinstance(wrapper, Connection)]
    for metered in found:
        metered.forget()
    if not found:
        Connection(connection)
