"""Whatever a run's texts hold, they are shown as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.page import write_index, write_report
from reports.schema import Anomaly, CheckResult, Counts, Results, Verdict
from reports.tests.page_reader import Element, read_page
from reports.tests.synthetic_runs import History, broken, store

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = '</script></svg></title><b onload="alert(1)">&amp;\'{{ 7 * 7 }}'


def store_hostile_run(folder: Path) -> Path:
    """A run whose every text tries to become markup."""
    history = History()
    history.add(0.0, "harness", "phase", value={"name": HOSTILE})
    history.enqueue(0.1, HOSTILE, 1)
    history.claim(0.2, HOSTILE, 1, 1, HOSTILE)
    history.add(0.3, f"{HOSTILE}-7", "attempt", "invoke", task=HOSTILE, attempt=1)
    history.add(0.4, f"{HOSTILE}-7", "attempt", "fail", task=HOSTILE, attempt=1, error=HOSTILE)
    history.add(0.5, "fault-1", "kill", "invoke", value={"pid": 7, "target": HOSTILE})
    anomaly = Anomaly(name=HOSTILE, task=HOSTILE, proof=HOSTILE, witness=tuple(history.ops))
    unknown = CheckResult(name=HOSTILE, verdict=Verdict.UNKNOWN, exercised=0, note=HOSTILE)
    checks = (broken(HOSTILE, anomaly), unknown)
    results = Results(verdict=Verdict.INVALID, counts=Counts(), checks=checks)
    texts = dict.fromkeys(("scenario", "summary", "command", "started_at"), HOSTILE)
    maps = {name: {HOSTILE: HOSTILE, "name": HOSTILE} for name in ("database", "subject")}
    return store(folder, history, results, **texts, **maps, environment={HOSTILE: [HOSTILE]})


def assert_harmless(page: Element) -> None:
    """No text became an element, an attribute or a script."""
    assert not page.all("b")
    assert len([s for s in page.all("script") if "type" not in s.attributes]) == 1
    assert not [e for e in page._elements() if "onload" in e.attributes]


def test_hostile_texts_are_shown_and_do_nothing(tmp_path: Path) -> None:
    """Markup in keys, errors, names and notes adds no element, in HTML and in SVG."""
    page = read_page(write_report(store_hostile_run(tmp_path / "run")))

    assert_harmless(page)
    assert page.by_id("command").text == HOSTILE
    assert page.by_id("witness-1").all("p", "proof")[0].text == HOSTILE
    assert page.by_id("attempt-frame").all("g", "lane")[0].text == f"{HOSTILE}-7"
    assert HOSTILE in page.all("svg", "plot")[0].all("g", "kill")[0].all("title")[0].text
    assert page.by_id("witness-1").all("table")[0].rows()[5][7] == HOSTILE


def test_an_index_shows_hostile_texts_as_text(tmp_path: Path) -> None:
    """The index escapes scenario, database and folder names; links survive odd folder names."""
    folder = store_hostile_run(tmp_path / "a <b> & %20#run")
    write_report(folder)

    page = read_page(write_index(tmp_path))

    assert_harmless(page)
    (link, *_) = page.all("a")
    assert link.attributes["href"] == "a%20%3Cb%3E%20%26%20%2520%23run/report.html"


def test_half_of_a_surrogate_pair_does_not_stop_a_page(tmp_path: Path) -> None:
    """A text that JSON can hold and a file cannot is shown with a replacement."""
    results = Results(verdict=Verdict.UNKNOWN, counts=Counts(), checks=())

    path = write_report(store(tmp_path / "run", History(), results, summary="broken \ud800 text"))

    assert "broken ? text" in read_page(path).all("header")[0].text


def test_a_very_long_text_is_cut_and_says_so(tmp_path: Path) -> None:
    """A megabyte of error message does not make a megabyte of page."""
    history = History()
    op = history.add(0.0, "body-1", "attempt", "fail", task="t", error="x" * 1_000_000)
    anomaly = Anomaly(name="lost", task="t", proof="it is gone", witness=(op,))
    results = Results(verdict=Verdict.INVALID, counts=Counts(), checks=(broken("lost", anomaly),))

    path = write_report(store(tmp_path / "run", history, results))

    assert path.stat().st_size < 100_000
    cell = read_page(path).by_id("witness-1").all("table")[0].rows()[0][7]
    assert cell.endswith("… (1000000 characters)")


def test_a_page_stays_small_whatever_the_run_holds(tmp_path: Path) -> None:
    """Thousands of attempts, long names, long errors and many witnesses stay below 2 MB."""
    history = History()
    for number in range(4000):
        task, pid = f"{number % 30}-{'x' * 300}", 1000 + number % 60
        history.claim(number * 0.01, task, number % 30, number, "o" * 300)
        history.start(number * 0.01 + 0.001, pid, task, number % 30, number)
        history.end(number * 0.01 + 0.005, pid, task, number, "e" * 300)
        history.kill(number * 0.01 + 0.006, number, pid)
    tasks = sorted({op.task for op in history.ops if op.task})
    anomalies = [
        Anomaly(
            name="lost", task=t, proof="p", witness=tuple(o for o in history.ops if o.task == t)
        )
        for t in tasks
    ]
    checks = (broken("lost", *anomalies),)
    results = Results(verdict=Verdict.INVALID, counts=Counts(), checks=checks)

    path = write_report(store(tmp_path / "run", history, results))

    assert path.stat().st_size < 2_000_000
