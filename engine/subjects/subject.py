"""What the harness asks of a queue under test, whichever it is.

A subject runs in processes of its own, started with its own Python: the harness imports none of it.
"""

from __future__ import annotations

import abc
import dataclasses
import json
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from engine.subjects.audit import AuditedTable, Change
    from engine.subjects.contract import Contract


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """A change of the subject's tables, in the words of ``docs/history.md``."""

    f: str
    task: str | None
    value: Mapping[str, Any]
    attempt: int | None = None
    token: int | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class FinalRow:
    """A row as it stood at the end: ``state`` is waiting, claimed, completed or failed."""

    task: str | None
    row: int | None
    state: str
    attempts: int
    run_at: float | None
    lease_until: float | None


class Subject(abc.ABC):
    """One queue: its promises, how its workers start, and how its tables are read.

    Attributes:
        name: what people type after ``--subject``.
        tables: what the audit watches.
        worker_processes: whether a worker runs its tasks in child processes; else in itself.
        statements: regular expressions by which its SQL is known, by what it is for: ``enqueue``,
            ``claim``, ``heartbeat``, ``finish``, ``fail``, ``reap``. A fault that strikes at a
            statement is not to be had where its name is missing.
    """

    name: ClassVar[str]
    tables: ClassVar[tuple[AuditedTable, ...]]
    worker_processes: ClassVar[bool]
    statements: ClassVar[Mapping[str, str]] = {}

    @abc.abstractmethod
    def version(self) -> str:
        """Return the version under test."""

    @abc.abstractmethod
    def contract(self) -> Contract:
        """Return what it promises under ``settings``."""

    @abc.abstractmethod
    def python(self) -> Path:
        """Return the interpreter that has it installed, installing it first if need be.

        Raises:
            SubjectUnavailableError: it cannot be installed.
        """

    @abc.abstractmethod
    def import_path(self) -> tuple[Path, ...]:
        """Return the folders that its processes import from, besides what is installed."""

    @abc.abstractmethod
    def settings(self) -> dict[str, Any]:
        """Return its Django settings for a run: short leases and pauses, durable as ever."""

    @abc.abstractmethod
    def worker_arguments(
        self, processes: int, timeout_seconds: float | None = None
    ) -> tuple[str, ...]:
        """Return the arguments of ``manage.py`` that start a worker of so many processes.

        An attempt may take so many seconds; None means the subject's default.
        """

    @abc.abstractmethod
    def observe(self, change: Change) -> Iterator[Observation]:
        """Say what a change of its tables means."""

    @abc.abstractmethod
    def final_rows(self, connection: Any, database: str) -> Iterator[FinalRow]:
        """Read all its rows."""

    @abc.abstractmethod
    def live_state_sql(self, database: str) -> str:
        """Return a query of one row: the number of live rows, and what changes with progress."""

    def census_sql(self) -> str:
        """Return a query of one row that counts the live, completed and failed rows.

        Empty if it keeps none of those that ended: then nothing can be added up.
        """
        return ""

    def audited(self) -> Mapping[str, tuple[str, str]]:
        """Return which table and event stand for ``created``, ``finished`` and so on.

        The words are those of the ``census`` op in ``docs/history.md``.
        """
        return {}


class SubjectUnavailableError(Exception):
    """A subject cannot be installed here: one sentence with the reason."""


def key_of(task_params: str) -> str | None:
    """Return the key of a task, the first of its arguments, or None if there is none."""
    try:
        args, _ = json.loads(task_params)
    except (ValueError, TypeError):
        return None
    return str(args[0]) if args else None


def read_rows(connection: Any, sql: str) -> list[tuple[Any, ...]]:
    """Run a query through a DB-API connection and return its rows."""
    cursor = connection.cursor()
    cursor.execute(sql)
    rows: list[tuple[Any, ...]] = list(cursor.fetchall())
    cursor.close()
    return rows
