"""How a session ends: its exit code, and what people read."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from loadtests.book import Book
from loadtests.profile import KneeProfile
from loadtests.session import Ended, Job
from loadtests.summary import BELOW, MEASURED, UNKNOWN, bracket, exit_code, print_summary
from loadtests.tests.test_analysis_steps import TARGET, knee
from loadtests.tests.test_book import manifest
from reports.load_schema import Bottleneck

if TYPE_CHECKING:
    from reports.load_schema import Knee

JOB = Job(
    profile=KneeProfile(name="tiny"),
    database="postgresql",
    seed=1,
    command="nox -s loadtests -- tiny",
    folder=Path("nowhere"),
)
MISSING = Ended(job=JOB, book=None, reason="mysql cannot be had: install it.", is_missing=True)
FAILED = Ended(job=JOB, book=None, reason="the workers did not start")
NOT_REACHED = knee(status="not_reached", low=400.0, high=None)
NOTHING_PASSED = knee(status="below_range", low=None, high=100.0)


def measured(*knees: Knee, reason: str = "") -> Ended:
    """Return the end of a run with these knees."""
    book = Book(Path("nowhere"), manifest())
    book._findings = type(book.findings)(knees=knees)
    return Ended(job=JOB, book=book, reason=reason)


@pytest.mark.parametrize(
    ("ended", "at_least", "code"),
    [
        ((measured(knee()),), None, MEASURED),
        ((measured(),), None, MEASURED),
        ((measured(knee(), reason="the database died"),), None, UNKNOWN),
        ((measured(knee()), FAILED), None, UNKNOWN),
        ((measured(knee()),), 400.0, MEASURED),
        ((measured(knee()),), 399.9, MEASURED),
        ((measured(knee()),), 420.0, UNKNOWN),
        ((measured(knee()),), 450.0, BELOW),
        ((measured(knee()),), 451.0, BELOW),
        ((measured(NOT_REACHED),), 400.0, MEASURED),
        ((measured(NOT_REACHED),), 500.0, UNKNOWN),
        ((measured(NOTHING_PASSED),), 200.0, BELOW),
        ((measured(NOTHING_PASSED),), 100.0, BELOW),
        ((measured(NOTHING_PASSED),), 50.0, UNKNOWN),
        ((measured(knee(low=None, high=None)),), 1.0, UNKNOWN),
        ((measured(),), 1.0, UNKNOWN),
        ((measured(knee()), measured(NOTHING_PASSED)), 300.0, BELOW),
        ((measured(knee(), reason="the database died"),), 300.0, UNKNOWN),
        ((measured(knee(), reason="the database died"),), 500.0, BELOW),
    ],
)
def test_the_exit_code_says_what_is_known(
    ended: tuple[Ended, ...], at_least: float | None, code: int
) -> None:
    """0 if all was measured, 1 if a knee is below what was asked for, 2 if that is not known."""
    assert exit_code(ended, at_least=at_least, named=False) == code


def test_what_cannot_be_had_counts_only_if_it_was_named() -> None:
    """A laptop without MySQL passes; who asks for MySQL is told that it was not measured."""
    ended = (measured(knee()), MISSING)

    assert exit_code(ended, at_least=None, named=False) == MEASURED
    assert exit_code(ended, at_least=300.0, named=False) == MEASURED
    assert exit_code(ended, at_least=None, named=True) == UNKNOWN


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (knee(), "400 to 450"),
        (knee(status="unstable"), "400 to 450 (unstable)"),
        (NOT_REACHED, "at least 400 (not reached)"),
        (knee(status="generator_limited", high=None), "at least 400 (generator limited)"),
        (NOTHING_PASSED, "below 100"),
        (knee(low=None, high=None), "unknown"),
    ],
)
def test_a_bracket_claims_no_more_than_was_measured(found: Knee, words: str) -> None:
    """Each status has its own words."""
    assert bracket(found) == words


def printed(*ended: Ended) -> str:
    """Return what is printed of a session."""
    console = Console(file=io.StringIO(), width=120)
    print_summary(ended, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_summary_names_the_knee_what_limits_it_and_the_folder() -> None:
    """What is proven is marked as such; markup of a sentence is text."""
    end = measured(knee(note="It held [bold]80 %[/bold]."))
    assert end.book is not None
    limit = Bottleneck(
        target=TARGET, label="commit_flush", confidence="proven", sentence="Commits wait."
    )
    other = Bottleneck(
        target=type(TARGET)(contender="other", database=None),
        label="row_locks",
        confidence="proven",
        sentence="Not here.",
    )
    end.book._findings = type(end.book.findings)(
        knees=end.book.findings.knees, bottlenecks=(limit, other)
    )

    said = printed(end)

    assert "400 to 450" in said
    assert "commit flush (proven)" in said
    assert "row locks" not in said
    assert "- It held [bold]80 %[/bold]." in said
    assert "- Commits wait." in said
    assert "stored in nowhere" in said


def test_a_session_in_which_nothing_was_measured_prints_no_table() -> None:
    """Its reason has been printed already."""
    assert printed(MISSING, FAILED) == ""
