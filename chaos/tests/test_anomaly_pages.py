"""The pages about the anomalies: their examples are what they say."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest

from chaos.checkers import CHECKERS
from chaos.history import History
from chaos.tests.judging import CONTRACT
from reports.schema import Op, Verdict

PAGES = Path(__file__).parents[2] / "docs" / "anomalies"
NAMES = [checker.name for checker in CHECKERS]
TERMS: dict[str, dict[str, Any]] = {
    "overlap": {"delivery": "effectively-once"},
    "at-most-once-redelivery": {"delivery": "at-most-once"},
}
"""What a contract has to promise for the anomaly of a page to be one."""

EVERYTHING = dataclasses.replace(
    CONTRACT,
    backoff_seconds=(2.0,),
    timeout_seconds=60.0,
    priorities=True,
    in_order=True,
    periodic=True,
    keeps_results=True,
    stop_seconds=5.0,
    wakes_up=1.0,
)
"""A contract that leaves nothing out."""


@pytest.fixture(autouse=True)
def few_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a page show two of what a checker asks a hundred for."""
    monkeypatch.setattr("chaos.checkers.starvation.MANY", 2)
    monkeypatch.setattr("chaos.checkers.lost_wakeup.BEFORE", 1)
    monkeypatch.setattr("chaos.checkers.lost_wakeup.AFTER", 1)


def example(name: str) -> list[Op]:
    """Read the history of a page."""
    _, block, _ = (PAGES / f"{name}.md").read_text().split("```")
    return [Op.from_json(line) for line in block.splitlines()[1:]]


def consequences(name: str) -> set[str]:
    """Read the further anomalies that the example has, as its page admits."""
    _, _, admitted = (PAGES / f"{name}.md").read_text().partition("**Comes with.**")
    return set(re.findall(r"\]\((\S+)\.md\)", admitted.partition("\n\n")[0]))


@pytest.mark.parametrize("name", NAMES)
def test_the_example_of_a_page_has_its_anomaly_and_those_that_it_comes_with(name: str) -> None:
    """And no other; stats is no anomaly."""
    history = History(example(name))
    terms = dataclasses.replace(EVERYTHING, **TERMS.get(name, {}))
    seen = [checker for checker in CHECKERS if checker.can_be_seen(terms)]
    results = {checker.name: checker.check(history, terms) for checker in seen}
    invalid = {name for name, result in results.items() if result.verdict == Verdict.INVALID}
    if name == "stats":
        assert invalid == set()
        assert results[name].verdict == Verdict.UNKNOWN
    else:
        own = {name} if results[name].count else set()
        assert invalid | own == {name} | consequences(name)


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_short_and_complete(name: str) -> None:
    """Fifty lines, four to twelve ops, and the questions that a reader has."""
    text = (PAGES / f"{name}.md").read_text()
    assert text.startswith(f"# {name}\n")
    assert len(text.splitlines()) <= 50
    assert 4 <= len(example(name)) <= 12
    for question in ("What a user sees", "Usual causes", "Forbidden by"):
        assert f"**{question}.**" in text


def test_the_index_lists_every_page_in_the_order_of_the_report() -> None:
    """And no page is left over."""
    index = (PAGES / "README.md").read_text()
    places = [index.index(f"[{name}]({name}.md)") for name in NAMES]
    assert places == sorted(places)
    assert {page.stem for page in PAGES.glob("*.md")} == {"README", *NAMES}
