"""Generated histories of a queue that keeps every promise.

Each task's life is drawn event by event from what a correct engine may do: retries, kills before
and after the effect, holders that die, leases that run out, duplicates, producers that never hear
back, bodies that are told nothing. Every history is legal: no checker may find anything in one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from properties.lives import Life, contents, result
from properties.tape import FINAL_MS, LEASE_MS, OUTSPOKEN, Tape, manners, seconds

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn

    from engine.subjects.contract import Contract
    from reports.schema import Op


def call(
    tape: Tape,
    at: int,
    key: str,
    end: str,
    *,
    asked: dict[str, Any] | None = None,
    **value: Any,
) -> None:
    """Record one call of a producer, which takes 20 ms."""
    producer = f"producer-{tape.new_pid()}"
    told = {"unique": True, "kind": "send_mail", **contents(tape, key), **(asked or {})}
    tape.say(at, producer, "invoke", "enqueue", task=key, value=told)
    if end == "ok":
        tape.say(at + 20, producer, "ok", "enqueue", task=key, value=value)
    elif end != "dies":
        tape.say(at + 20, producer, end, "enqueue", task=key, error="DataError: no")


def live(tape: Tape, draw: DrawFn, key: str, at: int, *, unique: bool = True) -> int | None:
    """Enqueue a row and lead its life; return when it ended, if it did."""
    life = Life(tape, draw, key, at + 10 + draw(st.sampled_from([0, 40, 2000])))
    end = draw(st.sampled_from(["ok", "ok", "ok", "info", "dies"]))
    call(tape, at, key, end, asked={"unique": unique}, row=life.row, duplicate=False)
    life.begin(at + 10)
    ended_at = life.lead()
    if unique and tape.manner.deduplicates and draw(st.booleans()):
        latest = life.at if ended_at is not None else FINAL_MS - 100
        seen_at = draw(st.integers(at + 10, max(at + 10, latest)))
        call(tape, seen_at, key, "ok", row=life.row, duplicate=True)
    return ended_at


def task(tape: Tape, draw: DrawFn, key: str) -> None:
    """Lead the lives of all rows of one task."""
    at = tape.begins + draw(st.integers(100, 3_000))
    if draw(st.booleans()):
        end = draw(st.sampled_from(["fail", "dies", "info"]))
        call(tape, at, key, end, asked={"aborts": True} if end == "fail" else None)
    ended_at = live(tape, draw, key, at + 30)
    if ended_at is not None and draw(st.booleans()):
        live(tape, draw, key, ended_at + 10)
    elif draw(st.booleans()):
        # It opts out of being unique, or the subject does not care.
        live(tape, draw, key, at + 200, unique=not tape.manner.deduplicates)


def batch(tape: Tape, draw: DrawFn, name: str) -> None:
    """Enqueue two or three tasks at once: all of them or none."""
    at = tape.begins + draw(st.integers(100, 3_000))
    end = draw(st.sampled_from(["ok", "fail", "info", "dies"]))
    is_made = end == "ok" or (end != "fail" and draw(st.booleans()))
    for number in range(draw(st.integers(2, 3))):
        key = f"{name}-{number}"
        asked = {"batch": name, "aborts": end == "fail"}
        if not is_made:
            call(tape, at, key, end, asked=asked)
            continue
        life = Life(tape, draw, key, at + 10)
        call(tape, at, key, end, asked=asked, row=life.row, duplicate=False)
        life.begin(at + 10)
        life.lead()


def model_batch(tape: Tape) -> None:
    """Enqueue the batch that every mutator can tear: two tasks that wait for after the run."""
    due = {"run_at": seconds(FINAL_MS + 1)}
    for key in ("many-1", "many-2"):
        row = tape.new_row()
        call(tape, 100, key, "ok", asked={"batch": "many"}, row=row, duplicate=False)
        created = {**due, "task_hash": f"hash of {key}", "max_attempts": None}
        tape.audit(110, "created", key, row, value=created)
        waiting = {"row": row, "state": "waiting", "attempts": 0, "lease_until": None, **due}
        tape.say(FINAL_MS, "final-read", "ok", "row", task=key, value=waiting)


def model_task(tape: Tape) -> None:
    """Lead the one life that every mutator can spoil: delayed, duplicated, killed and repeated."""
    key, row = "model", tape.new_row()
    call(tape, 100, key, "ok", row=row, duplicate=False)
    due = {"run_at": seconds(1_000)}
    created = {**due, "task_hash": "hash of model", "max_attempts": None}
    tape.audit(110, "created", key, row, value=created)
    call(tape, 300, key, "ok", row=row, duplicate=True)
    for token, pid, at in ((1, 1, 1_000), (2, 2, 3_000)):
        told = {"task": key, "attempt": token, "token": token}
        lease = {"lease_until": seconds(at + LEASE_MS), "owner": f"host:{900 + token}"}
        claimed = {**due, **lease, "attempts": token}
        tape.audit(at, "claim", key, row, token=token, attempt=token, value=claimed)
        value = {"pid": pid, "row": row, **contents(tape, key)}
        tape.say(at + 100, f"body-{pid}", "invoke", "attempt", value=value, **told)
        tape.say(at + 200, f"body-{pid}", "ok", "effect", value={"pid": pid}, **told)
    tape.kill(1_300, 1, 1_310, in_body=True)
    tape.audit(1_400, "release", key, row, token=1, value={**due, "attempts": 1})
    returned = result(tape, key, 2)
    tape.say(3_300, "body-2", "ok", "attempt", task=key, value=returned)
    tape.audit(3_310, "finish", key, row, token=2, value={"attempts": 2, **returned})
    tape.audit(3_310, "deleted", key, row)
    ended = {"row": row, "state": "completed", "attempts": 2, "lease_until": None, **due}
    tape.say(FINAL_MS, "final-read", "ok", "row", task=key, value=ended)


@st.composite
def histories(draw: DrawFn) -> tuple[list[Op], Contract]:
    """Draw a legal history of up to six tasks, and the contract that it keeps."""
    tape = Tape(draw(manners))
    _run(tape, draw, tasks=draw(st.integers(1, 6)))
    return tape.ops(), tape.manner.contract()


@st.composite
def outspoken_histories(draw: DrawFn) -> tuple[list[Op], Contract]:
    """Draw a legal history in which everybody tells everything, with the model task."""
    tape = Tape(OUTSPOKEN)
    model_task(tape)
    model_batch(tape)
    # A fault that strikes another task excuses what a mutator does to the model at that time.
    tape.begins = 10_000
    _run(tape, draw, tasks=draw(st.integers(0, 5)))
    return tape.ops(), tape.manner.contract()


def _run(tape: Tape, draw: DrawFn, *, tasks: int) -> None:
    tape.say(0, "harness", "ok", "phase", value={"name": "steady"})
    for number in range(1, tasks + 1):
        if draw(st.integers(0, 4)) == 0:
            batch(tape, draw, f"batch-{number}")
        else:
            task(tape, draw, f"order-{number}")
    tape.say(FINAL_MS, "final-read", "ok", "final-read", value={"drained": True})
