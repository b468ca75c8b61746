"""What a profile's kind means: which steps are measured, and what is concluded from them.

An experiment asks its book for every step by id, so that a run that is taken up again measures
only what is missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from loadtests.experiments.comparing import Comparing
from loadtests.experiments.finding_the_knee import FindingTheKnee
from loadtests.experiments.timing import Timing
from loadtests.profile import CompareProfile, KneeProfile, TimelineProfile

if TYPE_CHECKING:
    from loadtests.announcing import Announcer
    from loadtests.book import Book
    from loadtests.laboratory import Laboratory
    from loadtests.profile import Profile

__all__ = ["Experiment", "experiment_of"]


class Experiment(Protocol):
    """One kind of run."""

    def run(self, book: Book) -> None:
        """Measure what the book does not hold yet."""

    def conclude(self, book: Book) -> None:
        """Store the findings of what was measured, all of it or part."""


def experiment_of(
    profile: Profile, laboratory: Laboratory, database: str, announcer: Announcer
) -> Experiment:
    """Start what a profile needs, and return its experiment.

    Raises:
        Unavailable: a server cannot be had here.
        SubjectUnavailableError: a contender cannot be installed here.
    """
    if isinstance(profile, KneeProfile):
        return FindingTheKnee(profile, laboratory, database, announcer)
    if isinstance(profile, CompareProfile):
        return Comparing(profile, laboratory, announcer)
    assert isinstance(profile, TimelineProfile)  # noqa: S101 - there are three kinds
    return Timing(profile, laboratory, database, announcer)
