"""Runs sessions against the real database one SQL statement at a time, in a chosen order.

Each session is a thread with a connection of its own that stops at a gate before every statement
and before every commit. The scheduler lets one session through at a time. A session whose statement
waits for another's lock is blocked: it is passed over until it arrives at its next gate by itself.
"""

from __future__ import annotations

import dataclasses
import threading
from typing import TYPE_CHECKING, Any, Final

from django.db import connections

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

BLOCKED_SECONDS: Final = 0.05
"""A statement that takes longer waits for a lock; if it was merely slow, the order that follows is
a legal one all the same, so no verdict depends on this."""

DEADLOCK_SECONDS: Final = 30.0
STEP_LIMIT: Final = 500


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """An order of steps: the sessions run one after the other, but for the preemptions.

    Attributes:
        order: the sessions by number, in the order in which they run to their end.
        preemptions: at which step another session takes over; few of them find most races.
    """

    order: tuple[int, ...]
    preemptions: dict[int, int]


class _Session(threading.Thread):
    """One program on one connection."""

    def __init__(self, alias: str, program: Callable[[], Any]) -> None:
        super().__init__(daemon=True)
        self._alias = alias
        self._program = program
        self._go = threading.Event()
        self.arrived = threading.Event()
        self.is_done = False
        self.result: Any = None
        self.error: BaseException | None = None

    def run(self) -> None:
        connection = connections[self._alias]
        try:
            connection.ensure_connection()
            self._gate_commits(connection)
            with connection.execute_wrapper(self._execute):
                self._gate()
                self.result = self._program()
        except BaseException as error:  # noqa: BLE001 - handed to the test
            self.error = error
        finally:
            connection.close()
            self.is_done = True
            self.arrived.set()

    def step(self) -> None:
        """Let it through its gate; it is blocked if it does not arrive at the next one."""
        self.arrived.clear()
        self._go.set()
        self.arrived.wait(BLOCKED_SECONDS)

    @property
    def is_ready(self) -> bool:
        """Whether it waits at a gate."""
        return self.arrived.is_set() and not self.is_done

    def _gate(self) -> None:
        self.arrived.set()
        if not self._go.wait(DEADLOCK_SECONDS):
            raise TimeoutError("the scheduler forgot a session")
        self._go.clear()

    def _execute(self, execute: Callable[..., Any], *arguments: Any) -> Any:
        self._gate()
        return execute(*arguments)

    def _gate_commits(self, connection: Any) -> None:
        """Commits are no statements to Django: give the connection's own commit a gate."""
        commit = connection.commit

        def gated() -> None:
            self._gate()
            commit()

        connection.commit = gated


def interleave(alias: str, programs: Sequence[Callable[[], Any]], schedule: Schedule) -> list[Any]:
    """Run the programs in the order of the schedule and return what they returned.

    Raises:
        BaseException: what the first program raised that raised.
        TimeoutError: all sessions are blocked for good.
    """
    sessions = [_Session(alias, program) for program in programs]
    for session in sessions:
        session.start()
        session.arrived.wait(DEADLOCK_SECONDS)
    current = schedule.order[0]
    for step in range(STEP_LIMIT):
        if all(session.is_done for session in sessions):
            break
        current = _next(sessions, schedule, step, current)
        sessions[current].step()
    for session in sessions:
        session.join(DEADLOCK_SECONDS)
        if session.error is not None:
            raise session.error
    return [session.result for session in sessions]


def _next(sessions: Sequence[_Session], schedule: Schedule, step: int, current: int) -> int:
    """Choose: the preemption of this step, else who runs already, else the first that can."""
    wanted = [schedule.preemptions.get(step, current), current, *schedule.order]
    for number in wanted:
        if sessions[number].is_ready:
            return number
    # Everybody waits for a lock whose holder has just been let through: wait for an arrival.
    return _first_to_arrive(sessions)


def _first_to_arrive(sessions: Sequence[_Session]) -> int:
    waited = 0.0
    while waited < DEADLOCK_SECONDS:
        for number, session in enumerate(sessions):
            if not session.is_done and session.arrived.wait(0.001):
                return number
        if all(session.is_done for session in sessions):
            return 0
        waited += 0.001 * len(sessions)
    raise TimeoutError("all sessions wait for one another")
