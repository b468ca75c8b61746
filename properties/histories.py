"""Generated histories of a queue that keeps every promise.

Each task's life is drawn event by event from what a correct engine may do: retries, kills before
and after the effect, holders that die, leases that run out, duplicates, producers that never hear
back, bodies that are told nothing. Every history is legal: no checker may find anything in one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

from properties.tape import FINAL_MS, LEASE_MS, MAX_ATTEMPTS, OUTSPOKEN, Tape, manners, seconds

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn

    from engine.subjects.contract import Contract
    from reports.schema import Op

REFUNDS: Final = 2


class Life:
    """One row's life, as a correct engine leads it."""

    def __init__(self, tape: Tape, draw: DrawFn, key: str, due: int) -> None:
        self.tape = tape
        self.draw = draw
        self.key = key
        self.row = tape.new_row()
        self.due = due
        self.at = 0
        self.attempts = 0
        self.refunds = 0
        self.token = 0
        self.lease_until = 0
        self.maximum = draw(st.sampled_from([None, 1, 2, MAX_ATTEMPTS, 5]))

    @property
    def allowed(self) -> int:
        """How often it may start."""
        return self.maximum or MAX_ATTEMPTS

    def begin(self, at: int) -> None:
        """The row is created."""
        self.at = at
        self.due = max(self.due, at)
        value = {
            "run_at": seconds(self.due),
            "task_hash": f"hash of {self.key}",
            "max_attempts": self.maximum,
        }
        self.tape.audit(at, "created", self.key, self.row, value=value)

    def lead(self) -> int | None:
        """Run it until it ends; return when, or None if it lives on at the end of the run."""
        while True:
            ending = self._attempt()
            if ending == "alive":
                return None
            if ending == "ended":
                return self.at

    def _attempt(self) -> str:
        outcome = self.draw(st.sampled_from(self._outcomes()))
        if outcome == "wait":
            return self._wait()
        is_mortal = outcome in {"owner", "orphan"}
        owner = self.tape.new_pid() if is_mortal else self.draw(st.sampled_from([900, 901]))
        self._claim(owner)
        if outcome == "unstarted":
            self._release(refund=True)
            return "waiting"
        pid = self.tape.new_pid()
        if outcome == "orphan":
            self._kill(owner, in_body=False)
        self._start(pid)
        if outcome != "orphan" and self.draw(st.booleans()):
            self._work_long()
        if outcome == "run":
            return self._stay_claimed()
        if outcome == "ok":
            return self._succeed(pid)
        return self._break(outcome, pid, owner)

    def _outcomes(self) -> list[str]:
        endings = ["ok", "ok", "ok", "raise", "kill", "run"]
        if self.refunds < REFUNDS:
            endings.append("unstarted")
        if self.tape.manner.leases:
            endings += ["owner", "orphan", "held"]
        return [*endings, "wait"] if self.attempts == 0 else endings

    def _claim(self, owner: int) -> None:
        self.at = max(self.at, self.due) + self.draw(st.integers(0, 300))
        self.attempts += 1
        self.token += 1
        self.lease_until = self.at + LEASE_MS
        value = {
            "owner": f"host:{owner}",
            "attempts": self.attempts,
            "run_at": seconds(self.due),
            "lease_until": seconds(self.lease_until),
        }
        self._audit("claim", attempt=self.attempts, value=value)

    def _audit(self, f: str, **fields: Any) -> None:
        self.tape.audit(self.at, f, self.key, self.row, token=self.token, **fields)

    def _start(self, pid: int) -> None:
        self.at += self.draw(st.integers(0, 100))
        value = {"pid": pid, **({"row": self.row} if self.tape.manner.tells_rows else {})}
        self.tape.say(
            self.at, f"body-{pid}", "invoke", "attempt", task=self.key, value=value, **self._told()
        )

    def _told(self) -> dict[str, int]:
        if not self.tape.manner.tells_tokens:
            return {}
        token = {"token": self.token} if self.tape.manner.leases else {}
        return {"attempt": self.attempts, **token}

    def _work_long(self) -> None:
        """Work for longer than a lease, and renew it."""
        for _ in range(3):
            self.at += LEASE_MS // 2
            self._renew()

    def _renew(self) -> None:
        self.lease_until = self.at + LEASE_MS
        self._audit("heartbeat", value={"lease_until": seconds(self.lease_until)})

    def _effect(self, pid: int) -> None:
        self.at += self.draw(st.integers(0, 50))
        self.tape.say(
            self.at,
            f"body-{pid}",
            "ok",
            "effect",
            task=self.key,
            value={"pid": pid},
            **self._told(),
        )

    def _end(self, pid: int, type_: str) -> None:
        self.at += self.draw(st.integers(0, 50))
        self.tape.say(self.at, f"body-{pid}", type_, "attempt", task=self.key)

    def _succeed(self, pid: int) -> str:
        self._effect(pid)
        self._end(pid, "ok")
        self._finish("finish", "completed")
        return "ended"

    def _break(self, outcome: str, pid: int, owner: int) -> str:
        has_effect = not self.tape.manner.effect_is_last and self.draw(st.booleans())
        if has_effect and outcome != "held":
            self._effect(pid)
        if outcome == "raise":
            self._end(pid, "fail")
        elif outcome == "kill":
            self._kill(pid, in_body=True)
        elif outcome == "held":
            self._be_held_up(pid)
        else:
            self._lose_owner(pid, None if outcome == "orphan" else owner)
        if self.attempts >= self.allowed:
            self._finish("dead-letter", "failed")
            return "ended"
        if outcome not in {"owner", "orphan", "held"} or self.draw(st.booleans()):
            self._release(refund=False)
        return "waiting"

    def _kill(self, pid: int, *, in_body: bool) -> None:
        """Kill a process; the engine may notice before its killer does."""
        self.at += self.draw(st.integers(1, 100))
        seen_at = self.at + self.draw(st.integers(0, 500))
        self.tape.kill(self.at, pid, seen_at, in_body=in_body)
        self.at += self.draw(st.integers(1, 50))

    def _be_held_up(self, pid: int) -> None:
        """Renew the lease once and then no more; the body goes on, and ends whenever it does."""
        self.at += self.draw(st.integers(0, LEASE_MS - 1))
        self._renew()
        self.at = self.lease_until + self.draw(st.integers(0, 300))
        ends_at = self.at + self.draw(st.integers(0, 3_000))
        type_ = self.draw(st.sampled_from(["ok", "fail"]))
        self.tape.say(ends_at, f"body-{pid}", type_, "attempt", task=self.key)

    def _lose_owner(self, pid: int, owner: int | None) -> None:
        """Kill who holds the claim, if it lives; its lease has to run out."""
        if not self.tape.manner.effect_is_last and self.draw(st.booleans()):
            self._end(pid, "ok")
        if owner is not None:
            self._kill(owner, in_body=False)
        self.at = max(self.at, self.lease_until)

    def _release(self, *, refund: bool) -> None:
        if refund:
            self.attempts -= 1
            self.refunds += 1
        else:
            self.due = self.at + self.draw(st.sampled_from([0, 40, 500]))
        self._audit("release", value={"run_at": seconds(self.due), "attempts": self.attempts})

    def _finish(self, f: str, state: str) -> None:
        self.at += self.draw(st.integers(0, 50))
        row = self.row if self.tape.manner.names_ended_rows else None
        value = {"attempts": self.attempts}
        self.tape.audit(self.at, f, self.key, row, token=self.token, value=value)
        self.tape.audit(self.at, "deleted", self.key, self.row)
        if state == "failed" or not self.tape.manner.prunes:
            self._stand(row, state, None)

    def _wait(self) -> str:
        """Be due after the end of the run."""
        self.due = FINAL_MS + 1
        self._audit("release", value={"run_at": seconds(self.due), "attempts": 0})
        self._stand(self.row, "waiting", None)
        return "alive"

    def _stay_claimed(self) -> str:
        """Still run at the end, under a live lease."""
        self._audit("heartbeat", value={"lease_until": seconds(FINAL_MS + 1)})
        until = FINAL_MS + 1 if self.tape.manner.leases else None
        self._stand(self.row, "claimed", until)
        return "alive"

    def _stand(self, row: int | None, state: str, until: int | None) -> None:
        value = {
            "row": row,
            "state": state,
            "attempts": self.attempts,
            "run_at": seconds(self.due),
            "lease_until": None if until is None else seconds(until),
        }
        self.tape.say(FINAL_MS, "final-read", "ok", "row", task=self.key, value=value)


def call(tape: Tape, at: int, key: str, end: str, *, unique: bool = True, **value: Any) -> None:
    """Record one call of a producer, which takes 20 ms."""
    producer = f"producer-{tape.new_pid()}"
    tape.say(at, producer, "invoke", "enqueue", task=key, value={"unique": unique})
    if end == "ok":
        tape.say(at + 20, producer, "ok", "enqueue", task=key, value=value)
    elif end != "dies":
        tape.say(at + 20, producer, end, "enqueue", task=key, error="DataError: no")


def live(tape: Tape, draw: DrawFn, key: str, at: int, *, unique: bool = True) -> int | None:
    """Enqueue a row and lead its life; return when it ended, if it did."""
    life = Life(tape, draw, key, at + 10 + draw(st.sampled_from([0, 40, 2000])))
    end = draw(st.sampled_from(["ok", "ok", "ok", "info", "dies"]))
    call(tape, at, key, end, unique=unique, row=life.row, duplicate=False)
    life.begin(at + 10)
    ended_at = life.lead()
    if unique and tape.manner.deduplicates and draw(st.booleans()):
        latest = life.at if ended_at is not None else FINAL_MS - 100
        seen_at = draw(st.integers(at + 10, max(at + 10, latest)))
        call(tape, seen_at, key, "ok", row=life.row, duplicate=True)
    return ended_at


def task(tape: Tape, draw: DrawFn, key: str) -> None:
    """Lead the lives of all rows of one task."""
    at = draw(st.integers(100, 3_000))
    if draw(st.booleans()):
        call(tape, at, key, draw(st.sampled_from(["fail", "dies", "info"])))
    ended_at = live(tape, draw, key, at + 30)
    if ended_at is not None and draw(st.booleans()):
        live(tape, draw, key, ended_at + 10)
    elif draw(st.booleans()):
        # It opts out of being unique, or the subject does not care.
        live(tape, draw, key, at + 200, unique=not tape.manner.deduplicates)


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
        value = {"pid": pid, "row": row}
        tape.say(at + 100, f"body-{pid}", "invoke", "attempt", value=value, **told)
        tape.say(at + 200, f"body-{pid}", "ok", "effect", value={"pid": pid}, **told)
    tape.kill(1_300, 1, 1_310, in_body=True)
    tape.audit(1_400, "release", key, row, token=1, value={**due, "attempts": 1})
    tape.say(3_300, "body-2", "ok", "attempt", task=key)
    tape.audit(3_310, "finish", key, row, token=2, value={"attempts": 2})
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
    _run(tape, draw, tasks=draw(st.integers(0, 5)))
    return tape.ops(), tape.manner.contract()


def _run(tape: Tape, draw: DrawFn, *, tasks: int) -> None:
    tape.say(0, "harness", "ok", "phase", value={"name": "steady"})
    for number in range(1, tasks + 1):
        task(tape, draw, f"order-{number}")
    tape.say(FINAL_MS, "final-read", "ok", "final-read", value={"drained": True})
