"""Writes small histories by hand: what each test of a checker begins with.

Times are seconds of the run. The database's clock shows 1000 seconds more, so a checker that mixes
up the two is found out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from reports.schema import Op

if TYPE_CHECKING:
    from collections.abc import Callable

DATABASE_EPOCH = 1000.0


class Script:
    """A history under construction; every method says one thing and returns the script."""

    def __init__(self) -> None:
        self.ops: list[Op] = []
        self._sequence = 0
        self.say(0.0, "harness", "ok", "phase", value={"name": "setup"})

    def say(self, at: float, process: str, type_: Any, f: str, **fields: Any) -> Self:
        """Add an op as it is."""
        time = 5_000_000_000 + round(at * 1e9)
        self.ops.append(Op(time=time, process=process, type=type_, f=f, **fields))
        return self

    def without(self, unwanted: Callable[[Op], bool]) -> Self:
        """Remove ops."""
        self.ops = [op for op in self.ops if not unwanted(op)]
        return self

    def call(self, at: float, task: str = "order-1", *, unique: bool = True, **asked: Any) -> Self:
        """A producer calls."""
        value = {"unique": unique, **asked}
        return self.say(at, "producer-10", "invoke", "enqueue", task=task, value=value)

    def answer(
        self, at: float, task: str = "order-1", *, row: Any = 1, duplicate: bool = False
    ) -> Self:
        """The call returns."""
        value = {"row": row, "duplicate": duplicate}
        return self.say(at, "producer-10", "ok", "enqueue", task=task, value=value)

    def refuse(self, at: float, type_: str, task: str = "order-1") -> Self:
        """The call ends with an error."""
        return self.say(at, "producer-10", type_, "enqueue", task=task, error="DataError: no")

    def enqueue(
        self,
        at: float,
        task: str = "order-1",
        row: int = 1,
        *,
        due: float | None = None,
        max_attempts: int | None = None,
    ) -> Self:
        """A call that makes a row and returns."""
        return (
            self.call(at, task)
            .created(at + 0.01, task, row, due=due, max_attempts=max_attempts)
            .answer(at + 0.02, task, row=row)
        )

    def audit(
        self,
        at: float,
        f: str,
        task: str | None = "order-1",
        row: int | None = 1,
        *,
        token: int | None = None,
        attempt: int | None = None,
        **value: Any,
    ) -> Self:
        """The audit tells; its order is the order of these calls."""
        self._sequence += 1
        return self.say(
            at,
            "audit",
            "ok",
            f,
            task=task,
            token=token,
            attempt=attempt,
            value={"sequence": self._sequence, "row": row, **value},
            database_time=DATABASE_EPOCH + at,
        )

    def created(
        self,
        at: float,
        task: str = "order-1",
        row: int = 1,
        *,
        due: float | None = None,
        max_attempts: int | None = None,
    ) -> Self:
        """A live row appears."""
        run_at = DATABASE_EPOCH + (at if due is None else due)
        return self.audit(
            at,
            "created",
            task,
            row,
            run_at=run_at,
            task_hash=f"hash of {task}",
            max_attempts=max_attempts,
        )

    def claim(
        self,
        at: float,
        token: int | None = 1,
        *,
        task: str = "order-1",
        row: int = 1,
        until: float | None = None,
        owner: str = "host:900",
        attempts: int | None = None,
        due: float | None = None,
    ) -> Self:
        """A worker claims, for five seconds unless told otherwise."""
        charged = token if attempts is None else attempts
        return self.audit(
            at,
            "claim",
            task,
            row,
            token=token,
            attempt=charged,
            attempts=charged,
            owner=owner,
            lease_until=DATABASE_EPOCH + (at + 5.0 if until is None else until),
            run_at=None if due is None else DATABASE_EPOCH + due,
        )

    def heartbeat(self, at: float, token: int, until: float) -> Self:
        """A worker renews its lease."""
        return self.audit(at, "heartbeat", token=token, lease_until=DATABASE_EPOCH + until)

    def release(self, at: float, token: int | None, attempts: int, due: float = 0.0) -> Self:
        """The row waits again."""
        run_at = DATABASE_EPOCH + due
        return self.audit(at, "release", token=token, attempts=attempts, run_at=run_at)

    def start(
        self,
        at: float,
        pid: int = 800,
        number: int | None = 1,
        *,
        token: int | None = None,
        task: str = "order-1",
        row: int | None = 1,
        **told: Any,
    ) -> Self:
        """A body starts; its token is its number unless told otherwise."""
        return self.say(
            at,
            f"body-{pid}",
            "invoke",
            "attempt",
            task=task,
            attempt=number,
            token=number if token is None else token,
            value={"pid": pid, **({} if row is None else {"row": row}), **told},
        )

    def effect(self, at: float, pid: int = 800, task: str = "order-1") -> Self:
        """A body has its effect."""
        return self.say(at, f"body-{pid}", "ok", "effect", task=task, value={"pid": pid})

    def end(
        self,
        at: float,
        pid: int = 800,
        type_: str = "ok",
        task: str = "order-1",
        **told: Any,
    ) -> Self:
        """A body returns, or raises."""
        return self.say(at, f"body-{pid}", type_, "attempt", task=task, value=told)

    def body(
        self,
        at: float,
        pid: int = 800,
        number: int | None = 1,
        *,
        ends: str = "ok",
        task: str = "order-1",
        row: int | None = 1,
    ) -> Self:
        """A body that runs from its start to its end, with its effect, in 0.2 seconds."""
        self.start(at, pid, number, task=task, row=row)
        return self.effect(at + 0.1, pid, task).end(at + 0.2, pid, ends, task)

    def finish(
        self,
        at: float,
        token: int | None = 1,
        *,
        task: str = "order-1",
        row: int = 1,
        **told: Any,
    ) -> Self:
        """The row moves to the completed ones."""
        attempts = token or 1
        self.audit(at, "finish", task, row, token=token, attempts=attempts, **told)
        return self.audit(at, "deleted", task, row, token=token)

    def kill(
        self, at: float, pid: int = 800, *, seen: float | None = 0.01, in_body: bool = True
    ) -> Self:
        """A fault kills a process, and sees it dead after ``seen`` seconds, or never."""
        fault = f"fault-{len(self.ops)}"
        value = {"pid": pid, "target": "task", "signal": "SIGKILL"}
        self.say(at, fault, "invoke", "kill", value=value)
        if seen is None:
            return self
        return self.say(at + seen, fault, "ok", "kill", value={"pid": pid, "in_body": in_body})

    def fault(
        self,
        at: float,
        name: str,
        *,
        landed: bool = True,
        until: float | None = None,
        disturbs: str = "nothing",
        pids: tuple[int, ...] = (),
    ) -> Self:
        """A fault strikes, is seen to land or not, and is healed if ``until`` says when."""
        fault = f"fault-{len(self.ops)}"
        self.say(at, fault, "invoke", name, value={"disturbs": disturbs})
        self.say(at + 0.01, fault, "ok" if landed else "info", name, value={"pids": pids})
        if until is None:
            return self
        return self.say(until, fault, "invoke", "heal").say(until + 0.01, fault, "ok", "heal")

    def ready(
        self,
        at: float,
        task: str = "order-1",
        row: int = 1,
        *,
        due: float | None = None,
        priority: int = 0,
        **told: Any,
    ) -> Self:
        """A call that makes a row with a place in the queue ``default``, and returns."""
        run_at = DATABASE_EPOCH + (at if due is None else due)
        place: dict[str, Any] = {"run_at": run_at, "priority": priority, "queue": "default"}
        self.call(at, task).audit(at + 0.01, "created", task, row, **place, **told)
        return self.answer(at + 0.02, task, row=row)

    def done(self, at: float, task: str = "order-1", row: int = 1, **claim: Any) -> Self:
        """A claim that ends with a finish 0.3 s later."""
        self.claim(at, task=task, row=row, **claim)
        return self.finish(at + 0.3, task=task, row=row)

    def stop(self, at: float, pid: int = 900) -> Self:
        """The harness tells a worker to stop."""
        value = {"pid": pid, "slot": 0, "signal": "SIGTERM"}
        return self.say(at, "harness", "ok", "stop", value=value)

    def census(self, at: float, **counts: int | None) -> Self:
        """The harness counts everything in one snapshot."""
        return self.say(at, "harness", "ok", "census", value=counts)

    def sessions(self, at: float, *states: str) -> Self:
        """The harness looks which sessions are open: one of each state, for three seconds."""
        open_ = [
            {"session": number, "state": state, "seconds": 3.0, "query": "SELECT 1"}
            for number, state in enumerate(states, start=41)
        ]
        return self.say(at, "harness", "ok", "sessions", value={"open": open_})

    def death(self, at: float, pid: int = 800) -> Self:
        """A process that had run a body is seen dead."""
        return self.say(at, "harness", "ok", "death", value={"pid": pid})

    def exit(self, at: float, pid: int = 900, status: int = 0) -> Self:
        """The harness waits for a worker."""
        value = {"pid": pid, "slot": 0, "status": status}
        return self.say(at, "harness", "ok", "exit", value=value)

    def final(
        self,
        at: float,
        state: str,
        *,
        task: str | None = "order-1",
        row: int | None = 1,
        due: float = 0.0,
        until: float | None = None,
        attempts: int | None = None,
    ) -> Self:
        """The final read sees a row."""
        value = {
            "row": row,
            "state": state,
            "attempts": attempts,
            "run_at": DATABASE_EPOCH + due,
            "lease_until": None if until is None else DATABASE_EPOCH + until,
        }
        now = DATABASE_EPOCH + at
        return self.say(at, "final-read", "ok", "row", task=task, value=value, database_time=now)

    def read(self, at: float = 60.0, *, drained: bool = True) -> Self:
        """The final read ends."""
        value = {"drained": drained}
        now = DATABASE_EPOCH + at
        return self.say(at, "final-read", "ok", "final-read", value=value, database_time=now)


def good_run() -> Script:
    """A task that is enqueued, claimed, run and finished, and a final read that saw it done."""
    return (
        Script()
        .enqueue(1.0)
        .claim(2.0)
        .body(2.1)
        .finish(2.4)
        .final(60.0, "completed", attempts=1)
        .read()
    )


def killed_run() -> Script:
    """The same task, but its first attempt is killed after its effect and it runs again."""
    return (
        Script()
        .enqueue(1.0)
        .claim(2.0)
        .start(2.1)
        .effect(2.2)
        .kill(2.3)
        .release(2.4, token=1, attempts=1)
        .claim(2.5, token=2)
        .body(2.6, pid=801, number=2)
        .finish(2.9, token=2)
        .final(60.0, "completed", attempts=2)
        .read()
    )
