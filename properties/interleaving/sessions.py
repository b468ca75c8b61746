"""Sessions that play one schedule after the other."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any, Self

from properties.interleaving.clock import Clock
from properties.interleaving.patience import LOOK_SECONDS, PATIENCE_SECONDS
from properties.interleaving.play import Play
from properties.interleaving.scheduler import Scheduler
from properties.interleaving.session import Ended, Session
from properties.interleaving.waiting import Watcher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from properties.interleaving.schedules import Schedule


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
        scheduler = Scheduler(sessions, list(programs), self._watcher, schedule, self.clock)
        with self._abandoned(sessions):
            for session, program in zip(sessions, programs.values(), strict=True):
                session.begin(program)
                scheduler.await_arrival(session)
            scheduler.run()
        return Play(
            names=tuple(programs),
            ends=tuple(session.ended or Ended() for session in sessions),
            steps=tuple(scheduler.steps),
            widths=tuple(scheduler.widths),
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


def _await_end(session: Session) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while session.ended is None and time.monotonic() < deadline:
        session.arrived.wait(LOOK_SECONDS)
