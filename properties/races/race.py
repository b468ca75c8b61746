"""A race: a few sessions meet in the queue, in whatever order a schedule has for their statements.

``play`` runs one, lets everybody who is left recover, and judges. What it raises names an anomaly
and carries the ladder and the lines that play the same schedule again.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from unittest import mock

from background_task import notifications
from background_task.registry import registry
from properties.queue_tables import empty_tables
from properties.races.actors import LEASE_SECONDS, Producer, Worker
from properties.races.tables import read_tables
from properties.stories.judge import liveness, safety
from properties.stories.story import Story

if TYPE_CHECKING:
    from background_task.databases import QueueDatabase
    from properties.interleaving import Play, Schedule, Sessions
    from properties.stories.tables import Tables

ROUNDS: Final = 12
"""Recovery takes one for each attempt of each task, at most."""

Programs: TypeAlias = Mapping[str, Callable[[], Any]]


class Anomaly(AssertionError):  # noqa: N818 - it is the engine that erred
    """What a schedule made of the engine; ``name`` is that of a page in ``docs/anomalies``."""

    def __init__(self, proof: str) -> None:
        super().__init__(proof)
        self.name = proof.partition(":")[0]


class Ground:
    """Where a race takes place: empty tables, a clock, and a story that nobody has told yet.

    Attributes:
        deleted: rows that somebody deletes on purpose; a race adds them.
    """

    def __init__(self, database: QueueDatabase, sessions: Sessions) -> None:
        self.database = database
        self.clock = sessions.clock
        self.story = Story(sessions.clock)
        self.deleted: set[int] = set()
        self._deputy = Producer(name="setup", database=database, story=self.story)

    def worker(self, name: str) -> Worker:
        """Return a worker of that name."""
        return Worker(name=name, database=self.database, story=self.story)

    def producer(self, name: str) -> Producer:
        """Return a producer of that name."""
        return Producer(name=name, database=self.database, story=self.story)

    def fill(self, count: int) -> list[int]:
        """Enqueue tasks before the race begins."""
        return [self._deputy.enqueue(f"order-{number}") for number in range(count)]

    def let_leases_run_out(self) -> None:
        """Let more time pass than any lease lasts."""
        self.clock.seconds += int(LEASE_SECONDS) + 60

    def recover(self) -> Tables:
        """Do what workers that are alive do, until there is nothing left to do."""
        left = self.worker("recovery")
        for _ in range(ROUNDS):
            self.let_leases_run_out()
            left.reap()
            claimed = left.claim(100)
            for claim in claimed:
                left.run(claim)
            left.finish(*claimed)
            tables = read_tables()
            if not tables.unfinished:
                break
        return dataclasses.replace(tables, deleted=frozenset(self.deleted))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Race:
    """One race.

    Attributes:
        begin: fills the tables and returns the programs by name.
        check: finds what the story does not tell: an anomaly with its proof, or None.
        registered: the tasks that workers know meanwhile; none: those that are there anyway.
    """

    name: str
    sessions: int
    begin: Callable[[Ground], Programs]
    check: Callable[[Ground, Play], str | None] = lambda _ground, _play: None
    registered: tuple[Any, ...] = ()

    def registry(self) -> contextlib.AbstractContextManager[object]:
        """Let workers know the race's tasks and no others, if it has any."""
        named = {task.name: task for task in self.registered}
        return mock.patch.dict(registry, named, clear=True) if named else contextlib.nullcontext()


def in_turn(*acts: Callable[[], Any]) -> Callable[[], None]:
    """Return a program that does one thing after the other."""

    def program() -> None:
        for act in acts:
            act()

    return program


def play(race: Race, database: QueueDatabase, sessions: Sessions, schedule: Schedule) -> Play:
    """Play a race by a schedule.

    Raises:
        Anomaly: the engine broke a promise.
        BaseException: what a program raised, if the schedule did nothing to provoke it.
    """
    sessions.clock.seconds = 0
    with sessions.clock.read_by(database.connection), race.registry():
        empty_tables()
        ground = Ground(database, sessions)
        programs = race.begin(ground)
        # Whether a worker was told within the last 20 ms decides about a statement.
        notifications._sent_at.clear()
        played = sessions.play(programs, schedule)
        _note_the_unheard(ground, played)
        try:
            if not schedule.faults:
                _ = played.values
            _judge(race, ground, played)
        except Exception as error:
            error.add_note(f"\n{played.ladder()}\n\n{reproduction(race, schedule)}")
            raise
    return played


def reproduction(race: Race, schedule: Schedule) -> str:
    """Return the lines of a test that plays the same schedule again."""
    name = race.name.replace(" ", "_")
    return (
        f"def test_{name}_again(database: QueueDatabase, sessions: Sessions) -> None:\n"
        f'    play(RACES["{race.name}"], database, sessions, {schedule!r})'
    )


def _judge(race: Race, ground: Ground, played: Play) -> None:
    found = race.check(ground, played) or safety(ground.story, read_tables())
    if found is None:
        found = liveness(ground.story, ground.recover())
    if found is not None:
        raise Anomaly(found)


def _note_the_unheard(ground: Ground, played: Play) -> None:
    """Who was killed may have done more than it told, in whichever part it played."""
    for name, end in zip(played.names, played.ends, strict=True):
        if end.is_killed:
            ground.story.unheard.add(name)
