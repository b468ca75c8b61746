"""The throughput page: what is on it, what it says when data is missing, and what it never does."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from reports.load_schema import Findings, Knee, Repeat
from reports.tests.page_reader import Element, read_page
from reports.tests.synthetic_findings import ratio
from reports.tests.synthetic_load import (
    facts,
    forecast,
    interrupted_run,
    knee_run,
    large_run,
    manifest,
    search,
    standard_set,
    store,
)
from reports.tests.synthetic_steps import POSTGRESQL, Maker
from reports.throughput import read_forecast, write_load_page, write_throughput

if TYPE_CHECKING:
    from pathlib import Path

_FORECAST = """
contender = "background_task"
database = "postgresql"
[peak]
tasks_per_second = {peak}
[growth]
low = 0.0
expected = 0.02
high = 0.05
horizon_months = 12
"""
_ORDER = [
    "answer", "capacity", "latency", "spectrum", "waits", "processors", "bottleneck", "flips",
    "ledger", "burst", "bystanders", "contenders", "semantics", "sensitivity", "failures",
    "operation", "threats", "environment",
]  # fmt: skip
HOSTILE = "</script></svg><b onload=alert(1)>&amp;$x$ {{ 7 }} {low} | `a` [x](y)"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the standard set, with a forecast."""
    folder = tmp_path_factory.mktemp("site")
    path = forecast(folder, _FORECAST.format(peak=60))
    write_throughput(standard_set(folder / "runs"), folder / "site", read_forecast(path))
    return folder / "site"


@pytest.fixture(scope="module")
def page(site: Path) -> Element:
    """Its page."""
    return read_page(site / "index.html")


def part(page: Element, name: str) -> Element:
    """One section of a page."""
    (found,) = page.all("section", f"section-{name}")
    return found


def test_all_sections_are_there_in_their_order_and_in_the_contents(page: Element) -> None:
    """The list at the top leads to each of them."""
    assert [h.attributes["id"] for h in page.all("h2")] == _ORDER
    links = [a.attributes["href"] for a in page.by_id("contents").all("a")]
    assert links == [f"#{name}" for name in _ORDER]


def test_the_page_needs_nothing_else(site: Path, page: Element) -> None:
    """No script, no other file, no network; and it is small."""
    text = (site / "index.html").read_text(encoding="utf-8")

    assert not page.all("script")
    assert not [e for name in ("link", "img", "iframe") for e in page.all(name)]
    assert "default-src 'none'" in text
    assert "@import" not in text
    assert not re.search(r"url\((?!#)", text)
    assert len(text) < 3_000_000


def test_drawings_do_not_share_identities(page: Element) -> None:
    """Every identity is there once, and whatever is referred to is there."""
    text = [e.attributes for e in page._elements()]
    identities = [attributes["id"] for attributes in text if "id" in attributes]
    wanted = set()
    for attributes in text:
        for name, value in attributes.items():
            wanted |= set(re.findall(r"url\(#([^)]+)\)", value))
            if name == "href" and value.startswith("#"):
                wanted.add(value[1:])

    assert len(identities) == len(set(identities))
    assert len(wanted) > 50
    assert wanted <= set(identities)


def test_every_figure_has_a_name_a_caption_and_the_table_of_its_data(page: Element) -> None:
    """Nobody depends on seeing a drawing."""
    figures = page.all("figure")

    assert len(figures) >= 11
    for figure in figures:
        assert figure.all("figcaption")[0].all("p")[0].text
        assert figure.all("details")[0].all("table")[0].rows()
        for drawing in figure.all("svg", "chart"):
            assert drawing.attributes["role"] == "img"
            assert drawing.attributes["aria-label"]
            assert not drawing.all("style")
            assert not drawing.all("metadata")


def test_drawings_take_their_colours_from_the_page(site: Path) -> None:
    """Light, dark and paper change variables: no drawing has a colour of its own."""
    text = (site / "index.html").read_text(encoding="utf-8")
    drawings = "".join(re.findall(r'<svg class="chart".*?</svg>', text, flags=re.DOTALL))

    assert "var(--chart-blue)" in drawings
    assert set(re.findall(r"#[0-9a-f]{6}\b", drawings)) <= {"#000000"}
    named = set(re.findall(r"var\(--chart-(\w+)\)", drawings))
    defined = set(re.findall(r"--chart-(\w+):", text))
    assert named <= defined


def test_the_same_runs_give_the_same_bytes(tmp_path: Path) -> None:
    """A report can be compared with the one before it."""
    run = large_run(tmp_path / "run")

    for name in ("first", "second"):
        write_throughput([run], tmp_path / name)

    for name in ("index.html", "report.md", "report.json"):
        first, second = (tmp_path / folder / name for folder in ("first", "second"))
        assert first.read_bytes() == second.read_bytes(), name


@pytest.mark.parametrize(
    ("peak", "word"),
    [
        (60, "Stay with the database queue"),
        (400, "Tune the database queue"),
        (700, "Move, or shard"),
    ],
)
def test_the_answer_stands_at_the_top(tmp_path: Path, peak: int, word: str) -> None:
    """The forecast and the bracket decide; the rule and the confidence stand beside it."""
    maker = Maker(3)
    found = Findings(knees=(search(maker, POSTGRESQL),))
    run = store(tmp_path / "run", manifest((POSTGRESQL,)), maker.steps, found)
    path = forecast(tmp_path, _FORECAST.format(peak=peak))

    write_throughput([run], tmp_path / "site", read_forecast(path))

    answer = part(read_page(tmp_path / "site" / "index.html"), "answer")
    assert answer.all("p", "word")[0].text == word
    said = answer.all("dl", "facts")[0].text
    assert "757 to 819 tasks per second, bracketed" in said
    assert "from 2 stay, from 1.2 tune" in said
    assert "Confidence" in said
    assert answer.all("div", "listing")[0].all("li")


def test_without_a_forecast_each_database_gets_the_rule_turned_round(tmp_path: Path) -> None:
    """Half of what was held, and honest words where nothing can be claimed."""
    write_throughput([knee_run(tmp_path / "knee")], tmp_path / "site")

    answer = part(read_page(tmp_path / "site" / "index.html"), "answer")
    said = " ".join(item.text for item in answer.all("div", "listing")[0].all("li"))
    assert "postgresql: Stay while your peak is below 378 tasks per second" in said
    assert "(at least: no rate of the profile failed)" in said
    assert "background_task on mariadb: The repeats of one rate did not agree" in said


def test_kinds_of_capacity_are_named(page: Element) -> None:
    """Bracketed, not reached and unstable are different answers."""
    rows = {row[0]: row[1:] for row in part(page, "capacity").all("table")[0].rows()}

    assert rows["background_task on postgresql (knee)"][:2] == ["757 to 819", "bracketed"]
    assert rows["background_task on sqlite"][0].startswith("at least ")
    assert rows["background_task on sqlite"][1] == "not reached"
    assert rows["background_task on mariadb"][1] == "unstable"


def test_one_profile_on_two_machines_stands_side_by_side(page: Element) -> None:
    """A column for each machine, with its CPU, its cores and its label."""
    table = part(page, "capacity").all("table")[1]

    heads = [head.text for head in table.all("thead")[0].all("th")]
    assert heads[1:] == [
        "Example Xeon at two cores, 2 cores",
        "the large one: Example EPYC, 16 cores",
    ]
    row = next(r for r in table.rows() if r[0] == "background_task on postgresql")
    assert row[1] == "757 to 819"
    assert row[2].startswith("at least ")


def test_withheld_and_unsafe_comparisons_are_listed_as_such(page: Element) -> None:
    """A withheld one has its reason and no median; an unsafe one is marked."""
    rows = part(page, "flips").all("table")[0].rows()

    withheld = [row for row in rows if row[5] == "withheld"]
    assert len(withheld) == 3
    for row in withheld:
        assert row[6] == "The pairs differ by more than the rule allows."
        assert row[8:] == ["", ""]
    assert any(row[0] == "durability unsafe" for row in rows)
    assert any(row[0] == "A/A" for row in rows)


def test_a_run_that_ended_early_is_marked_wherever_it_is_used(page: Element) -> None:
    """In the figures' tables, among the threats and in the list of runs."""
    for name in ("latency", "processors", "ledger", "environment"):
        assert "interrupted partial" in part(page, name).text, name
    assert "It was stopped with Ctrl-C." in part(page, "threats").text


def test_a_section_without_data_names_the_command_that_measures_it(tmp_path: Path) -> None:
    """One sentence, no empty table, no empty figure."""
    write_throughput([interrupted_run(tmp_path / "run")], tmp_path / "site")

    found = read_page(tmp_path / "site" / "index.html")
    said = {
        name: " ".join(p.text for p in part(found, name).all("p", "missing")) for name in _ORDER
    }
    missing = {name for name, text in said.items() if text}
    assert missing >= {
        "answer", "capacity", "bottleneck", "flips", "burst", "bystanders", "contenders",
        "semantics", "sensitivity", "spectrum",
    }  # fmt: skip
    for name in missing:
        assert re.search(r"is in none of these runs: nox -s loadtests .* measures it\.", said[name])


def test_a_run_without_any_step_makes_a_page(tmp_path: Path) -> None:
    """A harness that failed at once leaves a manifest: the page says so."""
    made = manifest((), status="failed", reason="The database did not start.", calibration=())
    write_throughput([store(tmp_path / "run", made)], tmp_path / "site")

    text = read_page(tmp_path / "site" / "index.html").text
    assert "The database did not start." in text


@pytest.mark.parametrize("status", ["below_range", "generator_limited", "unstable"])
def test_every_kind_of_capacity_makes_a_page_with_and_without_a_forecast(
    tmp_path: Path, status: Any
) -> None:
    """Also where there is no rate that was held."""
    maker = Maker(5)
    maker.step(POSTGRESQL, "ramp", 900.0)
    low = 100.0 if status == "generator_limited" else None
    high = 900.0 if status == "below_range" else None
    repeats = (Repeat(rate=900.0, passed=0, failed=1),)
    knee = Knee(target=POSTGRESQL.target, status=status, low=low, high=high, repeats=repeats)
    run = store(tmp_path / "run", manifest((POSTGRESQL,)), maker.steps, Findings(knees=(knee,)))
    path = forecast(tmp_path, _FORECAST.format(peak=60))

    write_throughput([run], tmp_path / "with", read_forecast(path))
    write_throughput([run], tmp_path / "without")

    answer = part(read_page(tmp_path / "with" / "index.html"), "answer")
    assert answer.all("p", "word")[0].text == "Undecided"
    ends = answer.all("dl", "facts")[0].text
    assert ("not known, as no capacity is claimed" in ends) is (low is None)
    assert "{" not in answer.text
    assert read_page(tmp_path / "without" / "index.html").all("div", "banner")


def test_hostile_texts_are_shown_and_do_nothing(tmp_path: Path) -> None:
    """Markup in names, reasons and settings is text, in the page, in drawings and in Markdown."""
    evil = dataclasses.replace(POSTGRESQL, contender=HOSTILE, database=HOSTILE)
    maker = Maker(9)
    knee = search(maker, evil)
    steps = [
        dataclasses.replace(step, reasons=(HOSTILE,), phase=step.phase) for step in maker.steps
    ]
    flip = ratio(evil, HOSTILE, 1.3, before=HOSTILE, after=HOSTILE, reason=HOSTILE)
    knob = dataclasses.replace(flip, name=f"{HOSTILE} too")
    texts = dict.fromkeys(("profile", "summary", "reason", "command", "started_at"), HOSTILE)
    made = manifest((evil,), **texts, environment={"cpu_model": HOSTILE, HOSTILE: [HOSTILE]})
    made = dataclasses.replace(made, contenders=(facts(HOSTILE, HOSTILE),))
    found = Findings(knees=(dataclasses.replace(knee, note=HOSTILE),), ratios=(flip, knob))
    run = store(tmp_path / "a <b> & run", made, steps, found)

    write_throughput([run], tmp_path / "site")

    page = read_page(tmp_path / "site" / "index.html")
    assert not page.all("b")
    assert not page.all("script")
    assert not [e for e in page._elements() if "onload" in e.attributes]
    assert HOSTILE in part(page, "capacity").all("table")[0].rows()[0][0]
    assert HOSTILE in part(page, "environment").text
    markdown = (tmp_path / "site" / "report.md").read_text(encoding="utf-8")
    assert "<b" not in re.sub(r"`+[^\n]*?`+", "", markdown).replace("\\<", "")


def test_half_of_a_surrogate_pair_does_not_stop_a_report(tmp_path: Path) -> None:
    """A text that JSON can hold and a file cannot is shown with a replacement."""
    run = store(tmp_path / "run", manifest((), summary="broken \ud800 text"))

    write_throughput([run], tmp_path / "site")

    assert "broken ? text" in read_page(tmp_path / "site" / "index.html").text


def test_a_broken_histogram_costs_its_line_and_nothing_else(tmp_path: Path) -> None:
    """The rest of the page stands."""
    run = large_run(tmp_path / "run")
    lines = (run / "steps.ndjson").read_text(encoding="utf-8").splitlines()
    steps = [json.loads(line) for line in lines]
    for step in steps:
        for latency in step["latency"].values():
            latency["hdr"] = "not a histogram"
    (run / "steps.ndjson").write_text("".join(json.dumps(step) + "\n" for step in steps))

    write_throughput([run], tmp_path / "site")

    assert part(read_page(tmp_path / "site" / "index.html"), "latency").all("figure")


def test_the_page_of_one_run_is_written_into_its_folder(tmp_path: Path) -> None:
    """load.html has the same sections over one run."""
    path = write_load_page(large_run(tmp_path / "run"))

    assert path == tmp_path / "run" / "load.html"
    assert [h.attributes["id"] for h in read_page(path).all("h2")] == _ORDER


def test_markdown_has_the_same_sections_and_tables(site: Path, page: Element) -> None:
    """What the page says can be read in a terminal."""
    lines = (site / "report.md").read_text(encoding="utf-8").splitlines()

    titles = [line.removeprefix("## ") for line in lines if line.startswith("## ")]
    assert titles == [h.text for h in page.all("h2")]
    tables = [n for n, line in enumerate(lines) if line.startswith("| --")]
    assert len(tables) == len(page.all("table"))
    for number in tables:
        assert lines[number].count(" | ") == len(re.findall(r"(?<!\\)\|", lines[number - 1])) - 2
