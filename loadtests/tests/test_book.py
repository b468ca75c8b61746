"""A run that is interrupted keeps what it measured, and goes on from there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from loadtests.book import Book, BookError
from loadtests.tests.test_analysis_steps import TARGET, knee, step
from reports.load_schema import (
    FINDINGS,
    MANIFEST,
    STEPS,
    LoadManifest,
    Semantics,
    read_findings,
    read_load_manifest,
    read_steps,
)

if TYPE_CHECKING:
    from pathlib import Path

    from reports.load_steps import Step

DATABASES = ({"name": "sqlite", "provider": "embedded", "version": "3.45"},)
TRIAL = Semantics(
    target=TARGET,
    fault="child",
    kills=20,
    acknowledged=200,
    lost=0,
    stuck=0,
    duplicated=20,
    dead_lettered=None,
    recovered=20,
    recovery_ms_p50=400.0,
    recovery_ms_max=900.0,
    patience_seconds=60.0,
)


def manifest() -> LoadManifest:
    """Return the manifest of a run that has just begun."""
    return LoadManifest(
        profile="tiny",
        summary="",
        profile_document={"kind": "knee"},
        profile_digest="abc",
        seed=7,
        command="nox -s loadtests -- tiny",
        started_at="2026-01-01T00:00:00+00:00",
        duration_seconds=0.0,
        status="interrupted",
        contenders=(),
        databases=(),
        environment={},
    )


@pytest.fixture
def book(tmp_path: Path) -> Book:
    """Begin a run."""
    return Book.new(tmp_path / "runs" / "run", manifest())


def stored(book: Book, *ids: str) -> Book:
    """Store some steps, and return the book."""
    for id_ in ids:
        book.step(id_, lambda place, id_=id_: step(id=id_, order=place))  # type: ignore[misc]
    return book


def never(_: int) -> Step:
    """Fail: what is stored must not be measured once more."""
    raise AssertionError("measured again")


def test_a_run_that_is_killed_at_once_is_known_as_interrupted(book: Book) -> None:
    """Before the first step its folder can be read, and says that it has not ended."""
    found = read_load_manifest(book.folder)

    assert (found.status, found.reason) == ("interrupted", "the run has not ended yet")
    assert read_findings(book.folder).knees == ()
    assert list(read_steps(book.folder)) == []


def test_a_step_is_on_disk_before_the_next_one_begins(book: Book) -> None:
    """Its place is how many there were before it."""

    def second(place: int) -> Step:
        assert [found.id for found in read_steps(book.folder)] == ["ramp-1"]
        return step(id="ramp-2", order=place)

    stored(book, "ramp-1").step("ramp-2", second)

    assert [found.order for found in read_steps(book.folder)] == [0, 1]


def test_a_step_that_fails_leaves_nothing(book: Book) -> None:
    """An error in the middle of a step is no measurement."""
    with pytest.raises(AssertionError, match="measured again"):
        stored(book, "ramp-1").step("ramp-2", never)

    assert not book.holds("ramp-2")
    assert [found.id for found in read_steps(book.folder)] == ["ramp-1"]


def test_a_run_that_is_taken_up_again_gives_its_steps_back(book: Book) -> None:
    """A step is found by its id, whichever it was; others are measured and come after it."""
    stored(book, "ramp-1", "ramp-2")
    book.end("interrupted", "stopped by the user")

    again = Book.resumed(book.folder)

    assert again.step("ramp-2", never) == step(id="ramp-2", order=1)
    assert again.step("ramp-3", lambda place: step(id="ramp-3", order=place)).order == 2
    assert [found.id for found in read_steps(book.folder)] == ["ramp-1", "ramp-2", "ramp-3"]


def test_another_steps_answer_is_not_given_for_this_one(book: Book) -> None:
    """A book that mixed its steps up would find a knee that nobody measured."""
    stored(book, "ramp-1", "ramp-11")

    assert book.step("ramp-11", never).id == "ramp-11"
    assert not book.holds("ramp-111")
    assert not book.holds("")


def test_half_a_line_of_a_killed_harness_is_measured_again(book: Book) -> None:
    """What is appended next begins a line of its own."""
    stored(book, "ramp-1", "ramp-2")
    lines = (book.folder / STEPS).read_bytes()
    (book.folder / STEPS).write_bytes(lines[:-40])

    again = Book.resumed(book.folder)
    assert (again.holds("ramp-1"), again.holds("ramp-2")) == (True, False)
    stored(again, "ramp-2")

    assert (book.folder / STEPS).read_bytes() == lines


def test_a_run_without_steps_can_be_taken_up(book: Book) -> None:
    """Whoever stops it while the generator is calibrated may go on, too."""
    assert Book.resumed(book.folder).steps == ()


def test_taking_a_run_up_changes_nothing_on_disk(book: Book) -> None:
    """It may be refused for another reason a moment later, or killed."""
    stored(book, "ramp-1")
    before = {path.name: path.read_bytes() for path in book.folder.iterdir()}

    Book.resumed(book.folder)

    assert {path.name: path.read_bytes() for path in book.folder.iterdir()} == before


def test_trials_outlast_an_interruption_and_conclusions_do_not(book: Book) -> None:
    """Kills were measured; a knee of half the steps is computed anew."""
    book.find(knees=(knee(),), semantics=(TRIAL,))

    findings = Book.resumed(book.folder).findings

    assert (findings.knees, findings.semantics) == ((), (TRIAL,))


def test_the_time_of_former_sittings_counts(book: Book) -> None:
    """A run of two sittings took as long as both."""
    document = json.loads((book.folder / MANIFEST).read_text())
    document["duration_seconds"] = 500.0
    (book.folder / MANIFEST).write_text(json.dumps(document))

    again = Book.resumed(book.folder)
    again.end("complete")

    assert 500.0 <= read_load_manifest(book.folder).duration_seconds < 600.0


def test_a_complete_run_is_not_taken_up(book: Book) -> None:
    """There is nothing left to measure, and it says so."""
    book.end("complete")

    with pytest.raises(BookError, match="is complete: there is nothing left to measure"):
        Book.resumed(book.folder)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (MANIFEST, "{"),
        (MANIFEST, "[]"),
        (MANIFEST, "{}"),
        (MANIFEST, '{"kind": "load", "colour": "red"}'),
        (FINDINGS, "no JSON"),
        (FINDINGS, '{"knees": 5}'),
        (STEPS, "{}\n"),
        (STEPS, "[]\n"),
        (STEPS, "\n"),
        (STEPS, "no JSON\n"),
    ],
)
def test_what_cannot_be_read_is_refused_in_a_sentence(book: Book, name: str, content: str) -> None:
    """Whatever is wrong with a file, no traceback says so."""
    (book.folder / name).write_text(content)

    with pytest.raises(BookError, match=r"holds no load run to take up again: \S"):
        Book.resumed(book.folder)


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    """So is one that is not there."""
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(BookError, match="holds no load run to take up again"):
            Book.resumed(folder)


def test_two_runs_do_not_share_a_folder(book: Book) -> None:
    """The second of two that begin at once is refused, and harms nothing."""
    stored(book, "ramp-1")

    with pytest.raises(BookError, match="cannot be made: File exists"):
        Book.new(book.folder, manifest())

    assert len(list(read_steps(book.folder))) == 1


def test_a_run_does_not_go_on_on_another_database(book: Book) -> None:
    """Steps of two servers would make one knee that neither of them has."""
    book.describe(databases=DATABASES)
    stored(book, "ramp-1")
    again = Book.resumed(book.folder)

    again.describe(databases=DATABASES)
    with pytest.raises(BookError, match="was begun on another database"):
        again.describe(databases=({**DATABASES[0], "version": "3.46"},))

    assert read_load_manifest(book.folder).databases == DATABASES


def test_a_run_without_steps_may_change_its_database(book: Book) -> None:
    """Nothing was measured on the first one."""
    book.describe(databases=DATABASES)
    other = ({**DATABASES[0], "version": "3.46"},)

    Book.resumed(book.folder).describe(databases=other)

    assert read_load_manifest(book.folder).databases == other
