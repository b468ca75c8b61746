"""The page of one run says what the stored run says."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING

import pytest

from reports.page import write_report
from reports.schema import CheckResult, Counts, Results, Verdict
from reports.tests.page_reader import Element, read_page
from reports.tests.synthetic_runs import (
    History,
    passed,
    store,
    store_empty_run,
    store_invalid_run,
    store_valid_run,
    workday,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def valid(tmp_path: Path) -> Element:
    """A run in which nothing went wrong."""
    return read_page(write_report(store_valid_run(tmp_path / "run")))


@pytest.fixture
def invalid(tmp_path: Path) -> Element:
    """A run with two broken properties and one that was not exercised."""
    return read_page(write_report(store_invalid_run(tmp_path / "run")))


@pytest.fixture
def empty(tmp_path: Path) -> Element:
    """A run without history."""
    return read_page(write_report(store_empty_run(tmp_path / "run")))


def test_a_valid_run_is_summed_up_in_one_sentence(valid: Element) -> None:
    """The banner names what was proven, from the counts and the checks."""
    assert valid.by_id("verdict").text == "VALID"
    assert valid.by_id("sentence").text == (
        "220 enqueues acknowledged, 14 workers killed in the middle of a task, "
        "nothing lost, nothing stuck, nothing claimed twice at once."
    )


def test_a_run_that_broke_promises_rules_nothing_out(invalid: Element) -> None:
    """What was found in an INVALID run is shown by it."""
    assert "Shows" in invalid.text
    assert "Rules out" not in invalid.text


def test_an_invalid_run_names_its_anomalies(invalid: Element) -> None:
    """The banner names each broken property with its count, and claims nothing held."""
    assert invalid.by_id("verdict").text == "INVALID"
    assert invalid.by_id("sentence").text == (
        "62 enqueues acknowledged, 7 workers killed, 5 of them in the middle of a task. "
        "Found: 1 x double_claim, 3 x lost."
    )


def test_an_unknown_run_says_what_is_not_proven(empty: Element) -> None:
    """UNKNOWN comes with its reason and is said not to be a pass."""
    assert empty.by_id("verdict").text == "UNKNOWN"
    assert (
        "Not proven: lost (Nothing in this run put it to the test)" in empty.by_id("sentence").text
    )
    assert "not a pass" in empty.all("section", "banner")[0].text


def test_nothing_is_claimed_that_no_check_says(tmp_path: Path) -> None:
    """A VALID run without a check for stuck tasks does not say "nothing stuck"."""
    results = Results(verdict=Verdict.VALID, counts=Counts(), checks=(passed("lost", 1),))

    page = read_page(write_report(store(tmp_path / "run", History(), results)))

    assert page.by_id("sentence").text == "0 enqueues acknowledged, nothing lost."


def test_the_banner_holds_what_is_needed_to_run_it_again(valid: Element) -> None:
    """Command, seed, database, durability, subject, contract and environment are all there."""
    assert valid.by_id("command").text.endswith("--database postgresql --seed 7")
    assert valid.by_id("seed").text == "7"
    assert valid.by_id("database").text == "postgresql 18.0 (embedded)"
    assert "synchronous commit on" in valid.by_id("durability").text
    assert valid.by_id("subject").text == "background_task 0.1.0"
    assert "delivery at-least-once" in valid.by_id("contract").text
    assert "commit c74296a" in valid.by_id("environment").text
    assert valid.all("time")[0].attributes["datetime"] == "2025-01-31T12:00:00+00:00"


def test_every_count_of_the_results_is_shown(valid: Element) -> None:
    """The row of figures has each count, durations in words."""
    figures = {e.attributes["id"]: e.text for e in valid.all("dd", "figure")}

    assert len(figures) == len(Counts.__dataclass_fields__)
    assert figures["count-acknowledged"] == "220"
    assert figures["count-kills_in_body"] == "14"
    assert figures["count-recovery_ms_p50"] == "412 ms"
    assert figures["count-recovery_ms_max"] == "1.24 s"


def test_a_bad_count_is_marked(invalid: Element) -> None:
    """Only the counts that must be zero and are not stand out."""
    marked = invalid.all("div", "bad")

    assert [element.all("dt")[0].text for element in marked] == ["lost"]


def test_the_property_table_shows_how_often_each_was_exercised(invalid: Element) -> None:
    """Name, verdict, contract, count, exercised and note are in each row."""
    rows = {row[0].split(" ")[0]: row[1:] for row in _property_rows(invalid)}

    assert rows["double_claim"][:3] == ["INVALID", "forbidden", "1"]
    assert rows["double_claim"][3].split()[0] == "40"
    assert rows["unexpected"][:3] == ["VALID", "forbidden", "0"]


def test_an_unexercised_property_is_grey_and_says_why(invalid: Element) -> None:
    """UNKNOWN has its own class, its word and a reason even if the checker gave none."""
    (row,) = invalid.by_id("property-table").all("tr", "is-UNKNOWN")

    assert row.all("th")[0].text.startswith("premature")
    assert "Nothing in this run put it to the test." in row.text


def test_each_witness_link_leads_to_a_dossier(invalid: Element) -> None:
    """The links of the property table point at elements that exist."""
    links = [a.attributes["href"] for a in invalid.by_id("property-table").all("a")]
    witnesses = [link for link in links if link.startswith("#witness")]

    assert sorted(witnesses) == ["#witness-1", "#witness-2"]
    for link in witnesses:
        assert invalid.by_id(link.removeprefix("#")).name == "article"


def test_each_property_leads_to_what_its_anomaly_is(invalid: Element) -> None:
    """The text of docs/anomalies is in the page, so the link needs no network."""
    links = [a.attributes["href"] for a in invalid.by_id("property-table").all("a")]
    explained = [link for link in links if link.startswith("#about-")]

    assert "#about-double-claim" in explained
    assert "What a user sees." in invalid.by_id("about-double-claim").text
    assert "```" not in invalid.by_id("about-double-claim").text


def test_a_dossier_proves_its_anomaly(invalid: Element) -> None:
    """A dossier has the sentence, the task's attempts and leases, and the ops."""
    dossier = invalid.by_id("witness-1")
    told = [title.text for title in dossier.all("title")]

    assert dossier.all("h3")[0].text == "double-claim: order-17"
    assert "while the lease of token" in dossier.all("p", "proof")[0].text
    assert len(dossier.all("g", "attempt")) == 2
    assert len(dossier.all("g", "lease")) == 2
    assert "order-17, attempt 2, killed, 3.920 s to 4.600 s (680 ms)" in told
    assert "two live leases from 3.900 s to 4.420 s" in told
    assert dossier.all("table")[0].rows()[0][:4] == [
        "3.000",
        "producer-100",
        "enqueue",
        "invoke",
    ]


def test_a_page_says_how_many_anomalies_it_leaves_out(invalid: Element) -> None:
    """Two dossiers of four counted anomalies: the page says so."""
    assert "2 of 4 anomalies are shown" in _section(invalid, "witnesses").text


def test_phases_are_named_and_kills_marked_in_figure_and_lanes(valid: Element) -> None:
    """Both drawings of the run have all phases; the lanes have every kill."""
    names = ["setup", "steady", "chaos", "heal", "drain", "quiesce", "final-read"]
    (plot,) = _section(valid, "over-time").all("svg", "plot")
    (chart,) = valid.by_id("over-time-frame").all("svg", "chart")

    assert [text.text for text in plot.all("text", "phase")] == names
    assert len(plot.all("g", "kill in-body")) == 14
    said = [text.text for text in chart.all("text")]
    assert [text for text in said if text in names] == names
    assert "kill A" in " ".join(said).replace("  ", " ")


def test_the_crosshair_reads_what_is_drawn(valid: Element) -> None:
    """The embedded series cover throughput, backlog, flight and waits, and every drawn task."""
    data = json.loads(valid.by_id("over-time-data").text)

    assert [[s["label"] for s in panel["series"]] for panel in data["panels"]] == [
        ["starts", "finishes"],
        ["live rows"],
        ["in flight"],
        ["median", "95 %"],
    ]
    assert len(data["dots"]["tasks"]) == 220
    assert data["start"] == 0.0
    tops = [panel["top"] for panel in data["panels"]]
    assert tops == sorted(tops)


def test_what_became_of_the_tasks_is_said_in_words(valid: Element) -> None:
    """The sentence below the figure counts every fate."""
    assert valid.by_id("fates").text == "220 tasks: 196 ok once, 24 retried."


def test_the_figure_is_a_table_too(valid: Element) -> None:
    """Who cannot see the figure reads it, row by row."""
    rows = valid.by_id("digest").rows()

    assert 10 < len(rows) < 40
    assert sum(float(row[2]) for row in rows) > 0


def test_every_attempt_is_a_bar_in_the_lane_of_its_process(valid: Element) -> None:
    """Attempts are drawn by outcome, and those of killed workers end in a cross."""
    frame = valid.by_id("attempt-frame")
    killed = frame.all("g", "attempt killed")

    assert len(frame.all("g", "attempt ok")) == 220
    assert len(frame.all("g", "attempt failed")) == 10
    assert len(killed) == 14
    assert all(bar.all("use")[0].attributes["href"] == "#cross" for bar in killed)
    assert len(frame.all("g", "lane")) == 4 + 14


def test_an_empty_history_draws_nothing(empty: Element) -> None:
    """A run without ops has a page that says so."""
    assert not empty.all("svg", "plot")
    assert "The history holds no op" in _section(empty, "over-time").text


def test_a_large_run_is_cut_and_says_so(tmp_path: Path) -> None:
    """Of 6000 attempts and tasks a part is drawn, the page says so and stays below 2 MB."""
    results = Results(verdict=Verdict.VALID, counts=Counts(), checks=(passed("lost", 5950),))
    history = workday(tasks=5950, workers=4, kill_every=119)

    path = write_report(store(tmp_path / "run", history, results))

    page = read_page(path)
    frame = page.by_id("attempt-frame")
    assert "4,000 of them are drawn" in page.by_id("fates").text
    assert len(frame.all("g", "attempt")) == 2000
    assert "The first 2000 of 6000 attempts are drawn" in frame.all("desc")[0].text
    assert len(frame.all("g", "cut")) == 1
    assert path.stat().st_size < 2_000_000


def test_the_files_of_the_run_are_linked_relatively(valid: Element) -> None:
    """Only files that exist are linked, and only by their names."""
    links = [a.attributes["href"] for a in valid.by_id("file-list").all("a")]

    assert links == ["manifest.json", "results.json", "history/"]


@pytest.mark.parametrize("make", [store_valid_run, store_invalid_run, store_empty_run])
def test_a_page_needs_nothing_but_itself(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    """No element loads anything, and the content security policy forbids it too."""
    page = read_page(write_report(make(tmp_path / "run")))

    for name in ("link", "img", "iframe", "object", "embed"):
        assert not page.all(name)
    assert not [s for s in page.all("script") if "src" in s.attributes]
    assert all("://" not in a.attributes["href"] for a in page.all("a"))
    policies = [m.attributes.get("content", "") for m in page.all("meta")]
    assert any(policy.startswith("default-src 'none'") for policy in policies)
    assert "url(http" not in page.all("style")[0].text
    assert "@import" not in page.all("style")[0].text


@pytest.mark.parametrize("make", [store_valid_run, store_invalid_run, store_empty_run])
def test_a_page_can_be_read_by_a_machine(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    """Headings are in order, tables have captions, figures have texts, ids are unique."""
    page = read_page(write_report(make(tmp_path / "run")))

    levels = [int(e.name[1]) for e in _in_order(page) if e.name in ("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    for table in page.all("table"):
        assert table.all("caption")
        assert all("scope" in cell.attributes for cell in table.all("th"))
    for plot in page.all("svg", "plot"):
        names = plot.attributes["aria-labelledby"].split()
        assert all(page.by_id(name).text for name in names)
    ids = [e.attributes["id"] for e in _in_order(page) if "id" in e.attributes]
    assert len(ids) == len(set(ids))


def test_a_crashed_checker_keeps_its_note(tmp_path: Path) -> None:
    """The note of an UNKNOWN is shown in the table and in the banner."""
    check = CheckResult(
        name="lost", verdict=Verdict.UNKNOWN, exercised=3, note="It crashed: KeyError."
    )
    results = Results(verdict=Verdict.UNKNOWN, counts=Counts(), checks=(check,))

    page = read_page(write_report(store(tmp_path / "run", History(), results)))

    assert _property_rows(page)[0][5] == "It crashed: KeyError."
    assert page.by_id("sentence").text.endswith("Not proven: lost (It crashed: KeyError).")


def _property_rows(page: Element) -> list[list[str]]:
    """The rows of the table without the headings of its families."""
    return [row for row in page.by_id("property-table").rows() if len(row) > 1]


def _section(page: Element, identity: str) -> Element:
    (found,) = [s for s in page.all("section") if s.attributes.get("aria-labelledby") == identity]
    return found


def _in_order(element: Element) -> list[Element]:
    return list(element._elements())
