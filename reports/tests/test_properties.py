"""The property table and what a verdict rules out."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from reports.page import write_report
from reports.page.anomaly_pages import explain
from reports.page.families import FAMILIES
from reports.page.properties import State, group, list_properties, state_of
from reports.page.ruling import rule_out
from reports.schema import Anomaly, CheckResult, Verdict
from reports.tests.page_reader import Element, read_page
from reports.tests.synthetic_runs import UNTESTED, broken, passed, store_swarm_run

if TYPE_CHECKING:
    from pathlib import Path

IDLE = CheckResult(name="late", verdict=Verdict.UNKNOWN, exercised=0, is_required=False)
DOUBLE = broken("double-claim", Anomaly(name="double-claim", task="a", proof="two"))
ALLOWED = dataclasses.replace(broken("overlap", count=3), verdict=Verdict.VALID, is_forbidden=False)


@pytest.fixture
def swarm(tmp_path: Path) -> Element:
    """The page of a run with properties in every state."""
    return read_page(write_report(store_swarm_run(tmp_path / "run")))


@pytest.mark.parametrize(
    ("check", "state"),
    [
        (passed("lost", 1), State.VALID),
        (DOUBLE, State.INVALID),
        (ALLOWED, State.ALLOWED),
        (IDLE, State.UNTESTED),
        (dataclasses.replace(IDLE, is_required=True), State.UNKNOWN),
        (dataclasses.replace(IDLE, exercised=3), State.UNKNOWN),
    ],
)
def test_only_what_was_put_to_the_test_and_held_is_valid(check: CheckResult, state: State) -> None:
    """What nobody exercised is grey; what was to be exercised and was not is UNKNOWN."""
    assert state_of(check) is state


def test_the_worst_family_and_in_it_the_worst_property_come_first() -> None:
    """What is wrong is at the top, whatever order the checkers have."""
    checks = [passed("lost", 1), passed("zombie-finish", 1), IDLE, ALLOWED, DOUBLE]

    families = group(list_properties(checks, {}))

    assert [(f.name, [row.name for row in f.rows]) for f in families] == [
        ("One claim at a time", ["double-claim", "zombie-finish"]),
        ("Nothing runs twice without a reason", ["overlap"]),
        ("Nothing is lost", ["lost"]),
    ]


def test_a_property_that_no_family_knows_is_not_left_out() -> None:
    """A new checker is shown before anybody has given it a family."""
    (family,) = group(list_properties([passed("brand-new", 1)], {}))

    assert family.name == "Other properties"


def test_every_anomaly_of_the_documentation_has_a_family_and_a_text() -> None:
    """The families name all pages of docs/anomalies and nothing else."""
    names = {name for family in FAMILIES.values() for name in family}

    assert all(explain(name).paragraphs for name in names)
    assert explain("double_claim") == explain("double-claim")
    assert explain("no-such").paragraphs == ()
    assert sum(map(len, FAMILIES.values())) == len(names)


def test_unexercised_properties_are_folded_and_grey(swarm: Element) -> None:
    """They are named in the summary, and none of them is among the tested ones."""
    folded = swarm.by_id("untested")

    assert folded.all("summary")[0].text == f"5 not exercised: {', '.join(UNTESTED)}"
    assert [row[1] for row in folded.all("table")[0].rows()] == ["not exercised"] * 5
    assert not swarm.by_id("property-table").all("tr", "is-UNTESTED")


def test_what_the_contract_allows_is_shown_with_its_count(swarm: Element) -> None:
    """Seen is not hidden, and allowed is not blamed."""
    (row,) = swarm.by_id("property-table").all("tr", "is-ALLOWED")

    assert [cell.text for cell in row.all("td")][:3] == ["seen, allowed", "allowed", "3"]


def test_an_invalid_verdict_rules_promises_out() -> None:
    """The promise is named with the anomalies that refute it, and no other."""
    (said,) = rule_out(Verdict.INVALID, list_properties([DOUBLE, passed("lost", 3)], {}))

    assert said.startswith("“One claim at a time” (double-claim ×1):")  # noqa: RUF001 - as shown
    assert "lost" not in said


def test_a_valid_verdict_rules_out_what_was_put_to_the_test_and_nothing_more() -> None:
    """It speaks of one history, and says how much it leaves open."""
    said = rule_out(Verdict.VALID, list_properties([passed("lost", 3), IDLE, ALLOWED], {}))

    assert said == [
        "For this history, lost: each was put to the test.",
        "Seen, and allowed by the contract: overlap ×3.",  # noqa: RUF001 - as shown
        "It says nothing of 1 property that this run did not exercise.",
    ]


def test_an_unknown_verdict_rules_nothing_out() -> None:
    """Even where most properties held."""
    said = rule_out(Verdict.UNKNOWN, list_properties([passed("lost", 3)], {}))

    assert said[0].startswith("Nothing")
