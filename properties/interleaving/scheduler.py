"""Plays schedules: lets one session after the other take a step against the real database.

Before it chooses, every session stands at a gate, is done, or is proven to wait for a lock; so a
schedule that is played again is the same again.
"""

from __future__ import annotations

import contextlib
import dataclasses
import time
from typing import TYPE_CHECKING, Any, Final, Self

from properties.interleaving.clock import Clock
from properties.interleaving.faults import AtGate, ClockStep, Crash, LostConnection, Refusal
from properties.interleaving.ladder import Step, ladder
from properties.interleaving.schedules import Choices, Schedule
from properties.interleaving.session import Ended, Session
from properties.interleaving.waiting import Blockers, Watcher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence


STEP_LIMIT: Final = 1000
SCHEDULE_LIMIT: Final = 2000
PATIENCE_SECONDS: Final = 30.0
_LOOK_SECONDS: Final = 0.001
# PostgreSQL looks for a deadlock once, so long after the wait began: who closes the circle is its
# victim, always, if the others' looks are over by then.
_DEADLOCK_LOOK_SECONDS: Final = 0.003


class Stuck(AssertionError):  # noqa: N818 - named after the anomaly
    """No session can go on, and the database does not say that it is a deadlock."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """What became of a schedule.

    Attributes:
        ends: how each program ended.
        steps: what was done, in this order.
        widths: how many sessions could have gone on, at each step.
    """

    names: tuple[str, ...]
    ends: tuple[Ended, ...]
    steps: tuple[Step, ...]
    widths: tuple[int, ...]

    @property
    def values(self) -> list[Any]:
        """What the programs returned; None for one that was killed.

        Raises:
            BaseException: what the first program raised that raised.
        """
        for end in self.ends:
            if end.error is not None:
                raise end.error
        return [end.value for end in self.ends]

    def ladder(self) -> str:
        """Return the steps as people read them."""
        return ladder(self.steps, self.names)


def every_schedule(
    play: Callable[[Schedule], Play], *, limit: int = SCHEDULE_LIMIT
) -> Iterator[Play]:
    """Play every schedule without faults that there is, depth first, up to a limit."""
    choices: list[int] = []
    for _ in range(limit):
        played = play(Schedule(policy=Choices(choices=tuple(choices))))
        yield played
        choices += [0] * (len(played.widths) - len(choices))
        while choices and choices[-1] + 1 >= played.widths[len(choices) - 1]:
            choices.pop()
        if not choices:
            return
        choices[-1] += 1


class Sessions:
    """Sessions that live as long as this does, as a connection costs more than a schedule.

    Attributes:
        clock: the database's clock, as the sessions read it.
        plays: how many schedules were played.
    """

    def __init__(self, alias: str) -> None:
        self.alias = alias
        self.clock = Clock()
        self.plays = 0
        self._watcher = Watcher(alias)
        self._sessions: list[Session] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for session in self._sessions:
            session.close()
        self._watcher.close()

    def play(self, programs: Mapping[str, Callable[[], Any]], schedule: Schedule) -> Play:
        """Run the programs, each in a session of its own, in the order of the schedule.

        Raises:
            Stuck: the sessions wait for one another, and nobody ends that.
        """
        self.plays += 1
        sessions = self._for(len(programs))
        performance = _Performance(sessions, list(programs), self._watcher, schedule, self.clock)
        with self._abandoned(sessions):
            for session, program in zip(sessions, programs.values(), strict=True):
                session.begin(program)
                performance.await_begin(session)
            performance.run()
        return Play(
            names=tuple(programs),
            ends=tuple(session.ended or Ended() for session in sessions),
            steps=tuple(performance.steps),
            widths=tuple(performance.widths),
        )

    def _for(self, count: int) -> list[Session]:
        while len(self._sessions) < count:
            session = Session(len(self._sessions), self.alias, self.clock)
            session.start()
            self._sessions.append(session)
        return self._sessions[:count]

    @contextlib.contextmanager
    def _abandoned(self, sessions: Sequence[Session]) -> Iterator[None]:
        """Leave no program behind that holds locks, whatever ends the play."""
        try:
            yield
        finally:
            left = [session for session in sessions if session.ended is None]
            for session in left:
                session.abandon()
            for session in left:
                _await_end(session)


class _Performance:
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
            if all(session.ended for session in self._sessions):
                return
            ready = self._ready()
            self.widths.append(len(ready))
            self._step_clock(number)
            current = self._choose(number, ready, current)
            self._take_step(self._sessions[current])
        raise Stuck(f"stuck: the schedule had not ended after {STEP_LIMIT} steps")

    def await_begin(self, session: Session) -> None:
        """Wait until a session is at its first gate."""
        self._await_arrival(session)

    def _await_arrival(self, session: Session) -> None:
        if not session.arrived.wait(PATIENCE_SECONDS):
            raise Stuck(f"stuck: session {session.number} did not arrive after {session.label}")

    def _ready(self) -> list[int]:
        """Return who stands at a gate; if all wait, that is a deadlock, which the database ends."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            ready = [s.number for s in self._sessions if s.ended is None and not s.is_waiting]
            if ready:
                return ready
            if time.monotonic() > deadline:
                raise Stuck("stuck: all sessions wait, and the database ends none of the waits")
            self._settle_waiting()
            self._end_patience()

    def _end_patience(self) -> None:
        """If SQLite refuses everybody who is left, have the first one told so."""
        left = [session for session in self._sessions if session.ended is None]
        if all(session.is_waiting and session.is_refused for session in left):
            session = left[0]
            session.give_up()
            self._await_arrival(session)
            session.is_waiting = False
            session.let_on()
            self._settle(session, self._last_step_of(session))

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
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not session.arrived.wait(_LOOK_SECONDS):
            blockers = self._blockers(session)
            if blockers is not None and session.begin_waiting():
                self._note_wait(session, step, blockers)
                return
            if time.monotonic() > deadline:
                raise Stuck(f"stuck: session {session.number} never ended {session.label}")
        if session.is_refused and session.begin_waiting():
            self._note_wait(session, step, ())

    def _note_wait(self, session: Session, step: int, blockers: Blockers) -> None:
        by_backend = {other.backend: other.number for other in self._sessions}
        self._waits[session.number] = {by_backend.get(number, -1) for number in blockers}
        names = ", ".join(self._names[n] for n in sorted(self._waits[session.number]) if n >= 0)
        note = f"waits for {names}" if names else "waits"
        self.steps[step] = dataclasses.replace(self.steps[step], note=note)
        if self._watcher.looks_for_deadlocks_once:
            time.sleep(_DEADLOCK_LOOK_SECONDS)

    def _settle_waiting(self) -> None:
        """Let those on, one at a time, whose wait is over."""
        for session in self._sessions:
            if session.is_waiting and self._is_over(session):
                self._await_arrival(session)
                session.is_waiting = False
                session.let_on()
                self._settle(session, self._last_step_of(session))

    def _is_over(self, session: Session) -> bool:
        """Tell whether a statement that waited goes on; SQLite's is tried once more."""
        if session.is_refused:
            session.let_on()
            self._await_arrival(session)
            return not session.is_refused
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not session.arrived.is_set():
            # One that was let go by one session may wait for the next, a moment later.
            if self._blockers(session) is not None:
                return False
            if time.monotonic() > deadline:
                raise Stuck(f"stuck: session {session.number} waits for nobody: {session.label}")
            session.arrived.wait(_LOOK_SECONDS)
        return True

    def _await_deadlock(self) -> None:
        """Where the waits form a circle, wait until the database has ended one of them."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self._is_circle() and time.monotonic() < deadline:
            self._settle_waiting()

    def _is_circle(self) -> bool:
        waiting = {s.number: self._waits.get(s.number, set()) for s in self._sessions}
        edges = {n: waits for n, waits in waiting.items() if self._sessions[n].is_waiting}
        return any(_reaches(edges, start, start) for start in edges)

    def _blockers(self, session: Session) -> Blockers | None:
        return None if session.backend is None else self._watcher.blockers(session.backend)

    def _see_off(self, session: Session) -> None:
        """Wait until the server has undone what lost connections held."""
        while session.gone:
            number = session.gone.pop()
            deadline = time.monotonic() + PATIENCE_SECONDS
            while self._watcher.is_there(number):
                if time.monotonic() > deadline:
                    raise Stuck(f"stuck: the server keeps connection {number}, which is lost")

    def _step_clock(self, number: int) -> None:
        for fault in self._clock_steps:
            if fault.step == number:
                self._clock.seconds += fault.seconds

    def _last_step_of(self, session: Session) -> int:
        numbers = [n for n, step in enumerate(self.steps) if step.session == session.number]
        return numbers[-1]


def _await_end(session: Session) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while session.ended is None and time.monotonic() < deadline:
        session.arrived.wait(_LOOK_SECONDS)


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
