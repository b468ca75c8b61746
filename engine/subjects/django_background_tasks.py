"""django-background-tasks 1.2.8 as a subject: the control, whose failures are known.

It imports as ``background_task`` like the reference engine, so it has an environment and processes
of its own. It runs under its own defaults; only the poll interval is shorter.
"""

from __future__ import annotations

import importlib.metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from engine.subjects.audit import AuditedTable, Change, epoch
from engine.subjects.contract import Contract
from engine.subjects.environment import environment_python
from engine.subjects.subject import FinalRow, Observation, Subject, key_of, read_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

VERSION: Final = "1.2.8"
MAX_ATTEMPTS: Final = 3
RECOVERY_SECONDS: Final = 10.0
LIVE: Final = "background_task"
COMPLETED: Final = "background_task_completedtask"

_REPOSITORY: Final = Path(__file__).resolve().parents[2]
_DRIVERS: Final = ("psycopg", "psycopg-binary", "PyMySQL")


class DjangoBackgroundTasks(Subject):
    """One process per worker, a lock per row, no lease and no token."""

    name: ClassVar[str] = "django_background_tasks"
    worker_processes: ClassVar[bool] = False
    statements: ClassVar[Mapping[str, str]] = {
        "enqueue": r"^INSERT INTO .background_task.\W",
        "claim": r"^UPDATE .background_task. SET .*locked_by",
        "finish": r"^INSERT INTO .background_task_completedtask.",
    }
    tables: ClassVar[tuple[AuditedTable, ...]] = (
        AuditedTable(
            name=LIVE,
            columns=("id", "task_params", "task_hash", "attempts", "locked_by"),
            times=("run_at", "locked_at"),
        ),
        AuditedTable(
            name=COMPLETED,
            columns=("id", "task_params", "task_hash", "attempts"),
            times=("failed_at",),
        ),
    )

    def version(self) -> str:
        """Return the pinned version."""
        return VERSION

    def contract(self) -> Contract:
        """Return what its documentation lets a team believe, and what a team needs.

        It does not claim to ignore duplicates, so that is not held against it. Its attempts are
        limited by MAX_ATTEMPTS, and a task whose worker died should run again before people notice.
        """
        return Contract(
            max_attempts=MAX_ATTEMPTS,
            recovery_seconds=RECOVERY_SECONDS,
            deduplicates=False,
            leases=False,
        )

    def python(self) -> Path:
        """Return the interpreter of its own environment, with our versions of the rest."""
        shared = ("Django", *_DRIVERS)
        pins = [f"{name}=={importlib.metadata.version(name)}" for name in shared]
        return environment_python(self.name, [f"django-background-tasks=={VERSION}", *pins])

    def import_path(self) -> tuple[Path, ...]:
        """Return the repository, for the project; not the folder that our engine lies in."""
        return (_REPOSITORY,)

    def settings(self) -> dict[str, Any]:
        """Return its settings; MAX_RUN_TIME, after which locks expire, stays at one hour."""
        return {"MAX_ATTEMPTS": MAX_ATTEMPTS}

    def worker_arguments(
        self, processes: int, timeout_seconds: float | None = None
    ) -> tuple[str, ...]:
        """Return a ``process_tasks``; it has one process and no timeout, whatever is asked for."""
        del processes, timeout_seconds
        return ("process_tasks", "--sleep=0.5")

    def observe(self, change: Change) -> Iterator[Observation]:
        """Say what a change of its two tables means."""
        row = change.after or change.before or {}
        f = _what_happened(change)
        if f is None:
            return
        value = {"row": row["id"] if change.table == LIVE else None, "attempts": row["attempts"]}
        if f == "created":
            value |= {"task_hash": row["task_hash"], "max_attempts": MAX_ATTEMPTS}
        if change.table == LIVE:
            value |= {"run_at": row["run_at"]}
        if f == "claim":
            value |= {"owner": row["locked_by"]}
        yield Observation(f=f, task=key_of(row["task_params"]), value=value)

    def final_rows(self, connection: Any, database: str) -> Iterator[FinalRow]:
        """Read the two tables."""
        live = (
            f"SELECT id, task_params, attempts, {epoch(database, 'run_at')}, locked_by FROM {LIVE}"
        )
        for id_, params, attempts, due, locked_by in read_rows(connection, live):
            yield FinalRow(
                task=key_of(params),
                row=id_,
                state="claimed" if locked_by else "waiting",
                attempts=attempts,
                run_at=float(due),
                lease_until=None,
            )
        ended = f"SELECT task_params, attempts, failed_at FROM {COMPLETED}"
        for params, attempts, failed_at in read_rows(connection, ended):
            yield FinalRow(
                task=key_of(params),
                row=None,
                state="failed" if failed_at else "completed",
                attempts=attempts,
                run_at=None,
                lease_until=None,
            )

    def live_state_sql(self, database: str) -> str:
        """Return how many rows live, and numbers that a claim or a retry changes."""
        locked = f"COALESCE(SUM({epoch(database, 'locked_at')}), 0)"
        return f"SELECT COUNT(*), {locked}, COALESCE(SUM(attempts), 0) FROM {LIVE}"


def _what_happened(change: Change) -> str | None:
    if change.table == COMPLETED and change.after:
        return "finish" if change.after["failed_at"] is None else "dead-letter"
    match change.before, change.after:
        case None, _:
            return "created"
        case _, None:
            return "deleted"
        case {"locked_at": before}, {"locked_at": after} if before != after:
            return "release" if after is None else "claim"
    return None
