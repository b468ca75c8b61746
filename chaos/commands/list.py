"""``list``: the scenarios, faults, subjects, databases and anomalies that there are."""

from __future__ import annotations

import dataclasses
import json
import sys
from typing import TYPE_CHECKING, Any, Final, cast

from rich.markup import escape
from rich.table import Table

from chaos.checkers import CHECKERS
from chaos.commands.command import Command
from chaos.commands.options import add_project, add_subject, project_of
from chaos.faults import FAULTS
from chaos.scenarios import SCENARIOS, why_not
from chaos.scenarios.own import load_own
from engine.databases import NAMES
from engine.subjects import SUBJECTS, subject_named

if TYPE_CHECKING:
    import argparse

    from rich.console import Console

    from chaos.scenarios import Scenario
    from engine.databases import Database
    from engine.subjects import Subject

EXAMPLES: Final = """\
  nox -s chaos -- list
  nox -s chaos -- list --json
  nox -s chaos -- list --subject django_background_tasks   what it has not the means for
  nox -s chaos -- list --project ~/shop --settings shop.settings
"""


@dataclasses.dataclass(frozen=True, slots=True)
class _Imagined:
    """A database that nobody has started, for faults that say whether they could strike it."""

    name: str
    provider: str = "embedded"

    @property
    def can_kill(self) -> bool:
        return self.name != "sqlite"


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print it as JSON on stdout")
    add_subject(parser, "background_task")
    add_project(parser)


def _execute(options: argparse.Namespace, terminal: Console) -> int:
    project = project_of(options)
    own = load_own(project.path) if project else {}
    subject = subject_named(options.subject)
    catalogue = {
        "scenarios": [
            describe(scenario, subject, is_own=scenario.name in own)
            for scenario in [*own.values(), *SCENARIOS.values()]
        ],
        "faults": [
            {"name": fault.name, "family": fault.family, "summary": fault.summary}
            for fault in FAULTS.values()
        ],
        "subjects": list(SUBJECTS),
        "databases": list(NAMES),
        "anomalies": [
            {"name": checker.name, "exercised_by": checker.opportunities} for checker in CHECKERS
        ],
    }
    if options.json:
        sys.stdout.write(json.dumps(catalogue, indent=1) + "\n")
    else:
        _print(catalogue, terminal)
    return 0


def describe(scenario: Scenario, subject: Subject, *, is_own: bool) -> dict[str, Any]:
    """Return what there is to say of a scenario; ``not_on`` says why, by database."""
    plan = scenario.plan(0)
    reasons = {name: why_not(plan, cast("Database", _Imagined(name)), subject) for name in NAMES}
    return {
        "name": scenario.name,
        "summary": scenario.summary,
        "faults": list(dict.fromkeys(strike.fault for strike in plan.strikes)),
        "is_smoke": scenario.is_smoke,
        "is_own": is_own,
        "not_on": {name: reason for name, reason in reasons.items() if reason},
    }


def _print(catalogue: dict[str, Any], terminal: Console) -> None:
    terminal.print(_scenarios(catalogue["scenarios"]))
    terminal.print("* runs when no scenario is named; + your own\n", style="dim")
    faults = _table("family", "fault", "what it does")
    last = ""
    for fault in sorted(catalogue["faults"], key=lambda one: one["family"]):
        family = fault["family"]
        faults.add_row(family if family != last else "", fault["name"], escape(fault["summary"]))
        last = family
    terminal.print(faults)
    anomalies = _table("anomaly", "is put to the test by")
    for anomaly in catalogue["anomalies"]:
        anomalies.add_row(anomaly["name"], escape(anomaly["exercised_by"]))
    terminal.print("", anomalies, sep="\n")
    terminal.print(f"\nsubjects: {', '.join(catalogue['subjects'])}, or package.module:Class")
    terminal.print(f"databases: {', '.join(catalogue['databases'])}")
    terminal.print("more on each: nox -s chaos -- show NAME", style="dim")


def _scenarios(scenarios: list[dict[str, Any]]) -> Table:
    table = _table("scenario", "what it does [dim](its faults; where it has nothing to do)[/]")
    for scenario in scenarios:
        sign = "+" if scenario["is_own"] else "*" if scenario["is_smoke"] else " "
        faults = ", ".join(scenario["faults"]) or "no fault"
        not_on = f"; not on {', '.join(scenario['not_on'])}" if scenario["not_on"] else ""
        summary = f"{escape(scenario['summary'])} [dim]({faults}{not_on})[/]"
        table.add_row(f"{sign} {scenario['name']}", summary)
    return table


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for number, heading in enumerate(headings):
        table.add_column(heading, no_wrap=number == 0)
    return table


LIST = Command(
    name="list",
    summary="list the scenarios, faults, anomalies, subjects and databases that there are",
    examples=EXAMPLES,
    configure=_configure,
    execute=_execute,
)
