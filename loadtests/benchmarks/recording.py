"""A Django app that writes down every statement of a process: what the floor replays.

It is installed in a worker's project beside the queue, and rides on Django's connections: the
statements as the engine sends them, with their values, the rows that came back, and where each
transaction was committed. One file per process, of pickles: it is read by the harness that started
the process, and by nobody else.
"""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from django.apps import AppConfig
from django.db.backends.signals import connection_created

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TRACE: Final = "KILLPROOF_TRACE"
"""The environment variable that names the folder of the files."""

APP: Final = f"{__name__}.Recording"


class Sent(NamedTuple):
    """One statement, and what it returned."""

    sql: str
    values: tuple[Any, ...]
    rows: list[tuple[Any, ...]]


class Recording(AppConfig):
    """Records from the first connection on."""

    name = "loadtests.benchmarks"
    label = "recording"

    def ready(self) -> None:
        """Ride on every connection that is opened."""
        connection_created.connect(_attach, dispatch_uid=TRACE)


class Recorder:
    """What is known of one connection: the statements since its last commit."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._sent: list[Sent] = []
        self._commit = connection._commit  # noqa: SLF001 - the driver's commits pass here only
        connection._commit = self.commit  # noqa: SLF001 - likewise
        connection.execute_wrappers.append(self)

    def __call__(
        self, execute: Callable[..., Any], sql: str, values: Any, many: bool, context: Any
    ) -> Any:
        """Take one statement down; its rows are put back for the engine."""
        result = execute(sql, values, many, context)
        cursor = context["cursor"].cursor
        rows = cursor.fetchall() if cursor.description else []
        if rows:
            cursor.scroll(0, mode="absolute")
        for each in values if many else [values or ()]:
            self._sent.append(Sent(sql, tuple(each), rows))
        if self._connection.get_autocommit():
            self._write()
        return result

    def commit(self) -> Any:
        """Commit, and write down what was committed."""
        result = self._commit()
        self._write()
        return result

    def _write(self) -> None:
        path = Path(os.environ[TRACE]) / f"{os.getpid()}.trace"
        with path.open("ab") as file:
            pickle.dump([tuple(each) for each in self._sent], file)
        self._sent = []


def read_trace(folder: Path) -> Iterator[list[Sent]]:
    """Read the committed transactions of all processes, those of each in order."""
    for path in sorted(folder.glob("*.trace")):
        with path.open("rb") as file:
            while file.peek(1):
                yield [Sent(*each) for each in pickle.load(file)]  # noqa: S301 - our own workers'


def _attach(connection: Any, **_: Any) -> None:
    """Ride on a connection once, however often it is opened anew."""
    if not any(isinstance(each, Recorder) for each in connection.execute_wrappers):
        Recorder(connection)
