"""One site of all stored runs: what it rests on, what it leaves out, and what it cannot read."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from reports.load_schema import read_load_manifest, write_document
from reports.site.__main__ import main
from reports.site.front_page import Entry, FrontPage, write_front_page
from reports.site.stored_runs import Found, choose, find_runs
from reports.tests.page_reader import Element, read_page
from reports.tests.synthetic_load import knee_run
from reports.tests.synthetic_runs import store_valid_run
from reports.tests.test_hostile_text import HOSTILE

if TYPE_CHECKING:
    from pathlib import Path


def found(folder: Path, name: str, **manifest: Any) -> Found:
    """Return a stored load run, without a file."""
    usual = {
        "kind": "load",
        "profile": "knee-1000",
        "status": "complete",
        "started_at": f"2026-01-0{len(name)}",
        "environment": {"cpu_model": "Example", "cpus": 2},
        "contenders": [{"name": "background_task"}],
        "databases": [{"name": "sqlite"}],
    }
    return Found(folder=folder / name, manifest={**usual, **manifest})


def names(runs: Any) -> list[str]:
    """Return the names of runs, sorted."""
    return sorted(run.folder.name for run in runs)


def changed(folder: Path, **changes: Any) -> Path:
    """Store a run's manifest with other values."""
    manifest = dataclasses.replace(read_load_manifest(folder), **changes)
    write_document(folder / "manifest.json", manifest)
    return folder


def test_the_newest_run_of_a_kind_is_used(tmp_path: Path) -> None:
    """The other one is listed with the reason."""
    old, new = found(tmp_path, "a"), found(tmp_path, "bb")

    choice = choose([new, old])

    assert names(choice.used) == ["bb"]
    assert choice.left_out == ((old, "bb is newer, or complete where this one is not"),)


@pytest.mark.parametrize("status", ["interrupted", "failed"])
def test_a_complete_run_is_used_before_a_newer_one_that_was_cut_off(
    tmp_path: Path, status: str
) -> None:
    """Ctrl-C does not take a report's figures away."""
    old, new = found(tmp_path, "a"), found(tmp_path, "bb", status=status)

    assert names(choose([old, new]).used) == ["a"]


def test_a_run_that_was_cut_off_is_better_than_none(tmp_path: Path) -> None:
    """It says so itself."""
    assert names(choose([found(tmp_path, "a", status="failed")]).used) == ["a"]


@pytest.mark.parametrize(
    "other",
    [
        {"profile": "burst"},
        {"databases": [{"name": "mysql"}]},
        {"contenders": [{"name": "django-tasks-db"}]},
        {"environment": {"cpu_model": "Another", "cpus": 2}},
        {"environment": {"cpu_model": "Example", "cpus": 16}},
    ],
)
def test_runs_that_differ_stand_side_by_side(tmp_path: Path, other: dict[str, Any]) -> None:
    """Another profile, database, queue or machine is another subject."""
    assert names(choose([found(tmp_path, "a"), found(tmp_path, "bb", **other)]).used) == ["a", "bb"]


def test_the_order_of_names_makes_no_other_subject(tmp_path: Path) -> None:
    """A comparison of the same queues is the same comparison."""
    both = [{"name": "x"}, {"name": "y"}]
    runs = [found(tmp_path, "a", contenders=both), found(tmp_path, "bb", contenders=both[::-1])]

    assert names(choose(runs).used) == ["bb"]


def test_a_trial_run_is_used_only_if_there_is_nothing_else(tmp_path: Path) -> None:
    """A minute of smoke measures little."""
    smoke, real = found(tmp_path, "bb", profile="smoke"), found(tmp_path, "a")

    assert names(choose([smoke]).used) == ["bb"]
    choice = choose([smoke, real])
    assert names(choice.used) == ["a"]
    assert "shows that the parts work" in choice.left_out[0][1]


def test_every_run_is_either_used_or_left_out(tmp_path: Path) -> None:
    """Nothing goes missing."""
    runs = [found(tmp_path, "a" * (1 + n), status=("failed", "complete")[n % 2]) for n in range(7)]

    choice = choose(runs)

    assert names([*choice.used, *(run for run, _ in choice.left_out)]) == names(runs)
    assert choose([]).used == ()


@pytest.mark.parametrize(
    "damage",
    [
        {"environment": None},
        {"environment": []},
        {"contenders": 5},
        {"contenders": [5, None]},
        {"databases": {"name": "x"}},
        {"started_at": None},
        {"profile": ["x"]},
    ],
)
def test_a_damaged_manifest_has_a_subject(tmp_path: Path, damage: dict[str, Any]) -> None:
    """It is judged where it is read, not where it is found."""
    run = found(tmp_path, "a", **damage)

    assert names(choose([run, found(tmp_path, "bb")]).used)


def test_runs_are_found_oldest_first_at_any_depth(tmp_path: Path) -> None:
    """A manifest that is no JSON, or no object, is found as well: somebody must say so."""
    for name, text in (
        ("x/new", '{"started_at": "2026-02-01", "kind": "load"}'),
        ("old", '{"started_at": "2026-01-01"}'),
        ("bad", "{"),
        ("list", "[]"),
    ):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "manifest.json").write_text(text)

    runs = list(find_runs(tmp_path))

    assert [run.folder.name for run in runs][2:] == ["old", "new"]
    assert names(runs) == ["bad", "list", "new", "old"]
    assert [run.is_load for run in runs] == [False, False, False, True]


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Store runs of all sorts, some of which cannot be read, and make the site of them."""
    root = tmp_path_factory.mktemp("runs")
    knee_run(root / "knee")
    changed(knee_run(root / "cut"), status="interrupted", started_at="2020-01-01T00:00:00+00:00")
    hostile = changed(
        knee_run(root / "a <b> & %20#run"),
        profile="hostile",
        summary=HOSTILE,
        reason=HOSTILE,
        command=HOSTILE,
    )
    assert hostile.is_dir()
    broken = knee_run(root / "broken")
    changed(broken, started_at="2099-01-01T00:00:00+00:00")
    with (broken / "steps.ndjson").open("a") as lines:
        lines.write("no step\n")
    store_valid_run(root / "session" / "sigkill-sqlite")
    (root / "stranger").mkdir()
    (root / "stranger" / "manifest.json").write_text("{}")
    return root


@pytest.fixture(scope="module")
def site(stored: Path) -> tuple[subprocess.CompletedProcess[str], Element]:
    """Make the site, and return what the command said and its front page."""
    done = subprocess.run(
        [sys.executable, "-m", "reports.site", str(stored)],
        capture_output=True,
        text=True,
        check=False,
    )
    return done, read_page(stored / "index.html")


def rows(page: Element) -> dict[str, list[str]]:
    """Return the rows of all tables, by the first word of the run's name."""
    return {row[0].split(" ")[0]: row for table in page.all("table") for row in table.rows()}


def test_the_site_links_every_page_that_it_wrote(
    site: tuple[subprocess.CompletedProcess[str], Element], stored: Path
) -> None:
    """The command prints the same paths; each is there, however its folder is called."""
    from urllib.parse import unquote

    done, page = site
    links = [unquote(link.attributes["href"]) for link in page.all("a")]

    assert "throughput/index.html" in links
    assert {"knee/load.html", "cut/load.html", "a <b> & %20#run/load.html"} <= set(links)
    assert all((stored / link).is_file() for link in links)
    assert done.stdout.splitlines()[-1] == str(stored / "index.html")
    assert "Traceback" not in done.stderr


def test_what_cannot_be_read_is_listed_and_ends_in_a_usage_error(
    site: tuple[subprocess.CompletedProcess[str], Element],
) -> None:
    """On the page and on standard error, one sentence each; all else is there nevertheless."""
    done, page = site

    complaints = [item.text for item in page.all("li")]
    assert done.returncode == 254
    assert any("broken" in said and "line" in said for said in complaints)
    assert any("stranger" in said for said in complaints)
    assert len(complaints) == 2
    assert len(done.stderr.splitlines()) == 2
    assert all(line.startswith("reports: ") for line in done.stderr.splitlines())


def test_a_run_that_cannot_be_read_takes_no_report_away(
    site: tuple[subprocess.CompletedProcess[str], Element], stored: Path
) -> None:
    """It is newer than the readable one of its kind, which the report rests on."""
    _, page = site

    assert "The throughput report" in page.text
    report = json.loads((stored / "throughput" / "report.json").read_text())
    assert "knee" in json.dumps(report)
    assert "broken" not in json.dumps(report)
    assert "broken" not in rows(page)


def test_a_run_that_the_report_does_not_use_says_why(
    site: tuple[subprocess.CompletedProcess[str], Element],
) -> None:
    """It keeps its own page and its status."""
    _, page = site

    row = rows(page)["cut"]
    assert "Not in the report: knee is newer, or complete" in row[0]
    assert row[1] == "interrupted"


def test_hostile_text_is_shown_as_text(
    site: tuple[subprocess.CompletedProcess[str], Element], stored: Path
) -> None:
    """On the front page and on the page of the run."""
    _, page = site

    assert HOSTILE in page.text
    for each in (page, read_page(stored / "a <b> & %20#run" / "load.html")):
        assert not each.all("b")
        assert not [part for part in each._elements() if "onload" in part.attributes]


def test_an_entry_without_a_page_is_no_link(tmp_path: Path) -> None:
    """Nor is there a link to a report that could not be made."""
    entry = Entry(title=HOSTILE, link="", status=HOSTILE, tone="", when="", note=HOSTILE)
    page = FrontPage(report="", loads=[entry], sessions=[entry], complaints=[HOSTILE])

    shown = read_page(write_front_page(tmp_path / "index.html", page))

    assert shown.all("a") == []
    assert shown.all("b") == []
    assert shown.text.count(HOSTILE) == 7


def test_a_site_without_a_readable_load_run_says_so(tmp_path: Path) -> None:
    """It does not say that there was none."""
    run = knee_run(tmp_path / "knee")
    (run / "findings.json").write_text("[]")

    assert main([str(tmp_path)]) == 254

    said = read_page(tmp_path / "index.html").by_id("decide")
    assert said.text == "Stay, tune or move"
    assert "see what could not be read" in read_page(tmp_path / "index.html").text


def test_nothing_is_written_outside_of_the_folder_that_was_named(tmp_path: Path) -> None:
    """Whoever names the folder of one run gets a site within it."""
    run = store_valid_run(tmp_path / "runs" / "sigkill-sqlite")

    assert main([str(run)]) == 0

    assert [path.name for path in run.parent.iterdir()] == [run.name]


@pytest.mark.parametrize("content", [None, "", "a file"])
def test_a_folder_without_runs_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None
) -> None:
    """So is one that is not there, and a file."""
    root = tmp_path / "runs"
    if content == "":
        root.mkdir()
    elif content:
        root.write_text(content)

    assert main([str(root)]) == 254

    said = capsys.readouterr()
    assert said.err.startswith(f"reports: {root} holds no stored run: type nox -s chaos")
    assert said.out == ""
    assert not (tmp_path / "index.html").exists()


@pytest.mark.parametrize("forecast", ["nowhere.toml", "."])
def test_a_forecast_that_cannot_be_read_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], forecast: str
) -> None:
    """Before a page is written."""
    knee_run(tmp_path / "knee")

    assert main([str(tmp_path), "--forecast", str(tmp_path / forecast)]) == 254

    assert "cannot be read" in capsys.readouterr().err
    assert not (tmp_path / "index.html").exists()


def test_a_page_that_cannot_be_written_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It names the path."""
    store_valid_run(tmp_path / "session" / "sigkill-sqlite")
    (tmp_path / "index.html").mkdir()

    assert main([str(tmp_path)]) == 254

    assert f"reports: {tmp_path / 'index.html'} cannot be written" in capsys.readouterr().err


def test_an_unknown_option_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    """With the exit code for wrong usage."""
    with pytest.raises(SystemExit) as end:
        main(["--nothing"])

    assert end.value.code == 254
    assert capsys.readouterr().err.startswith("reports: unrecognized arguments: --nothing")
