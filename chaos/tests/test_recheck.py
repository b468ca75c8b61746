"""Stored histories, judged again: what changed, and what is no history."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from chaos.commands.dispatch import main
from chaos.tests.script import good_run
from chaos.tests.stored_runs import judged, store_run
from engine.command_line import USAGE_ERROR
from reports.schema import Verdict, read_results, write_json

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(autouse=True)
def unarmed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the signals of the test process alone."""
    monkeypatch.setattr("chaos.commands.dispatch.stop_cleanly", lambda: None)


def flat(capsys: pytest.CaptureFixture[str]) -> str:
    """Return all that was said, on one line."""
    said = capsys.readouterr()
    return " ".join((said.out + said.err).split())


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Store a run that was found to be good and is not: one that ran twice."""
    folder = store_run(tmp_path / "run", good_run().start(30.0).effect(30.1).end(30.2))
    write_json(folder / "results.json", judged(good_run()))
    return folder


def test_what_is_judged_otherwise_is_said_and_nothing_is_changed(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit code is that of today's verdict."""
    before = (run / "results.json").read_bytes()
    assert main(["recheck", str(run)]) == 1
    assert "unjustified-redelivery was" in flat(capsys)
    assert (run / "results.json").read_bytes() == before
    assert not (run / "report.html").exists()


def test_today_s_results_are_written_when_that_is_asked_for(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """``--write`` stores them, and makes the page anew."""
    assert main(["recheck", str(run), "--write"]) == 1
    assert read_results(run).verdict is Verdict.INVALID
    assert (run / "report.html").exists()
    capsys.readouterr()
    assert main(["recheck", str(run)]) == 1
    assert ", is " not in flat(capsys)


def test_a_run_without_results_is_judged(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One that was interrupted before its end is a history all the same."""
    (run / "results.json").unlink()
    assert main(["recheck", str(run)]) == 1
    assert "no results of before" in flat(capsys)


def test_a_plan_of_before_plans_had_strikes_is_no_obstacle(run: Path) -> None:
    """Only what it set out to exercise is read of it."""
    plan = json.loads((run / "plan.json").read_text())
    del plan["strikes"], plan["exercises"]
    (run / "plan.json").write_text(json.dumps({**plan, "kills": [{"trigger": "order-1"}]}))
    assert main(["recheck", str(run)]) == 1


def test_what_the_plan_set_out_to_exercise_must_have_been(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without an opportunity the verdict is UNKNOWN."""
    run = store_run(tmp_path / "run", good_run(), exercises=("double-fire",))
    assert main(["recheck", str(run)]) == 2
    assert "double-fire" in flat(capsys)


def test_a_broken_line_is_named_with_its_file(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is bad input: no verdict."""
    path = run / "history" / "all-1.ndjson"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:2], '{"time": 1', *lines[2:]]) + "\n")
    assert main(["recheck", str(run)]) == USAGE_ERROR
    assert "all-1.ndjson, line 3: not an op" in capsys.readouterr().out.replace("\n", "")


@pytest.mark.parametrize(
    "damage",
    [b"\xff\xfe\n", b'{"time": "soon"}\n', b"[]\n", b"7\n", b"[" * 200_000 + b"\n"],
)
def test_damage_of_any_kind_is_one_sentence(
    run: Path, capsys: pytest.CaptureFixture[str], damage: bytes
) -> None:
    """No traceback, whatever is in the file."""
    path = run / "history" / "all-1.ndjson"
    path.write_bytes(path.read_bytes() + damage)
    assert main(["recheck", str(run)]) == USAGE_ERROR
    assert str(run) in capsys.readouterr().out.replace("\n", "")


def test_a_bad_folder_does_not_hide_the_others(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """They are judged, and the exit code says that not all could be."""
    bad = store_run(tmp_path / "bad", good_run())
    (bad / "manifest.json").write_text("{}")
    assert main(["recheck", str(tmp_path)]) == USAGE_ERROR
    said = flat(capsys)
    assert "bad/manifest.json is no run's" in said
    assert "INVALID" in said


def test_an_end_without_a_beginning_proves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A history that was edited into what cannot happen is UNKNOWN, not VALID."""
    script = good_run().without(lambda op: op.f == "enqueue" and op.type == "invoke")
    folder = tmp_path / "run"
    store_run(folder, good_run())
    lines = [op.to_json() + "\n" for op in script.ops]
    (folder / "history" / "all-1.ndjson").write_text("".join(lines))
    assert main(["recheck", str(folder), "--write"]) == 2
    assert "breaks the law of histories" in flat(capsys)
    assert read_results(folder) == judged(good_run())


def test_an_empty_history_is_none(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A run that never began has nothing to be judged."""
    (run / "history" / "all-1.ndjson").write_text("")
    assert main(["recheck", str(run)]) == USAGE_ERROR
    assert "has no history" in flat(capsys)


def test_a_process_that_speaks_in_two_files_proves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ops were copied or moved: UNKNOWN."""
    run = store_run(tmp_path / "run", good_run())
    (line, *_) = (run / "history" / "all-1.ndjson").read_text().splitlines()
    (run / "history" / "all-2.ndjson").write_text(line + "\n")
    assert main(["recheck", str(run)]) == 2
    assert "harness speaks in all-1.ndjson and in all-2.ndjson" in flat(capsys)


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        (dict.clear, "the plan does not name its calls, its strikes, its exercises"),
        (lambda plan: plan.pop("exercises"), "the plan does not name its exercises"),
        (lambda plan: plan.update(exercises=["luck"]), "no anomaly is called 'luck'"),
        (lambda plan: plan["strikes"].append({"fault": "sigstop"}), "planned strikes of the fault"),
        (lambda plan: plan["calls"].append({"key": "order-9"}), "planned calls were never made"),
    ],
)
def test_a_plan_that_the_history_does_not_meet_proves_nothing(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[dict[str, Any]], None],
    missing: str,
) -> None:
    """The verdict is UNKNOWN, and says what is missing."""
    run = store_run(tmp_path / "run", good_run())
    plan = json.loads((run / "plan.json").read_text())
    change(plan)
    (run / "plan.json").write_text(json.dumps(plan))
    assert main(["recheck", str(run)]) == 2
    assert missing in flat(capsys)


@pytest.mark.parametrize("plan", ["[" * 200_000, '{"calls": 7}', '{"strikes": [{}]}'])
def test_a_plan_that_is_none_is_one_sentence(
    run: Path, capsys: pytest.CaptureFixture[str], plan: str
) -> None:
    """It is bad input: no verdict."""
    (run / "plan.json").write_text(plan)
    assert main(["recheck", str(run)]) == USAGE_ERROR
    assert "plan.json" in capsys.readouterr().out.replace("\n", "")
