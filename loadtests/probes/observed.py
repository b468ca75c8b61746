"""What one database did within a window: the part of a step's resources that is its own."""

from __future__ import annotations

import abc
import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reports.load_steps import Statement

TOP_STATEMENTS = 12


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """The fields are those of ``reports.load_steps.Resources``."""

    waits: Mapping[str, int] = dataclasses.field(default_factory=dict)
    wait_samples: int = 0
    statements: tuple[Statement, ...] = ()
    counters: Mapping[str, float] = dataclasses.field(default_factory=dict)


class DatabaseProbe(abc.ABC):
    """Samples one database in the background, and is asked about a window afterwards."""

    @abc.abstractmethod
    def start(self) -> None:
        """Begin; a database that does not answer is no failure."""

    @abc.abstractmethod
    def stop(self) -> None:
        """End, with a last look if the database still answers."""

    @abc.abstractmethod
    def resources(self, begin_ns: int, end_ns: int) -> Observed:
        """Tell what was seen within a window of CLOCK_MONOTONIC."""


class NoProbe(DatabaseProbe):
    """Stands in where there is no database."""

    def start(self) -> None:
        """Do nothing."""

    def stop(self) -> None:
        """Do nothing."""

    def resources(self, begin_ns: int, end_ns: int) -> Observed:
        """Tell nothing."""
        del begin_ns, end_ns
        return Observed()


def top_statements(statements: Iterable[Statement]) -> tuple[Statement, ...]:
    """Choose the statements that took the most time, longest first."""
    ranked = sorted(statements, key=lambda statement: statement.total_ms, reverse=True)
    return tuple(ranked[:TOP_STATEMENTS])


def rounded(counters: Mapping[str, float]) -> dict[str, float]:
    """Round to what a sample can tell."""
    return {name: round(value, 3) for name, value in sorted(counters.items())}
