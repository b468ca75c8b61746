"""A queue in pure Python: what the engine must agree with after every step.

Time is a number that the machine steps; nothing here reads a clock or a database.
"""

from __future__ import annotations

import dataclasses

LEASE = 10_500  # no sum of steps: at the very end of a lease, the moments would decide
MAX_ATTEMPTS = 3


@dataclasses.dataclass(slots=True, kw_only=True)
class ModelTask:
    """A live task; ``lease_until`` is None while it waits."""

    id: int
    key: str
    is_unique: bool
    priority: int
    run_at: int
    max_attempts: int
    attempts: int = 0
    token: int = 0
    lease_until: int | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ModelClaim:
    """What a worker holds, or believes to hold."""

    id: int
    token: int


class ModelQueue:
    """The live tasks by id, and the ids of the ended ones."""

    def __init__(self) -> None:
        self.now = 0
        self.live: dict[int, ModelTask] = {}
        self.completed: set[int] = set()
        self.failed: set[int] = set()

    def duplicate_of(self, key: str, *, is_unique: bool) -> int | None:
        """Return the live task that a call would duplicate."""
        for task in self.live.values():
            if is_unique and task.is_unique and task.key == key:
                return task.id
        return None

    def due(self) -> list[ModelTask]:
        """Return the tasks that may be claimed now."""
        return [
            task
            for task in self.live.values()
            if task.lease_until is None and task.run_at <= self.now
        ]

    def claim(self, id_: int) -> ModelClaim:
        """Give a task to a worker: a new token, a lease, and one attempt charged."""
        task = self.live[id_]
        task.token += 1
        task.attempts += 1
        task.lease_until = self.now + LEASE
        return ModelClaim(id=id_, token=task.token)

    def holds(self, claim: ModelClaim) -> bool:
        """Tell whether the claim still owns its task; an expired lease that nobody took does."""
        task = self.live.get(claim.id)
        return task is not None and task.lease_until is not None and task.token == claim.token

    def finish(self, claim: ModelClaim) -> None:
        """End a held task well."""
        del self.live[claim.id]
        self.completed.add(claim.id)

    def fail(self, claim: ModelClaim, *, retry_in: int | None) -> None:
        """End a held attempt badly; None leaves the task due as it was."""
        task = self.live[claim.id]
        if retry_in is not None:
            task.run_at = self.now + retry_in
        self._retry_or_bury(task)

    def release(self, claim: ModelClaim) -> None:
        """Give a held task back as if it had not been claimed."""
        task = self.live[claim.id]
        task.lease_until = None
        task.attempts -= 1

    def renew(self, claim: ModelClaim) -> None:
        """Lengthen the lease of a held task."""
        self.live[claim.id].lease_until = self.now + LEASE

    def reap(self) -> set[int]:
        """Take back every expired task and return their ids."""
        expired = [
            task
            for task in self.live.values()
            if task.lease_until is not None and task.lease_until < self.now
        ]
        for task in expired:
            self._retry_or_bury(task)
        return {task.id for task in expired}

    def _retry_or_bury(self, task: ModelTask) -> None:
        task.lease_until = None
        if task.attempts >= task.max_attempts:
            del self.live[task.id]
            self.failed.add(task.id)
