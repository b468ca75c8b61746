"""Plays an operation once for each gate and each thing that can go wrong there, and judges each.

What became of the operation is told from the tables before anybody recovers, compared to those of
the play in which nothing goes wrong, and from how its program ended.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

from django.db import Error

from properties.crash_points.operations import NAME
from properties.crash_points.outcomes import outcome_of
from properties.crash_points.snapshot import Snapshot, take_snapshot
from properties.crash_points.table import Table
from properties.crash_points.tears import out_of_bounds, tear
from properties.interleaving import ERRORS, Crash, LostConnection, Refusal, one_after_the_other
from properties.interleaving.faults import AtGate
from properties.races.race import Anomaly, Ground, Programs, Race, in_turn, play

if TYPE_CHECKING:
    from background_task.databases import QueueDatabase
    from properties.crash_points.operations import Operation
    from properties.interleaving import Play, Sessions, Step

Kind = Callable[[int, int], AtGate]


def _crash(*, after: bool) -> Kind:
    return lambda session, gate: Crash(session=session, gate=gate, after=after)


def _loss(*, after: bool) -> Kind:
    return lambda session, gate: LostConnection(session=session, gate=gate, after=after)


def _refusal(error: str) -> Kind:
    return lambda session, gate: Refusal(session=session, gate=gate, error=error)


KINDS: Final[Mapping[str, Kind]] = {
    "killed before": _crash(after=False),
    "killed after": _crash(after=True),
    "connection lost before": _loss(after=False),
    "answer lost": _loss(after=True),
    **{error: _refusal(error) for error in ERRORS},
}
"""What can go wrong at a statement, by its name; it takes the session and the gate."""

KILLS: Final = ("killed before", "killed after")
"""What can happen where no statement is sent: at the begin, and in a body."""

_RECOVERY: Final = "recovery"


@dataclasses.dataclass(slots=True, kw_only=True)
class Take:
    """One play of an operation, and what it left.

    Attributes:
        legal: the snapshots that the operation may leave, once they are known.
        is_doubled: whether a recovery is played too, which something else goes wrong in.
    """

    operation: Operation
    database: QueueDatabase
    sessions: Sessions
    faults: tuple[AtGate, ...] = ()
    legal: tuple[Snapshot, ...] = ()
    is_doubled: bool = False
    before: Snapshot = dataclasses.field(init=False)
    left: Snapshot = dataclasses.field(init=False)
    played: Play = dataclasses.field(init=False)
    ground: Ground = dataclasses.field(init=False)

    def play(self) -> Take:
        """Play, let everybody recover, and judge.

        Raises:
            Anomaly: the engine broke a promise; its note has the ladder.
        """
        sessions = 2 if self.is_doubled else 1
        race = Race(
            name=self.operation.name, sessions=sessions, begin=self._begin, check=self._look
        )
        schedule = one_after_the_other(sessions, *self.faults)
        try:
            play(race, self.database, self.sessions, schedule)
        except Anomaly as found:
            named = Anomaly(str(found))
            named.add_note(f"\n{self.played.ladder()}\n\n{self._lines()}")
            raise named from None
        return self

    @property
    def effects(self) -> int:
        """How often a body had its effect, in the end."""
        return len(self.ground.story.of("effect"))

    def steps(self, session: int = 0) -> list[Step]:
        """Return the steps of the operation, or of the recovery."""
        return [step for step in self.played.steps if step.session == session]

    def _begin(self, ground: Ground) -> Programs:
        self.ground = ground
        programs = {NAME: self.operation.prepare(ground)}
        if self.is_doubled:
            programs[_RECOVERY] = _recovery(self.operation, programs[NAME], ground)
        self.before = take_snapshot()
        return programs

    def _look(self, _: Ground, played: Play) -> str | None:
        self.played, self.left = played, take_snapshot()
        for end in played.ends:
            if end.error is not None and not isinstance(end.error, Error):
                raise end.error
        if not self.legal:
            return None
        judge = out_of_bounds if self.is_doubled else tear
        return judge(self.legal, self.left, had_effect=bool(self.effects))

    def _lines(self) -> str:
        doubled = ", is_doubled=True" if self.is_doubled else ""
        return (
            f"def test_{self.operation.name.replace(' ', '_')}_again(\n"
            "    database: QueueDatabase, sessions: Sessions\n"
            ") -> None:\n"
            f'    play_again(OPERATIONS["{self.operation.name}"], database, sessions,'
            f" {', '.join(map(repr, self.faults))}{doubled})"
        )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """An operation of which it is known what it does when nothing goes wrong.

    Attributes:
        quiet: the play in which nothing did.
        legal: what the operation may leave: its begin, its end, and the moments between its acts.
    """

    quiet: Take
    legal: tuple[Snapshot, ...]

    def take(self, *faults: AtGate, is_doubled: bool = False) -> Take:
        """Play it with faults, and judge.

        Raises:
            Anomaly: the engine broke a promise.
        """
        return dataclasses.replace(
            self.quiet, faults=faults, legal=self.legal, is_doubled=is_doubled
        ).play()


def crash_points(operation: Operation, database: QueueDatabase, sessions: Sessions) -> Table:
    """Return what becomes of an operation, for every gate and everything that can go wrong there.

    Raises:
        Anomaly: the engine broke a promise.
    """
    rehearsed = rehearse(operation, database, sessions)
    table = Table(name=operation.name, kinds=tuple(KINDS))
    for number, step in enumerate(rehearsed.quiet.steps(), start=1):
        row = {}
        for name in _kinds_at(step):
            take = rehearsed.take(KINDS[name](0, number))
            _assert_happened(take, 0, number, step)
            row[name] = outcome_of(take, rehearsed.quiet)
        table.add(step.label, row)
    return table


def crash_pairs(operation: Operation, database: QueueDatabase, sessions: Sessions) -> int:
    """Play every two points, one in the operation, one in its recovery; return how many.

    Raises:
        Anomaly: the engine broke a promise.
    """
    rehearsed = rehearse(operation, database, sessions)
    take = functools.partial(rehearsed.take, is_doubled=True)
    pairs = 0
    for first, _, _ in _numbered(0, rehearsed.quiet.steps()):
        for second, number, step in _numbered(1, take(first).steps(1)):
            _assert_happened(take(first, second), 1, number, step)
            pairs += 1
    return pairs


def play_again(
    operation: Operation,
    database: QueueDatabase,
    sessions: Sessions,
    *faults: AtGate,
    is_doubled: bool = False,
) -> Take:
    """Play the points again that an anomaly was found at."""
    return rehearse(operation, database, sessions).take(*faults, is_doubled=is_doubled)


def rehearse(operation: Operation, database: QueueDatabase, sessions: Sessions) -> Rehearsed:
    """Play without faults, and kill it wherever it is between two acts, to see what is legal."""
    quiet = Take(operation=operation, database=database, sessions=sessions).play()
    moments = [
        dataclasses.replace(quiet, faults=(Crash(session=0, gate=number),)).play().left
        for number, step in enumerate(quiet.steps(), start=1)
        if not _is_statement(step)
    ]
    return Rehearsed(quiet=quiet, legal=(quiet.before, *moments, quiet.left))


def _recovery(
    operation: Operation, again: Callable[[], object], ground: Ground
) -> Callable[[], None]:
    """Return what somebody does about a failure: the same once more, or what workers do."""
    heir = ground.worker(_RECOVERY)
    acts = (again,) if operation.is_repeated else (ground.let_leases_run_out, heir.reap)
    return in_turn(*acts, lambda: heir.work(10))


def _kinds_at(step: Step) -> tuple[str, ...]:
    return tuple(KINDS) if _is_statement(step) else KILLS


def _is_statement(step: Step) -> bool:
    """Tell SQL, a commit and a rollback from what a program called its gate."""
    return step.label[:1].isupper()


def _numbered(session: int, steps: list[Step]) -> Iterator[tuple[AtGate, int, Step]]:
    for number, step in enumerate(steps, start=1):
        for name in _kinds_at(step):
            yield KINDS[name](session, number), number, step


def _assert_happened(take: Take, session: int, number: int, step: Step) -> None:
    """Nothing passes because nothing went wrong: it did, and at the statement that was meant."""
    struck = take.steps(session)[number - 1]
    assert struck.label == step.label, f"gate {number} is {struck.label}, and was {step.label}"
    assert struck.note, f"nothing went wrong at gate {number}, {step.label}"
