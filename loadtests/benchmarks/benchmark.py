"""What a benchmark is, and what it is given: servers, the order of its blocks, room for figures."""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING, Final, TypeVar

from engine.databases import Unavailable
from engine.subjects import SubjectUnavailableError
from loadtests.analysis.statistics import abba_order

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from engine.contenders.contender import Contender
    from loadtests.announcing import Announcer
    from loadtests.benchmarks.figure import Figure
    from loadtests.laboratory import Bench, Laboratory
    from reports.load_schema import ContenderFacts

WORKERS: Final = 2
"""Worker processes of every queue."""

_T = TypeVar("_T")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """One of the files here.

    Attributes:
        name: what people type.
        summary: what ``--list`` says.
        guide: what ``NAME --help`` says: how it measures.
        databases: those that it runs on unless others are asked for.
        choices: those that can be asked for.
        own_servers: whether it fills several databases, so that one of somebody's is not enough.
        minutes: of a whole run on ``databases`` on a quiet machine with two cores.
        measure: measures, and leaves its figures in the room.
    """

    name: str
    summary: str
    guide: str
    databases: tuple[str, ...]
    choices: tuple[str, ...]
    minutes: float
    own_servers: bool = False
    measure: Callable[[Room], None]

    def seconds(self, *, is_quick: bool) -> float:
        """Estimate how long it takes."""
        return self.minutes * 60 * (0.25 if is_quick else 1.0)


class Room:
    """Where a benchmark runs.

    Attributes:
        databases: to measure on.
        is_quick: whether it is only to be seen that everything works.
        figures: what was measured.
        missing: a sentence for each thing that cannot be had here.
        facts: the contenders and servers that were measured.
    """

    def __init__(
        self,
        *,
        laboratory: Laboratory,
        announcer: Announcer,
        databases: tuple[str, ...],
        seed: int,
        is_quick: bool,
    ) -> None:
        self._laboratory = laboratory
        self._announcer = announcer
        self._steps = itertools.count(1)
        self.databases = databases
        self.seed = seed
        self.is_quick = is_quick
        self.figures: list[Figure] = []
        self.missing: list[str] = []
        self.facts: list[ContenderFacts] = []

    @property
    def blocks(self) -> int:
        """How often each arm runs: an even number, so that all of them have the same mean place."""
        return 2 if self.is_quick else 6

    def sized(self, whole: _T, *, quick: _T) -> _T:
        """Return a size of this run."""
        return quick if self.is_quick else whole

    def say(self, text: str) -> None:
        """Say what happens now."""
        self._announcer.phase(text)

    def bench(self, contender: Contender, database: str) -> Bench | None:
        """Start a contender's servers and make its tables; None if something cannot be had here."""
        self.say(f"preparing {contender.name} on {database}")
        try:
            bench = self._laboratory.bench(contender, database)
        except (Unavailable, SubjectUnavailableError) as error:
            self.missing.append(str(error))
            return None
        self.facts.append(bench.facts(WORKERS))
        return bench

    def interleave(self, arms: Mapping[str, Callable[[], _T]]) -> dict[str, list[_T]]:
        """Run each arm once in each block, in turned-around order; return its values by block."""
        order = abba_order(tuple(arms), self.blocks, self.seed)
        values: dict[str, list[_T]] = {label: [] for label in arms}
        for block, label in order:
            self.say(f"block {block + 1} of {self.blocks}: {label}")
            values[label].append(arms[label]())
        return values
