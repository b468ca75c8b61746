"""The index shows every run below a folder, and hides none that is broken."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from reports.page import BadRunError, write_index, write_report
from reports.tests.page_reader import read_page
from reports.tests.synthetic_runs import store_empty_run, store_invalid_run, store_valid_run

if TYPE_CHECKING:
    from pathlib import Path

SQLITE = {"name": "sqlite", "version": "3.45"}


def test_the_index_is_a_table_of_scenario_by_database(tmp_path: Path) -> None:
    """Each run is in its cell with its verdict and counts; an empty cell says "not run"."""
    write_report(store_valid_run(tmp_path / "a"))
    write_report(store_invalid_run(tmp_path / "b", database=SQLITE))
    store_empty_run(tmp_path / "c", scenario="poison", database=SQLITE)

    page = read_page(write_index(tmp_path))

    (matrix,) = page.all("table", "matrix")
    assert [cell.text for cell in matrix.all("thead")[0].all("th")] == [
        "Scenario",
        "postgresql",
        "sqlite",
    ]
    mid_task, poison = matrix.rows()
    assert poison[:2] == ["poison", "not run"]
    assert poison[2].startswith("UNKNOWN")
    assert mid_task[1:] == ["VALIDrecovery at most 1.24 s", "INVALID1 x double_claim, 3 x lost"]


def test_the_worst_scenarios_come_first(tmp_path: Path) -> None:
    """INVALID before UNKNOWN before VALID, whatever the scenarios are called."""
    store_valid_run(tmp_path / "a", scenario="a")
    store_empty_run(tmp_path / "b", scenario="b")
    store_invalid_run(tmp_path / "c", scenario="c")

    page = read_page(write_index(tmp_path))

    assert [row[0] for row in page.all("table", "matrix")[0].rows()] == ["c", "b", "a"]
    assert [row[1] for row in page.by_id("run-table").rows()] == ["INVALID", "UNKNOWN", "VALID"]


def test_a_cell_that_cannot_be_tested_says_why(tmp_path: Path) -> None:
    """Not applicable is no hole: the cell says so and leads to the reason, which is said once."""
    store_valid_run(tmp_path / "a")
    reason = "a file has no network that could be cut"
    _store_session(tmp_path, ("cut", "not applicable", reason), ("reset", "not applicable", reason))

    page = read_page(write_index(tmp_path))

    assert page.by_id("verdict").text == "VALID"
    rows = {row[0]: row[1:] for row in page.all("table", "matrix")[0].rows()}
    assert rows["cut"] == ["not run", "not applicable (1)"]
    assert page.by_id("reason-1-1").text == reason
    assert page.all("ol", "reasons")[0].text.count(reason) == 1
    assert "2 not applicable" in page.by_id("sentence").text


def test_a_run_that_could_not_be_carried_out_proves_nothing(tmp_path: Path) -> None:
    """A failed cell makes the session UNKNOWN although all stored runs are VALID."""
    store_valid_run(tmp_path / "a")
    _store_session(tmp_path, ("cut", "failed", "the run could not be carried out"))

    page = read_page(write_index(tmp_path))

    assert page.by_id("verdict").text == "UNKNOWN"


def test_a_broken_session_file_is_one_sentence(tmp_path: Path) -> None:
    """What is wrong is named, and nothing is guessed."""
    store_valid_run(tmp_path / "a")
    (tmp_path / "session.json").write_text("[]")

    with pytest.raises(BadRunError, match="is no document of a session"):
        write_index(tmp_path)


def _store_session(folder: Path, *cells: tuple[str, str, str]) -> None:
    """Store what a session says of cells without a run, all on SQLite."""
    about = {"subject": "background_task", "database": "sqlite"}
    document = {
        "schema_version": 1,
        "verdict": "VALID",
        "exit_code": 0,
        "seed": 7,
        "cells": [
            {**about, "scenario": scenario, "status": status, "reason": reason}
            for scenario, status, reason in cells
        ],
    }
    (folder / "session.json").write_text(json.dumps(document))


def test_the_session_has_the_worst_verdict_of_its_runs(tmp_path: Path) -> None:
    """One INVALID run makes the session INVALID, and the sentence counts them."""
    store_valid_run(tmp_path / "a")
    store_invalid_run(tmp_path / "b")

    page = read_page(write_index(tmp_path))

    assert page.by_id("verdict").text == "INVALID"
    assert page.by_id("sentence").text == (
        "2 runs: 1 VALID, 0 UNKNOWN, 1 INVALID. 282 enqueues acknowledged, 21 workers killed."
    )


def test_a_run_is_linked_if_it_has_a_page(tmp_path: Path) -> None:
    """Links lead to pages that exist; a run without one says so."""
    write_report(store_valid_run(tmp_path / "deep" / "a"))
    store_valid_run(tmp_path / "b")

    page = read_page(write_index(tmp_path))

    links = {a.attributes["href"] for a in page.all("a")}
    assert links == {"deep/a/report.html"}
    assert (tmp_path / links.pop()).is_file()
    assert page.all("table", "matrix")[0].text.count("no page yet") == 1


def test_subjects_are_not_mixed_in_one_table(tmp_path: Path) -> None:
    """Each subject has a table of its own, under its name and version."""
    store_valid_run(tmp_path / "a")
    store_valid_run(tmp_path / "b", subject={"name": "theirs", "version": "1.2.8"})

    page = read_page(write_index(tmp_path))

    headings = [h.text for h in page.all("h2")]
    assert headings[1:3] == ["background_task 0.1.0", "theirs 1.2.8"]
    assert len(page.all("table", "matrix")) == 2


def test_a_run_that_cannot_be_read_counts_as_unknown(tmp_path: Path) -> None:
    """A run that was cut off is listed with the reason, and the session is not VALID."""
    store_valid_run(tmp_path / "a")
    (store_valid_run(tmp_path / "b") / "results.json").unlink()

    page = read_page(write_index(tmp_path))

    assert page.by_id("verdict").text == "UNKNOWN"
    assert "has no results.json" in page.by_id("unreadable-list").text


def test_a_folder_without_runs_has_no_index(tmp_path: Path) -> None:
    """Nothing to show is an error, not an empty page."""
    with pytest.raises(BadRunError, match="There is no run below"):
        write_index(tmp_path)
    assert not (tmp_path / "index.html").exists()
