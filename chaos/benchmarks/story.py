"""A long legal history, written to disk as a run writes one: the same for the same length.

Most tasks run once. Some are renewed for long, some are killed and run again, some raise, some are
enqueued twice, and faults hold the database up now and then.
"""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any, Final

from engine.subjects.contract import Contract

if TYPE_CHECKING:
    from pathlib import Path

CONTRACT: Final = Contract(
    max_attempts=3,
    recovery_seconds=4.0,
    backoff_seconds=(0.5, 1.0),
    timeout_seconds=60.0,
    priorities=True,
    in_order=True,
    keeps_results=True,
    stop_seconds=5.0,
    wakes_up=2.0,
)
MS: Final = 1_000_000
EPOCH: Final = 1_700_000_000.0
WORKERS: Final = 16
HEARTBEATS: Final = 20
OUTAGE_EVERY: Final = 5_000


class Story:
    """Writes the ops of the processes of each role into one file."""

    def __init__(self, folder: Path, files: contextlib.ExitStack) -> None:
        self._folder = folder
        self._files = files
        self._open: dict[str, Any] = {}
        self.written = 0
        self._sequence = 0

    def say(self, at: float, process: str, type_: str, f: str, **fields: Any) -> None:
        """Write an op."""
        role = process.partition("-")[0]
        if role not in self._open:
            path = self._folder / f"{role}.ndjson"
            self._open[role] = self._files.enter_context(path.open("w", encoding="utf-8"))
        op = {"time": round((1_000 + at) * MS), "process": process, "type": type_, "f": f}
        self._open[role].write(json.dumps({**op, **fields}) + "\n")
        self.written += 1

    def audit(self, at: float, f: str, key: str, row: int, **fields: Any) -> None:
        """Write an op of the audit."""
        self._sequence += 1
        value = {"sequence": self._sequence, "row": row, **fields.pop("value", {})}
        self.say(at, "audit", "ok", f, task=key, value=value, database_time=seconds(at), **fields)

    def lead(self, number: int) -> None:
        """Tell the life of one task."""
        key, at = f"order-{number}", float(number * 2)
        producer = f"producer-{number % 4}"
        value: dict[str, Any] = {"kind": "send_mail", "digest": f"{number:08x}"}
        self.say(at, producer, "invoke", "enqueue", task=key, value=value)
        due = {"run_at": seconds(at), "queue": "default", "priority": 0}
        created = {**due, "task_hash": f"{number:08x}", "max_attempts": 3}
        self.audit(at + 1, "created", key, number, value=created)
        answer = {"row": number, "duplicate": False}
        self.say(at + 1.5, producer, "ok", "enqueue", task=key, value=answer)
        if number % 50 == 0:
            self.say(at + 1.6, producer, "invoke", "enqueue", task=key, value=value)
            again = {**answer, "duplicate": True}
            self.say(at + 1.8, producer, "ok", "enqueue", task=key, value=again)
        at, attempt = self._try(number, key, at + 2, due)
        finished = {"attempts": attempt, "result": f'"{key}"'}
        self.audit(at + 4, "finish", key, number, token=attempt, value=finished)
        self.audit(at + 4, "deleted", key, number)

    def _try(self, number: int, key: str, at: float, due: dict[str, Any]) -> tuple[float, int]:
        """Attempt it until it works; return when its last attempt ended, and its number."""
        for attempt in (1, 2):
            is_mortal = number % 97 == 0 and attempt == 1
            pid = 10_000 + number if is_mortal else 1_000 + number % WORKERS
            told = {"task": key, "attempt": attempt, "token": attempt}
            value = {"row": number, "pid": pid, "digest": f"{number:08x}"}
            self._claim(at, key, number, attempt, due)
            self.say(at + 1, f"body-{pid}", "invoke", "attempt", **told, value=value)
            if is_mortal:
                at = self._die(at + 2, key, number, pid)
            elif number % 89 == 0 and attempt == 1:
                error = "OutOfPaperError: no"
                self.say(at + 2, f"body-{pid}", "fail", "attempt", task=key, error=error)
                self._release(at + 3, key, number, attempt, at + 603)
                at += 604
            else:
                at = self._beat(at, key, number, attempt) if number % 200 == 0 else at
                value = {"result": f'"{key}"'}
                self.say(at + 2, f"body-{pid}", "ok", "effect", **told, value={"pid": pid})
                self.say(at + 3, f"body-{pid}", "ok", "attempt", task=key, value=value)
                return at, attempt
        raise AssertionError("every second attempt works")

    def _claim(self, at: float, key: str, row: int, attempt: int, due: dict[str, Any]) -> None:
        owner = f"host:{100 + row % 4}"
        value = {**due, "lease_until": seconds(at + 4_000), "owner": owner, "attempts": attempt}
        self.audit(at, "claim", key, row, token=attempt, attempt=attempt, value=value)

    def _release(self, at: float, key: str, row: int, attempt: int, due: float) -> None:
        value = {"run_at": seconds(due), "attempts": attempt}
        self.audit(at, "release", key, row, token=attempt, value=value)

    def _beat(self, at: float, key: str, row: int, attempt: int) -> float:
        for _ in range(HEARTBEATS):
            at += 1_300
            value = {"lease_until": seconds(at + 4_000)}
            self.audit(at, "heartbeat", key, row, token=attempt, value=value)
        return at

    def _die(self, at: float, key: str, row: int, pid: int) -> float:
        fault, target = f"fault-1.{row}", {"pid": pid, "target": "task"}
        self.say(at, fault, "invoke", "kill", value=target)
        self.say(at + 1, fault, "ok", "kill", value={"pid": pid, "in_body": True})
        self._release(at + 2, key, row, 1, at + 2)
        return at + 3

    def hold_up(self, number: int) -> None:
        """Tell of a fault that held the database up for a moment."""
        at, fault = float(number * 2), f"fault-{2 + number}"
        value = {"family": "database", "disturbs": "database"}
        self.say(at, fault, "invoke", "database_pause", value=value)
        self.say(at + 1, fault, "ok", "database_pause", value={"pids": []})
        self.say(at + 100, fault, "invoke", "heal")
        self.say(at + 101, fault, "ok", "heal")


def seconds(at: float) -> float:
    """Return a time of the database's clock."""
    return EPOCH + at / 1000


def write_story(folder: Path, events: int) -> int:
    """Write a history of about so many ops into the folder; return how many they are."""
    (folder / "history").mkdir()
    with contextlib.ExitStack() as files:
        story = Story(folder / "history", files)
        number = 0
        while story.written + number < events:
            number += 1
            story.lead(number)
            if number % OUTAGE_EVERY == 0:
                story.hold_up(number)
        end = number * 2.0 + 60_000
        for row in range(1, number + 1):
            value = {"row": row, "state": "completed", "attempts": 1}
            told = {"task": f"order-{row}", "value": value, "database_time": seconds(end)}
            story.say(end, "final-read", "ok", "row", **told)
        value = {"drained": True}
        story.say(end, "final-read", "ok", "final-read", value=value, database_time=seconds(end))
        return story.written
