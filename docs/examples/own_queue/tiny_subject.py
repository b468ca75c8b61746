"""The subject: what killproof has to know of tinyqueue, in one file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.provenance import REPOSITORY
from engine.subjects import Contract, FinalRow, Observation, Subject
from engine.subjects.audit import AuditedTable, Change, epoch
from engine.subjects.subject import key_of, read_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLE = "tinyqueue_job"


class TinyQueue(Subject):
    """One process per worker, no lease, and nobody who takes back what a dead worker held."""

    name = "tinyqueue"
    worker_processes = False
    tables = (
        AuditedTable(name=TABLE, columns=("id", "args", "state", "attempts"), times=("run_at",)),
    )

    def version(self) -> str:
        """Return its version."""
        return "1.0"

    def contract(self) -> Contract:
        """Promise no more than it means to keep: no leases, and duplicates are not ignored."""
        return Contract(max_attempts=3, recovery_seconds=4.0, deduplicates=False, leases=False)

    def python(self) -> Path:
        """Return the Python that this session runs in: it has all that tinyqueue needs."""
        return Path(sys.executable)

    def import_path(self) -> tuple[Path, ...]:
        """Return this folder, and the repository for the tasks of the runs."""
        return (Path(__file__).parent, REPOSITORY)

    def settings(self) -> dict[str, Any]:
        """Return its app; ``background_task`` is in INSTALLED_APPS already."""
        return {"EXTRA_APPS": ["tinyqueue"]}

    def worker_arguments(
        self, processes: int, timeout_seconds: float | None = None
    ) -> tuple[str, ...]:
        """Return the command of its worker, which has one process and no timeout."""
        del processes, timeout_seconds
        return ("run_jobs",)

    def observe(self, change: Change) -> Iterator[Observation]:
        """Say what a change of a row means, in the words of docs/history.md."""
        before, after = change.before, change.after
        row = after or before or {}
        value = {"row": row["id"], "run_at": row["run_at"], "attempts": row["attempts"]}
        words = {
            (None, "waiting"): "created",
            ("waiting", "running"): "claim",
            ("running", "waiting"): "release",
            ("running", "completed"): "finish",
            ("running", "failed"): "dead-letter",
        }
        word = words.get((before and before["state"], after and after["state"]))
        if word is not None:
            yield Observation(f=word, task=key_of(row["args"]), value=value)

    def final_rows(self, connection: Any, database: str) -> Iterator[FinalRow]:
        """Read all rows, whatever came of them."""
        sql = f"SELECT id, args, state, attempts, {epoch(database, 'run_at')} FROM {TABLE}"
        for id_, args, state, attempts, run_at in read_rows(connection, sql):
            yield FinalRow(
                task=key_of(args),
                row=id_,
                state="claimed" if state == "running" else state,
                attempts=attempts,
                run_at=float(run_at),
                lease_until=None,
            )

    def live_state_sql(self, database: str) -> str:
        """Count what waits or runs; every claim changes the sum of the attempts."""
        del database  # the same everywhere
        live = "state IN ('waiting', 'running')"
        return f"SELECT COUNT(*), COALESCE(SUM(attempts), 0) FROM {TABLE} WHERE {live}"
