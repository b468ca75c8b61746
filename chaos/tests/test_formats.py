"""What other programs read: JSON by its published schema, JUnit XML, Markdown."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import jsonschema
import pytest

from chaos.commands.options import as_json
from chaos.formats.describing import describe_session, describe_stored
from chaos.formats.junit import to_junit
from chaos.formats.markdown import session_markdown
from chaos.formats.wording import agreement
from chaos.stored import read_run
from chaos.tests.script import good_run
from chaos.tests.stored_runs import judged, store_run
from engine.provenance import REPOSITORY
from reports.session_schema import (
    Agreement,
    CellSummary,
    ComparisonDocument,
    SessionDocument,
    Side,
    Status,
)

if TYPE_CHECKING:
    from pathlib import Path

SCHEMAS = REPOSITORY / "reports" / "schema"


@pytest.fixture
def document(tmp_path: Path) -> SessionDocument:
    """Describe a session with one cell of each kind."""
    bad = good_run().start(30.0).effect(30.1).end(30.2)
    cells = []
    for name, script in (("good", good_run()), ("bad", bad)):
        run = read_run(store_run(tmp_path / name, script, scenario=name))
        cells.append(describe_stored(run, judged(script)))
    return describe_session(
        [
            *cells,
            untested("network", "sqlite", "not applicable", "a file has no network"),
            untested("good", "mysql", "not tested", "mysql cannot be had"),
            untested("other", "mysql", "failed", "the migration failed\x00"),
        ],
        seed=7,
        named=False,
        agreements=[
            Agreement(
                subject="background_task",
                scenario="bad",
                database="sqlite",
                verdict="INVALID",
                times=5,
                same_verdict=3,
                anomalies={"stuck": 3, "late": 1},
                before=("stuck",),
            )
        ],
    )


def untested(scenario: str, database: str, status: Status, reason: str) -> CellSummary:
    """Describe a cell without a run."""
    return CellSummary(
        subject="background_task",
        scenario=scenario,
        database=database,
        seed=7,
        status=status,
        reason=reason,
    )


def check(name: str, text: str) -> None:
    """Hold a text against a published schema."""
    schema = json.loads((SCHEMAS / name).read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(json.loads(text))


def test_json_follows_the_published_schema(document: SessionDocument) -> None:
    """A session, and sessions side by side."""
    check("chaos_session.schema.json", as_json(document))
    sides = ComparisonDocument(sides=(Side(name="one", session=document),))
    check("chaos_comparison.schema.json", as_json(sides))


def test_the_schema_refuses_what_is_no_session(document: SessionDocument) -> None:
    """A verdict that there is not, and a field that nobody knows."""
    for wrong in ({"verdict": "FINE"}, {"surprise": 1}):
        text = json.dumps({**json.loads(as_json(document)), **wrong})
        with pytest.raises(jsonschema.ValidationError):
            check("chaos_session.schema.json", text)


def test_the_worst_cell_decides_and_a_failed_one_is_the_harness_s(
    document: SessionDocument,
) -> None:
    """INVALID before UNKNOWN; a harness that failed exits with 255 all the same."""
    assert (document.verdict, document.exit_code) == ("INVALID", 255)
    rest = [cell for cell in document.cells if cell.status != "failed"]
    assert describe_session(rest, named=False).exit_code == 1
    unsaid = [cell for cell in rest if cell.verdict != "INVALID"]
    assert describe_session(unsaid, named=False).verdict == "VALID"
    assert describe_session(unsaid, named=True).verdict == "UNKNOWN"
    assert describe_session([], named=True).exit_code == 2


def test_junit_has_a_suite_per_database_and_a_case_per_scenario(
    document: SessionDocument,
) -> None:
    """With the numbers that readers of CI sum up."""
    root = ElementTree.fromstring(to_junit(document))  # noqa: S314 - we wrote it
    assert [suite.get("name") for suite in root] == ["sqlite", "mysql"]
    sums = [root.get(name) for name in ("tests", "failures", "errors", "skipped")]
    assert sums == ["5", "1", "1", "2"]
    tags = [[child.tag for child in case] for case in root.iter("testcase")]
    outcomes = [[tag for tag in each if tag != "system-out"] for each in tags]
    assert outcomes == [[], ["failure"], ["skipped"], ["skipped"], ["error"]]


def test_a_failure_in_junit_has_its_proofs(document: SessionDocument) -> None:
    """The first as its message, all as its text; what XML cannot hold is replaced."""
    root = ElementTree.fromstring(to_junit(document))  # noqa: S314 - we wrote it
    failure = next(root.iter("failure"))
    assert "order-1" in str(failure.get("message"))
    assert "unjustified-redelivery INVALID: " in str(failure.text)
    assert next(root.iter("error")).get("message") == "the migration failed\ufffd"


def test_markdown_shows_what_was_said_as_it_is() -> None:
    """A proof may quote what a task said: it must not become markup of the comment."""
    cell = untested("s", "sqlite", "failed", "<img src=x> | `rm` [x](y)\nnext")
    said = session_markdown(describe_session([cell]))
    assert "\\<img src=x\\> \\| \\`rm\\` \\[x\\](y) next" in said


def test_markdown_has_the_verdict_the_table_and_the_first_proofs(
    document: SessionDocument,
) -> None:
    """What a reviewer looks for, with the command to repeat it."""
    said = session_markdown(document)
    assert said.startswith("### Chaos: ✘ **INVALID** (background_task, seed 7)\n")
    assert "| network | sqlite | not applicable | - |" in said
    assert "`unjustified-redelivery` INVALID" in said
    assert "again: `nox -s chaos -- run --scenario bad" in said


def test_how_often_a_plan_came_out_the_same_is_m_of_n(document: SessionDocument) -> None:
    """The verdict, each anomaly of before, and each new one."""
    assert list(agreement(document.agreements[0])) == [
        "bad on sqlite: INVALID again in 3 of 5",
        "bad on sqlite: stuck in 3 of 5",
        "bad on sqlite: late, which was not there before, in 1 of 5",
    ]
