"""The reference engine of this repository as a subject."""

from __future__ import annotations

import importlib.metadata
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from engine.subjects.audit import AuditedTable, Change, epoch
from engine.subjects.contract import Contract
from engine.subjects.subject import FinalRow, Observation, Subject, key_of, read_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LEASE_SECONDS: Final = 4.0
MAX_ATTEMPTS: Final = 3
BACKOFF_SECONDS: Final = 0.5
SLEEP_SECONDS: Final = 0.5
TIMEOUT_SECONDS: Final = 300.0
STOP_SECONDS: Final = 10.0
SCHEDULED: Final = "background_task_scheduledtask"
COMPLETED: Final = "background_task_completedtask"
FAILED: Final = "background_task_failedtask"

_REPOSITORY: Final = Path(__file__).resolve().parents[2]
_ENDED: Final = ("id", "task_params", "attempts", "token")


class BackgroundTask(Subject):
    """Leases, tokens, and an audit that sees them."""

    name: ClassVar[str] = "background_task"
    worker_processes: ClassVar[bool] = True
    statements: ClassVar[Mapping[str, str]] = {
        "enqueue": rf"^INSERT (IGNORE )?INTO {SCHEDULED}\b",
        "repeat": rf"^INSERT INTO .{SCHEDULED}.",
        "claim": rf"UPDATE {SCHEDULED} SET token = token \+ 1",
        "heartbeat": rf"UPDATE {SCHEDULED} SET lease_until = (?!NULL)",
        "finish": rf"INSERT INTO {COMPLETED}\b",
        "fail": rf"UPDATE {SCHEDULED} SET lease_until = NULL, last_error",
        "reap": rf"SELECT .*FROM {SCHEDULED} WHERE lease_until <",
    }
    tables: ClassVar[tuple[AuditedTable, ...]] = (
        AuditedTable(
            name=SCHEDULED,
            columns=(
                *("id", "task_params", "task_hash", "live_hash", "attempts", "max_attempts"),
                *(
                    "token",
                    "claimed_by",
                    "priority",
                    "queue",
                    "repeat_seconds",
                    "cron",
                    "last_error",
                ),
            ),
            times=("run_at", "lease_until", "slot_at", "repeat_until"),
        ),
        AuditedTable(name=COMPLETED, columns=(*_ENDED, "result"), times=()),
        AuditedTable(name=FAILED, columns=_ENDED, times=()),
    )

    def version(self) -> str:
        """Return the installed version."""
        return importlib.metadata.version("killproof")

    def contract(self) -> Contract:
        """Return the promises of ``docs/guarantees.md``, under ``settings``."""
        return Contract(
            max_attempts=MAX_ATTEMPTS,
            recovery_seconds=LEASE_SECONDS,
            backoff_seconds=(BACKOFF_SECONDS, 2 * BACKOFF_SECONDS),
            timeout_seconds=TIMEOUT_SECONDS,
            priorities=True,
            in_order=True,
            periodic=True,
            keeps_results=True,
            stop_seconds=STOP_SECONDS,
            wakes_up=SLEEP_SECONDS,
        )

    def python(self) -> Path:
        """Return the running interpreter."""
        return Path(sys.executable)

    def import_path(self) -> tuple[Path, ...]:
        """Return the repository, and the folder that the engine lies in."""
        return (_REPOSITORY, _REPOSITORY / "engine")

    def settings(self) -> dict[str, Any]:
        """Return settings under which a run takes seconds instead of minutes."""
        return {
            "BACKGROUND_TASK": {
                "LEASE_SECONDS": LEASE_SECONDS,
                "BACKOFF_SECONDS": BACKOFF_SECONDS,
                "SLEEP_SECONDS": SLEEP_SECONDS,
                "MAX_ATTEMPTS": MAX_ATTEMPTS,
            }
        }

    def worker_arguments(
        self, processes: int, timeout_seconds: float | None = None
    ) -> tuple[str, ...]:
        """Return a ``process_tasks`` with tracebacks in its log."""
        limit = () if timeout_seconds is None else (f"--timeout={timeout_seconds:g}",)
        return ("process_tasks", f"--workers={processes}", "--traceback", *limit)

    def observe(self, change: Change) -> Iterator[Observation]:
        """Say what a change of the three tables means."""
        row = change.after or change.before or {}
        f = _what_happened(change)
        if f is None:
            return
        holder = change.before if f == "release" and change.before else row
        yield Observation(
            f=f,
            task=key_of(row["task_params"]),
            value=_value(f, change, row),
            attempt=row["attempts"] if f == "claim" else None,
            token=holder["token"] if f != "created" else None,
        )

    def final_rows(self, connection: Any, database: str) -> Iterator[FinalRow]:
        """Read the three tables."""
        run_at, lease = epoch(database, "run_at"), epoch(database, "lease_until")
        live = f"SELECT id, task_params, attempts, {run_at}, {lease} FROM {SCHEDULED}"
        for id_, params, attempts, due, lease_until in read_rows(connection, live):
            yield FinalRow(
                task=key_of(params),
                row=id_,
                state="waiting" if lease_until is None else "claimed",
                attempts=attempts,
                run_at=float(due),
                lease_until=None if lease_until is None else float(lease_until),
            )
        for table, state in ((COMPLETED, "completed"), (FAILED, "failed")):
            ended = read_rows(connection, f"SELECT id, task_params, attempts FROM {table}")
            for id_, params, attempts in ended:
                yield FinalRow(
                    task=key_of(params),
                    row=id_,
                    state=state,
                    attempts=attempts,
                    run_at=None,
                    lease_until=None,
                )

    def live_state_sql(self, database: str) -> str:
        """Return how many rows live, and numbers that any claim changes."""
        del database  # the same everywhere
        return f"SELECT COUNT(*), COALESCE(SUM(token), 0), COALESCE(MAX(id), 0) FROM {SCHEDULED}"

    def census_sql(self) -> str:
        """Count the rows of the three tables."""
        counts = (f"(SELECT COUNT(*) FROM {table})" for table in (SCHEDULED, COMPLETED, FAILED))
        return f"SELECT {', '.join(counts)}"

    def audited(self) -> Mapping[str, tuple[str, str]]:
        """Return what the changes of the three tables count as."""
        return {
            "created": (SCHEDULED, "INSERT"),
            "finished": (COMPLETED, "INSERT"),
            "dead_lettered": (FAILED, "INSERT"),
            "deleted": (SCHEDULED, "DELETE"),
        }


def _what_happened(change: Change) -> str | None:
    match change.table, change.event:
        case "background_task_completedtask", "INSERT":
            return "finish"
        case "background_task_failedtask", "INSERT":
            return "dead-letter"
        case "background_task_scheduledtask", "INSERT":
            return "created"
        case "background_task_scheduledtask", "DELETE":
            return "deleted"
        case "background_task_scheduledtask", "UPDATE" if change.before and change.after:
            return _what_update(change.before, change.after)
    return None


def _what_update(before: Mapping[str, Any], after: Mapping[str, Any]) -> str | None:
    was_claimed, is_claimed = (row["lease_until"] is not None for row in (before, after))
    if is_claimed and (not was_claimed or before["token"] != after["token"]):
        return "claim"
    if was_claimed and not is_claimed:
        return "release"
    if was_claimed and before["lease_until"] != after["lease_until"]:
        return "heartbeat"
    return "changed" if before != after else None


def _value(f: str, change: Change, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the value of the op, as listed in docs/history.md."""
    fields = {
        "created": (
            *("run_at", "task_hash", "max_attempts", "priority", "queue"),
            *("slot_at", "repeat_until"),
        ),
        "claim": ("run_at", "lease_until", "attempts"),
        "heartbeat": ("lease_until",),
        "release": ("run_at", "attempts"),
        "finish": ("attempts", "result"),
        "dead-letter": ("attempts",),
        "deleted": (),
        "changed": (),
    }[f]
    value = {"row": row["id"], **{name: row[name] for name in fields}}
    if f == "claim":
        # Without the nonce it is what the harness knows of a supervisor: its host and pid.
        value["owner"] = ":".join(row["claimed_by"].split(":")[:2])
    if f == "created":
        value["repeats"] = _repeats(row)
    if f == "changed" and change.before and change.after:
        before, after = change.before, change.after
        value["what"] = sorted(name for name in after if before[name] != after[name])
    return value


def _repeats(row: Mapping[str, Any]) -> bool:
    """Tell whether another run follows; of a cron expression that is always believed."""
    if not row["repeat_seconds"]:
        return bool(row["cron"])
    slot = row["slot_at"] or row["run_at"]
    until = row["repeat_until"]
    return until is None or slot + row["repeat_seconds"] <= until
