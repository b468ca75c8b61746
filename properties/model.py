"""A queue in pure Python: what the engine must agree with after every step.

Time is a number that the machine steps; nothing here reads a clock or a database. The ids of new
tasks are told by the engine, and so that of a next run, which is unborn until then.
"""

from __future__ import annotations

import dataclasses

LEASE = 10_500  # no sum of steps: at the very end of a lease, the moments would decide
MAX_ATTEMPTS = 3
ERRORS_KEPT = 10
LEASE_RAN_OUT = "the lease ran out"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What somebody asks for: after a delay, or at that time if it ``is_dated``."""

    key: str
    is_unique: bool = True
    queue: str = "default"
    priority: int = 0
    delay: int = 0
    is_dated: bool = False
    max_attempts: int | None = None
    timeout: float | None = None
    window: int | None = None
    repeat: int = 0
    lasts: int | None = None
    catch_up: bool = False


@dataclasses.dataclass(slots=True, kw_only=True)
class ModelTask:
    """A task; ``lease_until`` is None while it waits, ``ended_at`` is None while it is live."""

    id: int
    call: Call
    priority: int
    run_at: int
    created_at: int
    slot: int | None = None
    until: int | None = None
    attempts: int = 0
    token: int = 0
    owner: str = ""
    claimed_at: int | None = None
    lease_until: int | None = None
    ended_at: int | None = None
    error: str = ""

    @property
    def max_attempts(self) -> int:
        """How often it may start."""
        return self.call.max_attempts or MAX_ATTEMPTS


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ModelClaim:
    """What a worker holds, or believes to hold."""

    id: int
    token: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Who has a key after its end, and until when."""

    id: int
    until: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ModelError:
    """Why an attempt ended badly."""

    attempt: int
    owner: str
    at: int
    text: str


class ModelQueue:
    """The tasks by id: live, completed, failed; the keys that are held; the errors of each task."""

    def __init__(self) -> None:
        self.now = 0
        self.live: dict[int, ModelTask] = {}
        self.completed: dict[int, ModelTask] = {}
        self.failed: dict[int, ModelTask] = {}
        self.unborn: list[ModelTask] = []
        self.held: dict[str, Hold] = {}
        self.errors: dict[int, list[ModelError]] = {}

    def duplicate_of(self, call: Call) -> int | None:
        """Return what a call would duplicate: a live task, or one whose window is open."""
        for task in self.live.values():
            if call.is_unique and task.call.is_unique and task.call.key == call.key:
                return task.id
        hold = self.held.get(call.key)
        is_held = call.is_unique and call.window is not None and hold and hold.until > self.now
        return hold.id if hold and is_held else None

    def enqueue(self, id_: int, call: Call) -> None:
        """Let a task wait that duplicates none."""
        run_at = self.now + call.delay
        self.live[id_] = ModelTask(
            id=id_,
            call=call,
            priority=call.priority,
            run_at=run_at,
            slot=run_at if call.repeat else None,
            until=None if call.lasts is None else self.now + call.lasts,
            created_at=self.now,
        )

    def waiting(self) -> list[ModelTask]:
        """Return the tasks that nobody holds."""
        return [task for task in self.live.values() if task.lease_until is None]

    def equal_waiting(self, call: Call) -> list[ModelTask]:
        """Return the waiting tasks that a call may replace or move."""
        wanted = (call.key, call.queue)
        return [task for task in self.waiting() if (task.call.key, task.call.queue) == wanted]

    def due(self, queues: tuple[str, ...] = ()) -> list[ModelTask]:
        """Return the tasks that a worker of these queues may claim now; none means of all."""
        return [
            task
            for task in self.waiting()
            if task.run_at <= self.now and (not queues or task.call.queue in queues)
        ]

    def claim(self, id_: int, owner: str) -> ModelClaim:
        """Give a task to a worker: a new token, a lease, and one attempt charged."""
        task = self.live[id_]
        task.token += 1
        task.attempts += 1
        task.owner, task.claimed_at = owner, self.now
        task.lease_until = self.now + LEASE
        return ModelClaim(id=id_, token=task.token)

    def holds(self, claim: ModelClaim) -> bool:
        """Tell whether the claim still owns its task; an expired lease that nobody took does."""
        task = self.live.get(claim.id)
        return task is not None and task.lease_until is not None and task.token == claim.token

    def renew(self, claim: ModelClaim) -> None:
        """Lengthen the lease of a held task."""
        self.live[claim.id].lease_until = self.now + LEASE

    def release(self, claim: ModelClaim) -> None:
        """Give a held task back as if it had not been claimed."""
        task = self.live[claim.id]
        task.lease_until = None
        task.attempts -= 1

    def finish(self, claim: ModelClaim, *, is_kept: bool) -> None:
        """End a held task well: its key may stay taken, and it may be forgotten with its errors."""
        task = self._leave(claim.id)
        if task.call.is_unique and task.call.window is not None:
            self.held[task.call.key] = Hold(id=task.id, until=self.now + task.call.window)
        if is_kept:
            self.completed[task.id] = task
        else:
            self.errors.pop(task.id, None)

    def fail(self, claim: ModelClaim, error: str, *, retry_in: int | None, is_final: bool) -> None:
        """End a held attempt badly; None leaves the task due as it was."""
        task = self.live[claim.id]
        self._note(task, error)
        if is_final or task.attempts >= task.max_attempts:
            self._bury(task, error)
            return
        task.lease_until, task.error = None, error
        if retry_in is not None:
            task.run_at = self.now + retry_in

    def reap(self) -> set[int]:
        """Take back every expired task and return their ids."""
        leased = [task for task in self.live.values() if task.lease_until is not None]
        expired = [task for task in leased if (task.lease_until or 0) < self.now]
        for task in expired:
            self._note(task, LEASE_RAN_OUT)
            task.lease_until = None
            if task.attempts >= task.max_attempts:
                self._bury(task, LEASE_RAN_OUT)
        return {task.id for task in expired}

    def cancel(self, id_: int) -> bool:
        """Forget a task, if it waits; its errors stay until somebody prunes."""
        is_waiting = any(task.id == id_ for task in self.waiting())
        if is_waiting:
            del self.live[id_]
        return is_waiting

    def requeue(self, ids: list[int]) -> list[int]:
        """Let failed tasks wait again, each as one run; of equal ones the first speaks for all."""
        chosen = [self.failed[id_] for id_ in sorted(set(ids)) if id_ in self.failed]
        first = {task.call.key: task for task in reversed(chosen) if task.call.is_unique}
        again = [
            task
            for task in chosen
            if first.get(task.call.key) is task or not task.call.is_unique
            if self.duplicate_of(task.call) is None
        ]
        for task in again:
            self.live[task.id] = dataclasses.replace(
                self.failed.pop(task.id),
                call=dataclasses.replace(task.call, repeat=0, catch_up=False),
                until=None,
                run_at=self.now,
                attempts=0,
                owner="",
                claimed_at=None,
                ended_at=None,
            )
        return [task.id for task in again]

    def prune(self, *, completed: int | None, failed: int | None) -> None:
        """Forget what ended longer ago, errors without a task, and holds that are over."""
        for ended, age in ((self.completed, completed), (self.failed, failed)):
            for task in list(ended.values()):
                if age is not None and (task.ended_at or 0) < self.now - age:
                    del ended[task.id]
        tasks = {**self.live, **self.completed, **self.failed}
        self.errors = {id_: errors for id_, errors in self.errors.items() if id_ in tasks}
        self.held = {key: hold for key, hold in self.held.items() if hold.until > self.now}

    def _note(self, task: ModelTask, text: str) -> None:
        error = ModelError(attempt=task.attempts, owner=task.owner, at=self.now, text=text)
        self.errors[task.id] = [*self.errors.get(task.id, []), error][-ERRORS_KEPT:]

    def _bury(self, task: ModelTask, error: str) -> None:
        self._leave(task.id)
        task.error = error
        self.failed[task.id] = task

    def _leave(self, id_: int) -> ModelTask:
        """End a task; the next run of its chain takes its place."""
        task = self.live.pop(id_)
        task.lease_until, task.ended_at = None, self.now
        if task.slot is not None and task.call.repeat:
            self._repeat(task, task.slot + task.call.repeat)
        return task

    def _repeat(self, task: ModelTask, slot: int) -> None:
        while slot <= self.now and not task.call.catch_up:
            slot += task.call.repeat
        if task.until is None or slot <= task.until:
            self.unborn.append(
                ModelTask(
                    id=0,
                    call=task.call,
                    priority=task.priority,
                    run_at=slot,
                    slot=slot,
                    until=task.until,
                    created_at=self.now,
                )
            )
