"""Scenarios and projects of the user's: what is wrong with one is a sentence, with its line."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from chaos.faults import FAULTS
from chaos.project import Project
from chaos.scenarios import SCENARIOS, Scenario
from chaos.scenarios.own import load_own
from chaos.soundness import flaw_of
from chaos.strike_options import OPTIONS
from engine.command_line import UsageError
from engine.provenance import REPOSITORY
from engine.subjects import BackgroundTask

BAKERY = REPOSITORY / "docs" / "examples" / "bakery"
HEAD = """\
from chaos.plan import Call, Strike
from chaos.scenarios import Scenario

def calls(rng):
    return [Call(key="one", kind="send_mail", at_seconds=0)], []

"""


TWICE = "lambda rng: (2 * [Call(key='k', kind='send_mail', at_seconds=0, batch='b')], [])"


@pytest.fixture(autouse=True)
def path_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the import path of the test process as it is."""
    monkeypatch.setattr(sys, "path", [*sys.path])


def complaint(folder: Path, text: str) -> str:
    """Return what is said of a file of scenarios."""
    (folder / "killproof_scenarios.py").write_text(text)
    with pytest.raises(UsageError) as refusal:
        load_own(folder)
    return str(refusal.value)


def listed(*scenarios: str) -> str:
    """Write a file with these scenarios in its list."""
    return f"{HEAD}SCENARIOS = [{', '.join(scenarios)}]\n"


def scenario(name: str = "mine", workload: str = "calls", also: str = "") -> str:
    """Write a scenario."""
    return f"Scenario(name={name!r}, summary='s', workload={workload}{also})"


def call(also: str) -> str:
    """Write a workload of one call with these fields."""
    fields = {"key": "'k'", "kind": "'send_mail'", "at_seconds": "0"}
    name, _, value = also.partition("=")
    written = ", ".join(f"{name}={value}" for name, value in {**fields, name: value}.items())
    return listed(scenario(workload=f"lambda rng: ([Call({written})], [])"))


def strike(fault: str, also: str = "") -> str:
    """Write a workload with this strike."""
    written = f"[Strike(fault={fault!r}, {also})]"
    return listed(scenario(workload=f"lambda rng: (calls(rng)[0], {written})"))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (call("at_seconds=float('nan')"), "at_seconds of k is nan"),
        (call("at_seconds=-5"), "at_seconds of k is -5"),
        (call("at_seconds=1e9"), "at_seconds of k is 1000000000.0"),
        (call("at_seconds='soon'"), "at_seconds of k is 'soon'"),
        (call("delay_seconds=True"), "delay_seconds of k is True"),
        (call("priority='high'"), "the priority 'high' of k"),
        (strike("sigstop", "at_seconds=-1"), "at_seconds of sigstop is -1"),
        (strike("sigstop", "for_seconds=-1"), "for_seconds of sigstop is -1"),
        (strike("sigkill"), "sigkill lacks its option 'target'"),
        (strike("sigkill", "options={'tarket': 'task'}"), "'tarket': the nearest is target"),
        (strike("sigkill", "options={'target': 'tusk'}"), "target of sigkill is 'tusk'"),
        (strike("table-lock", "options={'rows': 1}"), "no option 'rows': it takes none"),
        (strike("clock", "options={'role': 'worker'}"), "clock lacks its option 'offset'"),
        (listed(scenario(also=", workers='two'")), "workers is 'two'"),
        (listed(scenario(also=", timeout_seconds=0")), "timeout_seconds is 0"),
        (listed(scenario(also=", exercises='lost'")), "its exercises are 'lost'"),
        (listed(scenario(workload="lambda rng: [1, 2]")), "its workload returned [1, 2]"),
        (listed(scenario(workload="lambda rng: []")), "its workload returned []"),
        (listed(scenario(workload="lambda rng: calls(rng)[0]")), "its workload returned [Call("),
        (listed(scenario(workload="lambda rng: (calls(rng)[0], ['sigkill'])")), "is no Strike"),
        (listed(scenario(workload="lambda rng: exit(0)")), "SystemExit: 0"),
        (listed(scenario(workload=TWICE)), "k is in the batch b 2 times"),
    ],
)
def test_nonsense_is_refused_with_its_field_and_its_value(
    tmp_path: Path, text: str, sentence: str
) -> None:
    """Nothing of it would do what was meant."""
    said = complaint(tmp_path, text)
    assert sentence in said
    assert "\n" not in said


@pytest.mark.parametrize("ours", SCENARIOS.values(), ids=SCENARIOS)
def test_our_own_scenarios_keep_to_it(ours: Scenario) -> None:
    """What is refused is refused to nobody who is right."""
    assert flaw_of(ours.plan(3)) == ""


def test_every_fault_with_options_is_there() -> None:
    """A misspelt name of a fault would let all its options be refused."""
    assert set(OPTIONS) <= set(FAULTS)


@pytest.mark.processes
@pytest.mark.parametrize(
    ("python", "sentence"), [("/", "is not a program"), ("/bin/true", "without having imported")]
)
def test_a_python_that_is_none_is_refused(python: str, sentence: str) -> None:
    """A folder can be entered and another program can end well: neither has imported anything."""
    project = Project(path=BAKERY, settings="bakery.settings", python=Path(python))
    with pytest.raises(UsageError, match=sentence):
        project.check(BackgroundTask(), ["bakery.tasks.bake"])


def test_the_example_has_a_scenario() -> None:
    """It is a plan like any other."""
    (own,) = load_own(BAKERY).values()
    assert own.name == "oven_fails"
    assert {call.kind for call in own.plan(1).calls} == {"bakery.tasks.bake"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("SCENARIOS = [\n  1,\n", "line 1: SyntaxError"),
        ("x = 1\nimport nosuch\n", "line 2: ModuleNotFoundError: No module named 'nosuch'"),
        ("import sys\nsys.exit('no')\n", "line 2: SystemExit: no"),
        ("x = 1\n", "has no list SCENARIOS with a scenario in it"),
        ("SCENARIOS = []\n", "has no list SCENARIOS with a scenario in it"),
        ("SCENARIOS = [1]\n", "has 1 in it, which is no chaos.scenarios.Scenario"),
        (listed(scenario(), scenario()), "two scenarios are called mine"),
        (listed(scenario("poison")), "poison is the name of a scenario that is there already"),
        (listed(scenario("a/b")), "the name 'a/b' is not made of letters"),
        (listed(scenario(workload="lambda rng: ([], [])")), "mine: it has no calls"),
        (listed(scenario(workload="lambda rng: 1 / 0")), "line 7: ZeroDivisionError"),
        (
            listed(scenario(workload="lambda rng: (calls(rng)[0], [Strike(fault='sigkil')])")),
            "there is no fault 'sigkil': the nearest is sigkill",
        ),
        (
            listed(
                scenario(
                    workload="lambda rng: (calls(rng)[0], "
                    "[Strike(fault='sigkill', on_start_of='two')])"
                )
            ),
            "sigkill waits for 'two' to start, which no call enqueues",
        ),
        (
            listed(scenario(also=", exercises=('doubleclaim',)")),
            "exercises 'doubleclaim', which is no anomaly: the nearest is double-claim",
        ),
        (
            listed(
                scenario(
                    workload="lambda rng: "
                    "([Call(key='k', kind='send_mail', args=({1},), at_seconds=0)], [])"
                )
            ),
            "cannot be written as JSON",
        ),
    ],
)
def test_a_mistake_is_one_sentence_with_its_line(tmp_path: Path, text: str, sentence: str) -> None:
    """The file is named, and what to do follows from the sentence."""
    said = complaint(tmp_path, text)
    assert sentence in said
    assert str(tmp_path / "killproof_scenarios.py") in said
    assert "\n" not in said


def test_a_module_of_theirs_does_not_take_the_place_of_ours(tmp_path: Path) -> None:
    """They may have a ``chaos.py``; their scenarios may use other modules of theirs."""
    (tmp_path / "chaos.py").write_text("raise RuntimeError('theirs')\n")
    (tmp_path / "their_breads_of_a_test.py").write_text("NAME = 'rye'\n")
    text = f"from their_breads_of_a_test import NAME\n{listed(scenario('of_rye'))}"
    (tmp_path / "killproof_scenarios.py").write_text(text)
    assert list(load_own(tmp_path)) == ["of_rye"]


def test_a_housed_subject_is_the_same_but_for_where_it_runs() -> None:
    """Their folder comes first, and their settings are named."""
    project = Project(path=BAKERY, settings="bakery.settings")
    subject = BackgroundTask()
    housed = project.housing(subject)
    assert isinstance(housed, BackgroundTask)
    assert housed.contract() == subject.contract()
    assert housed.import_path() == (BAKERY, *subject.import_path())
    assert housed.settings() == {**subject.settings(), "PROJECT_SETTINGS": "bakery.settings"}
    assert housed.python() == subject.python()
    assert Project.from_manifest(project.as_manifest()) == project


@pytest.mark.processes
def test_a_project_that_can_be_run_is_not_complained_of() -> None:
    """The example's settings and task are found."""
    Project(path=BAKERY, settings="bakery.settings").check(
        BackgroundTask(), ["bakery.tasks.bake", "send_mail"]
    )


@pytest.mark.processes
@pytest.mark.parametrize(
    ("settings", "body", "kind", "sentence"),
    [
        ("nosuch", "", "tasks.a", "settings cannot be imported: ModuleNotFoundError"),
        ("site_conf", "1 / 0", "tasks.a", "settings cannot be imported: ZeroDivisionError"),
        ("site_conf", "INSTALLED_APPS = ['nosuch']", "tasks.a", "Django cannot be set up with"),
        ("site_conf", "", "tasks.no", "there is no task tasks.no: AttributeError"),
        ("site_conf", "", "nosuch.a", "there is no task nosuch.a: ModuleNotFoundError"),
        ("site_conf", "", "site_conf.X", "site_conf.X is no task: it cannot be called"),
    ],
)
def test_a_project_that_cannot_be_run_is_refused_before_anything_starts(
    tmp_path: Path, settings: str, body: str, kind: str, sentence: str
) -> None:
    """The exception is named in a sentence."""
    (tmp_path / "site_conf.py").write_text(f"X = 1\n{body}\n")
    (tmp_path / "tasks.py").write_text("def a(): pass\n")
    with pytest.raises(UsageError) as refusal:
        Project(path=tmp_path, settings=settings).check(BackgroundTask(), [kind])
    assert sentence in str(refusal.value)
    assert "\n" not in str(refusal.value)
