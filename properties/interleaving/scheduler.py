"""Plays a schedule: lets one session after the other take a step against the real database.

Before it chooses, every session stands at a gate, is done, or is proven to wait for a lock; so a
schedule that is played again is the same again.
"""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING, Final

from properties.interleaving.faults import AtGate, ClockStep, Crash, LostConnection, Refusal
from properties.interleaving.ladder import Step
from properties.interleaving.patience import LOOK_SECONDS, PATIENCE_SECONDS, Stuck, patiently

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from properties.interleaving.clock import Clock
    from properties.interleaving.schedules import Schedule
    from properties.interleaving.session import Session
    from properties.interleaving.waiting import Blockers, Watcher

STEP_LIMIT: Final = 1000
# PostgreSQL looks for a deadlock once, so long after the wait began: who closes the circle is its
# victim, always, if the others' looks are over by then.
_DEADLOCK_LOOK_SECONDS: Final = 0.003


class Scheduler:
    """One play of one schedule."""

    def __init__(
        self,
        sessions: Sequence[Session],
        names: Sequence[str],
        watcher: Watcher,
        schedule: Schedule,
        clock: Clock,
    ) -> None:
        self._sessions = sessions
        self._names = names
        self._watcher = watcher
        self._clock = clock
        self._choose = schedule.policy.begin()
        self._at_gates = {
            (fault.session, fault.gate): fault
            for fault in schedule.faults
            if not isinstance(fault, ClockStep)
        }
        self._clock_steps = [fault for fault in schedule.faults if isinstance(fault, ClockStep)]
        self._waits: dict[int, set[int]] = {}
        self.steps: list[Step] = []
        self.widths: list[int] = []

    def run(self) -> None:
        """Take steps until all programs have ended."""
        current: int | None = None
        for number in range(STEP_LIMIT):
            ready = self._ready()
            if not ready:
                return
            self.widths.append(len(ready))
            self._step_clock(number)
            current = self._choose(number, ready, current)
            self._take_step(self._sessions[current])
        raise Stuck(f"stuck: the schedule had not ended after {STEP_LIMIT} steps")

    def await_arrival(self, session: Session) -> None:
        """Wait until a session stands at a gate, or is done."""
        if not session.arrived.wait(PATIENCE_SECONDS):
            raise Stuck(f"stuck: session {session.number} did not arrive after {session.label}")

    def _ready(self) -> list[int]:
        """Return who stands at a gate; if all wait, that is a deadlock, which the database ends."""
        ready: list[int] = []
        for _ in patiently("all sessions wait, and the database ends none of the waits"):
            ready = [s.number for s in self._sessions if s.ended is None and not s.is_waiting]
            if ready or all(session.ended for session in self._sessions):
                break
            self._settle_waiting()
            self._end_patience()
        return ready

    def _end_patience(self) -> None:
        """If SQLite refuses everybody who is left, have the first one told so."""
        left = [session for session in self._sessions if session.ended is None]
        if left and all(session.is_waiting and session.is_refused for session in left):
            left[0].give_up()
            self._go_on(left[0])

    def _take_step(self, session: Session) -> None:
        fault = self._at_gates.get((session.number, session.gates))
        self.steps.append(Step(session=session.number, label=session.label, note=_note(fault)))
        session.let_on(fault)
        self._settle(session, len(self.steps) - 1)
        self._see_off(session)
        self._settle_waiting()
        self._await_deadlock()

    def _settle(self, session: Session, step: int) -> None:
        """Wait until a session arrives, is done, or is proven to wait."""
        for _ in patiently(f"session {session.number} never ended {session.label}"):
            if session.arrived.wait(LOOK_SECONDS):
                break
            blockers = self._blockers(session)
            if blockers is not None and session.begin_waiting():
                self._note_wait(session, step, blockers)
                return
        if session.is_refused and session.begin_waiting():
            self._note_wait(session, step, ())

    def _note_wait(self, session: Session, step: int, blockers: Blockers) -> None:
        self._waits[session.number] = awaited = self._numbers(blockers)
        names = ", ".join(self._names[n] for n in sorted(awaited))
        note = f"waits for {names}" if names else "waits"
        self.steps[step] = dataclasses.replace(self.steps[step], note=note)
        if self._watcher.looks_for_deadlocks_once:
            time.sleep(_DEADLOCK_LOOK_SECONDS)

    def _settle_waiting(self) -> None:
        """Let those on, one at a time, whose wait is over."""
        for session in self._sessions:
            if session.is_waiting and self._is_over(session):
                self._go_on(session)

    def _go_on(self, session: Session) -> None:
        """Let a session on whose wait is over."""
        self.await_arrival(session)
        session.is_waiting = False
        session.let_on()
        self._settle(session, self._last_step_of(session))

    def _is_over(self, session: Session) -> bool:
        """Tell whether a statement that waited goes on; SQLite's is tried once more."""
        if session.is_refused:
            session.let_on()
            self.await_arrival(session)
            return not session.is_refused
        for _ in patiently(f"session {session.number} waits for nobody: {session.label}"):
            if session.arrived.is_set():
                break
            # One that was let go by one session may wait for the next, a moment later.
            blockers = self._blockers(session)
            if blockers is not None:
                self._waits[session.number] = self._numbers(blockers)
                return False
            session.arrived.wait(LOOK_SECONDS)
        return True

    def _await_deadlock(self) -> None:
        """Where the waits form a circle, wait until the database has ended one of them."""
        for _ in patiently("the database does not end a deadlock"):
            if not self._is_circle():
                break
            self._settle_waiting()

    def _is_circle(self) -> bool:
        waiting = {s.number: self._waits.get(s.number, set()) for s in self._sessions}
        edges = {n: waits for n, waits in waiting.items() if self._sessions[n].is_waiting}
        return any(_reaches(edges, start, start) for start in edges)

    def _blockers(self, session: Session) -> Blockers | None:
        return None if session.backend is None else self._watcher.blockers(session.backend)

    def _numbers(self, blockers: Blockers) -> set[int]:
        """Return the sessions that are meant, by their own numbers."""
        by_backend = {other.backend: other.number for other in self._sessions}
        return {by_backend[number] for number in blockers if number in by_backend}

    def _see_off(self, session: Session) -> None:
        """Wait until the server has undone what lost connections held."""
        while session.gone:
            number = session.gone.pop()
            for _ in patiently(f"the server keeps connection {number}, which is lost"):
                if not self._watcher.is_there(number):
                    break

    def _step_clock(self, number: int) -> None:
        for fault in self._clock_steps:
            if fault.step == number:
                self._clock.seconds += fault.seconds

    def _last_step_of(self, session: Session) -> int:
        numbers = [n for n, step in enumerate(self.steps) if step.session == session.number]
        return numbers[-1]


def _reaches(edges: Mapping[int, set[int]], start: int, goal: int) -> bool:
    """Tell whether who waits at ``start`` waits, through others, for ``goal``."""
    seen: set[int] = set()
    ahead = set(edges.get(start, ()))
    while ahead:
        seen |= ahead
        ahead = {n for one in ahead for n in edges.get(one, ())} - seen
    return goal in seen


def _note(fault: AtGate | None) -> str:
    match fault:
        case Crash(after=after):
            return "killed behind it" if after else "killed before it"
        case LostConnection(after=after):
            return "connection lost behind it" if after else "connection lost before it"
        case Refusal(error=error):
            return f"refused: {error}"
    return ""
