"""One row's life, drawn event by event from what a correct engine may do under faults."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

from properties.tape import FINAL_MS, LEASE_MS, MAX_ATTEMPTS, TIMEOUT_MS, Tape, seconds

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn

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
        if outcome in {"paused", "outage", "unheard"}:
            return self._be_struck(outcome)
        is_mortal = outcome in {"owner", "orphan", "stop"}
        owner = self.tape.new_pid() if is_mortal else self.draw(st.sampled_from([900, 901]))
        self._claim(owner)
        if outcome == "unstarted":
            self._release(refund=True)
            return "waiting"
        pid = self.tape.new_pid()
        if outcome == "orphan":
            self._kill(owner, in_body=False)
        self._start(pid)
        if outcome not in {"orphan", "timeout"} and self.draw(st.booleans()):
            self._work_long()
        if outcome == "run":
            return self._stay_claimed()
        if outcome == "ok":
            return self._succeed(pid)
        return self._break(outcome, pid, owner)

    def _outcomes(self) -> list[str]:
        endings = ["ok", "ok", "ok", "raise", "kill", "run", "timeout", "stop"]
        if self.refunds < REFUNDS:
            endings.append("unstarted")
        if self.tape.manner.leases:
            endings += ["owner", "orphan", "held", "paused", "outage", "unheard"]
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
        value |= contents(self.tape, self.key)
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
        self._say_end(self.at, pid, type_)

    def _say_end(self, at: int, pid: int, type_: str) -> None:
        value = result(self.tape, self.key, pid) if type_ == "ok" else {}
        self.tape.say(at, f"body-{pid}", type_, "attempt", task=self.key, value=value)

    def _succeed(self, pid: int) -> str:
        self._effect(pid)
        self._end(pid, "ok")
        self._finish("finish", "completed", result(self.tape, self.key, pid))
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
        elif outcome == "timeout":
            self._time_out(pid)
        elif outcome == "stop":
            self._stop(pid, owner)
        else:
            self._lose_owner(pid, None if outcome == "orphan" else owner)
        return self._give_back(is_over=outcome in {"owner", "orphan", "held"})

    def _give_back(self, *, is_over: bool) -> str:
        """Wait for the next attempt, if there is one; a lease that is over needs no release."""
        if self.attempts >= self.allowed:
            self._finish("dead-letter", "failed")
            return "ended"
        if not is_over or self.draw(st.booleans()):
            self._release(refund=False)
        return "waiting"

    def _be_struck(self, fault: str) -> str:
        """Lose the lease to a fault: a pause of the worker, a database that is out of reach.

        Or the answer of the claim is lost, and nobody starts what nobody knows to be claimed.
        """
        owner, pid = self.tape.new_pid(), self.tape.new_pid()
        self._claim(owner)
        struck_at = self.at
        if fault != "unheard" and self.draw(st.booleans()):
            self._start(pid)
            struck_at = self.at + 1
            has_begun = True
        else:
            has_begun = False
        has_effect = has_begun and not self.tape.manner.effect_is_last
        healed_at = self.lease_until + self.draw(st.integers(1, 3_000))
        struck = (pid, owner) if fault == "paused" else ()
        disturbs = "processes" if fault == "paused" else "database"
        self.tape.fault(struck_at, healed_at, disturbs, *struck)
        self.at = self.lease_until + (0 if fault == "paused" else healed_at - self.lease_until + 2)
        if has_begun:
            self._wake(pid, healed_at + 2, has_effect=has_effect and self.draw(st.booleans()))
        return self._give_back(is_over=True)

    def _wake(self, pid: int, at: int, *, has_effect: bool) -> None:
        """Go on after a fault, as if nothing had happened."""
        if has_effect:
            told = {"value": {"pid": pid}, **self._told()}
            self.tape.say(at, f"body-{pid}", "ok", "effect", task=self.key, **told)
        self._say_end(at + 1, pid, self.draw(st.sampled_from(["ok", "fail"])))

    def _time_out(self, pid: int) -> None:
        """Run until the engine ends it, which somebody sees or nobody."""
        ends_at = self.at + TIMEOUT_MS
        while self.at + LEASE_MS // 2 < ends_at:
            self.at += LEASE_MS // 2
            self._renew()
        self.at = ends_at
        if self.draw(st.booleans()):
            self.tape.say(self.at + 5, "harness", "ok", "death", value={"pid": pid})
        self.at += 10

    def _stop(self, pid: int, owner: int) -> None:
        """Stop the worker, which ends its bodies."""
        value = {"pid": owner, "slot": 0, "signal": "SIGTERM"}
        self.tape.say(self.at + 1, "harness", "ok", "stop", value=value)
        self.tape.say(self.at + 20, "harness", "ok", "death", value={"pid": pid})
        self.at += 30

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
        self._say_end(ends_at, pid, self.draw(st.sampled_from(["ok", "fail"])))

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

    def _finish(self, f: str, state: str, told: dict[str, Any] | None = None) -> None:
        self.at += self.draw(st.integers(0, 50))
        row = self.row if self.tape.manner.names_ended_rows else None
        value = {"attempts": self.attempts, **(told or {})}
        self.tape.audit(self.at, f, self.key, row, token=self.token, value=value)
        self.tape.audit(self.at, "deleted", self.key, self.row)
        if state == "failed" or not self.tape.manner.prunes:
            self._stand(row, state, None)

    def _wait(self) -> str:
        """Be due after the end of the run."""
        self.due = FINAL_MS + 1
        self._audit("changed", value={"what": ["run_at"]})
        self._stand(self.row, "waiting", None)
        return "alive"

    def _stay_claimed(self) -> str:
        """Still run at the end, under a live lease."""
        self._renew()
        while self.tape.manner.leases and self.lease_until <= FINAL_MS:
            self.at = self.lease_until - 1
            self._renew()
        until = self.lease_until if self.tape.manner.leases else None
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


def contents(tape: Tape, key: str) -> dict[str, Any]:
    """Return what stands for the arguments of a task, where somebody tells it."""
    return {"digest": f"digest of {key}"} if tape.manner.tells_contents else {}


def result(tape: Tape, key: str, pid: int) -> dict[str, Any]:
    """Return what an attempt of a task returns, where somebody tells it."""
    return {"result": json.dumps([key, pid])} if tape.manner.tells_contents else {}
