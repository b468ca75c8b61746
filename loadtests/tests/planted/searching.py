"""Looks for knees as a run does, with a profile that is made in the test."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console

from loadtests.announcing import announcing
from loadtests.book import Book
from loadtests.experiments.finding_the_knee import FindingTheKnee
from loadtests.plans import FlipPlan, Search
from loadtests.profile_kinds import KneeProfile
from loadtests.tests.planted.planting import RULES, forgiving
from reports.load_schema import LoadManifest

if TYPE_CHECKING:
    from pathlib import Path

    from loadtests.laboratory import Laboratory

DATABASE: Final = "postgresql"


def profile(search: Search, flips: FlipPlan | None = None, **more: Any) -> KneeProfile:
    """Return a small profile with evenly spaced arrivals, which need no room for chance."""
    usual: dict[str, Any] = {
        "name": "planted",
        "databases": (DATABASE,),
        "sleep_seconds": 0.1,
        "spacing": "uniform",
        "warmup_seconds": 0.5,
        "window_seconds": 2.0,
        "hold_seconds": 0.0,
    }
    return KneeProfile(rules=RULES, search=search, flips=flips or FlipPlan(), **(usual | more))


def searched(laboratory: Laboratory, wanted: KneeProfile, folder: Path) -> Book:
    """Run a profile to its end and return its book, with its findings."""
    book = Book.new(folder / "run", _manifest(wanted))
    console = Console(file=io.StringIO())
    with announcing(console) as announcer, forgiving():
        experiment = FindingTheKnee(wanted, laboratory, DATABASE, announcer)
        experiment.run(book)
        experiment.conclude(book)
    return book


def _manifest(wanted: KneeProfile) -> LoadManifest:
    return LoadManifest(
        profile=wanted.name,
        summary="",
        profile_document=wanted.document(),
        profile_digest=wanted.digest,
        seed=1,
        command="",
        started_at="",
        duration_seconds=0.0,
        status="interrupted",
        contenders=(),
        databases=(),
        environment={},
    )
