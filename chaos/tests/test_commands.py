"""The command line: what it understands, and what it refuses in one sentence."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from chaos.checkers import CHECKERS
from chaos.commands.dispatch import COMMANDS, main
from chaos.faults import FAULTS
from chaos.plan import Plan
from chaos.scenarios import SCENARIOS
from chaos.tests.script import good_run
from chaos.tests.stored_runs import store_run
from engine.command_line import INTERRUPTED, USAGE_ERROR, run_or_harness_error
from engine.subjects import subject_named

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from chaos.session import Cell, Request


@pytest.fixture(autouse=True)
def unarmed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Leave the signals of the test process alone, and start nothing."""
    monkeypatch.setattr("chaos.commands.dispatch.stop_cleanly", lambda: None)
    monkeypatch.setattr(
        "chaos.commands.carrying_out.run_session", lambda *_: pytest.fail("it was started")
    )
    monkeypatch.chdir(tmp_path)


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Return the one line that a command is refused with."""
    try:
        code = main(arguments)
    except SystemExit as end:
        code = int(end.code or 0)
    said = capsys.readouterr()
    assert code == USAGE_ERROR
    assert said.out == ""
    assert said.err.startswith("chaos: ")
    assert said.err.count("\n") == 1
    return said.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["rum"], "there is no command 'rum'; the nearest is run"),
        (["run", "--scenario", "poisn"], "there is no scenario 'poisn'; the nearest is poison"),
        (["--scenario", "poisn"], "the nearest is poison"),
        (["run", "--scenario", "poison", "--all"], "leave --scenario out"),
        (["run", "--database", "oracle"], "invalid choice: 'oracle'"),
        (["run", "--seed", "-1"], "'-1' is not a whole number, 0 or above"),
        (["run", "--subject", "nosuch"], "there is no subject 'nosuch'"),
        (
            ["run", "--subject", "no.such:Thing"],
            "cannot be loaded: ModuleNotFoundError: No",
        ),
        (["run", "--database-url", "nonsense"], "'nonsense' is not a database we know"),
        (
            ["run", "--database", "sqlite", "--database-url", "postgresql://u@127.0.0.1/test_x"],
            "--database-url is of postgresql: leave --database out",
        ),
        (["run", "--junit", "no/such/folder/x.xml"], "is no file that could be written"),
        (["run", "--markdown", "."], "is no file that could be written"),
        (["run", "--json-file", ""], "is no file that could be written"),
        (["run", "--project", "nowhere", "--settings", "x"], "there is no folder nowhere"),
        (["run", "--project", "."], "--project needs --settings too"),
        (["run", "--settings", "shop.settings"], "name it with --project"),
        (["run", "--project", ".", "--settings", "x"], "has no killproof_scenarios.py"),
        (["show"], "the following arguments are required: NAME|DIR"),
        (["show", "nothing-of-the-kind"], "no scenario, anomaly, fault or folder"),
        (["show", "."], "is no stored run and holds none"),
        (["recheck", "nowhere"], "there is no folder nowhere"),
        (["recheck", "."], "is no stored run and holds none"),
        (["recheck"], "the following arguments are required: DIR"),
        (["replay", "."], "is no stored run and holds none"),
        (["replay", ".", "--times", "0"], "--times: '0' is not a whole number from 1 to"),
        (["replay", ".", "--times", "x"], "--times: 'x' is not a whole number from 1 to"),
        (["run", "--out", ""], "an empty text names no folder"),
        (["recheck", ""], "an empty text names no folder"),
        (["replay", ""], "an empty text names no folder"),
        (["show", ""], "no scenario, anomaly, fault or folder ''"),
        (["show", "no/where"], "there is no folder no/where"),
        (["show", "zzz"], "folder 'zzz'; `list` has their names"),
        (
            ["run", "--database-url", "postgresql://u@127.0.0.1/prod"],
            "would drop all data of 'prod'",
        ),
        (["compare", "."], "name at least two different folders"),
        (["compare", ".", "./"], "name at least two different folders"),
        (["compare", ".", "nowhere"], "is no stored run and holds none"),
        (["list", "--no-such-option"], "unrecognized arguments: --no-such-option"),
    ],
)
def test_what_cannot_be_asked_for_is_one_sentence(
    capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    """It names what is wrong; nothing is started."""
    assert sentence in refused(capsys, *arguments)


def test_a_complaint_names_the_help_of_its_command(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever mistypes an option of one command is not sent to another."""
    assert "see `nox -s chaos -- recheck --help`" in refused(capsys, "recheck")


@pytest.mark.parametrize("body", ["sys.exit(0)", "class Mine:\n    __init__ = sys.exit"])
def test_a_subject_that_exits_is_no_pass(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str
) -> None:
    """Its exit code of 0 would be read as VALID."""
    name = f"exits_{len(body)}"
    (tmp_path / f"{name}.py").write_text(f"import sys\n{body}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert "SystemExit" in refused(capsys, "run", "--subject", f"{name}:Mine")


def test_code_that_exits_later_is_no_pass_either(capsys: pytest.CaptureFixture[str]) -> None:
    """Only what the parser has answered ends with the parser's exit code."""
    assert run_or_harness_error("chaos", lambda: sys.exit(0)) == USAGE_ERROR
    assert "SystemExit: 0" in capsys.readouterr().err
    with pytest.raises(SystemExit, match=r"^0$"):
        run_or_harness_error("chaos", lambda: main(["run", "--help"]))


def test_a_specimen_is_called_by_its_own_name() -> None:
    """A report of a broken engine does not accuse the one that is not."""
    assert subject_named("chaos.zoo:no_reaper").name == "chaos.zoo:no_reaper"
    assert subject_named("background_task").name == "background_task"


def test_of_an_interrupted_run_nothing_is_left(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Runs that ended before it are kept, as are those whose log says how the harness failed."""

    def interrupted(request: Request, _on_phase: object) -> Iterator[Cell]:
        for name in ("ended/results.json", "failed/logs/harness.log", "begun/plan.json"):
            (request.folder / name).parent.mkdir(parents=True)
            (request.folder / name).touch()
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr("chaos.commands.carrying_out.run_session", interrupted)
    assert main(["run", "--database", "sqlite", "--out", str(tmp_path / "out")]) == INTERRUPTED
    (session,) = (tmp_path / "out").iterdir()
    assert {run.name for run in session.iterdir()} == {"ended", "failed"}


def test_runs_cannot_be_stored_in_a_file(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The folder of runs is made before the first server starts."""
    (tmp_path / "file").touch()
    said = refused(capsys, "run", "--database", "sqlite", "--out", "file")
    assert "cannot be made" in said


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_teaches_with_examples(capsys: pytest.CaptureFixture[str], name: str) -> None:
    """Its help has lines to type, and they begin with what one types."""
    with pytest.raises(SystemExit, match="0"):
        main([name, "--help"])
    said = capsys.readouterr().out
    assert "examples:\n" in said
    assert f"nox -s chaos -- {name}" in said


def test_the_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    """``--help`` alone is about all of them."""
    assert main(["--help"]) == 0
    said = capsys.readouterr().out
    assert all(command.summary in said for command in COMMANDS.values())


def test_the_list_has_all_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    """As JSON: every scenario with its faults, fault, anomaly, subject and database."""
    assert main(["list", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert [scenario["name"] for scenario in said["scenarios"]] == list(SCENARIOS)
    assert [fault["name"] for fault in said["faults"]] == list(FAULTS)
    assert [anomaly["name"] for anomaly in said["anomalies"]] == [one.name for one in CHECKERS]
    poison = next(one for one in said["scenarios"] if one["name"] == "poison")
    assert poison["faults"] == ["sigkill"]
    assert poison["not_on"] == {}


def test_the_old_option_for_the_list_still_lists(capsys: pytest.CaptureFixture[str]) -> None:
    """``nox -s chaos -- --list`` is from before there were commands."""
    assert main(["--list"]) == 0
    assert "sigkill_mid_task" in capsys.readouterr().out


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_can_be_shown(capsys: pytest.CaptureFixture[str], name: str) -> None:
    """Its plan, with the calls and the strikes of a seed."""
    assert main(["show", name, "--seed", "7"]) == 0
    said = capsys.readouterr().out
    assert "seed 7" in said.replace("\n", " ")
    assert "strikes" in said


def test_anomalies_and_faults_can_be_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """The page of an anomaly in the terminal; a fault with the scenarios that have it."""
    assert main(["show", "double-claim"]) == 0
    assert "double-claim" in capsys.readouterr().out
    assert main(["show", "sigkill"]) == 0
    assert "poison" in capsys.readouterr().out


def test_a_stored_run_can_be_shown(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Its verdict is the exit code, and its proofs are there."""
    run = store_run(tmp_path / "run", good_run().start(30.0).effect(30.1).end(30.2))
    assert main(["show", str(run)]) == 1
    said = capsys.readouterr().out
    assert "unjustified-redelivery" in said
    assert "nox -s chaos -- run --scenario poison" in said


def test_sessions_side_by_side_keep_their_names_apart(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Two runs of one name below different folders are told apart, as Markdown too."""
    runs = [str(store_run(tmp_path / side / "run", good_run())) for side in ("one", "two")]
    assert main(["compare", *runs, "--markdown", str(tmp_path / "side.md")]) == 0
    assert "A one/run\nB two/run\n" in capsys.readouterr().out
    assert "| poison | sqlite | two/run |" in (tmp_path / "side.md").read_text()


def test_a_plan_that_cannot_be_carried_out_is_not(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A plan edited by hand, one of an earlier version, and a file that is none."""
    run = store_run(tmp_path / "run", good_run())
    plan = json.loads((run / "plan.json").read_text())

    def said(text: str) -> str:
        (run / "plan.json").write_text(text)
        return refused(capsys, "replay", str(run))

    strike = {"fault": "sigkil", "on_start_of": "order-1"}
    assert "the nearest is sigkill" in said(json.dumps({**plan, "strikes": [strike]}))
    assert "has no calls" in said(json.dumps({**plan, "calls": []}))
    del plan["strikes"]
    assert "before plans had strikes" in said(json.dumps({**plan, "kills": []}))
    assert "is no plan" in said("[]")
    assert "cannot be read" in said("{")


def test_the_plans_of_all_scenarios_survive_being_stored(tmp_path: Path) -> None:
    """What replay reads is what run wrote."""
    for scenario in SCENARIOS.values():
        plan = scenario.plan(3)
        if len(plan.calls) < 10_000:  # a burst of a hundred thousand takes its time
            plan.write(tmp_path / "plan.json")
            assert Plan.read(tmp_path / "plan.json") == plan
