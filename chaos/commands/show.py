"""``show``: a scenario's plan, an anomaly, a fault, or what a stored run came to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.markdown import Markdown
from rich.markup import escape
from rich.table import Table

from chaos.checkers import CHECKERS
from chaos.commands.command import Command
from chaos.commands.options import add_project, project_of
from chaos.faults import FAULTS
from chaos.formats.describing import describe_session, describe_stored
from chaos.formats.wording import unsettled
from chaos.plan_outline import call_groups, strike_lines
from chaos.scenarios import SCENARIOS
from chaos.scenarios.own import load_own
from chaos.soundness import nearest
from chaos.stored import find_runs, read_run
from chaos.table import STYLES, print_session
from engine.command_line import UsageError, add_seed
from engine.provenance import REPOSITORY

if TYPE_CHECKING:
    import argparse

    from rich.console import Console

    from chaos.plan import Plan
    from chaos.scenarios import Scenario
    from reports.session_schema import CellSummary

EXAMPLES: Final = """\
  nox -s chaos -- show poison                      what the scenario does, and when
  nox -s chaos -- show poison --seed 7             the plan of that seed
  nox -s chaos -- show double-claim                what the anomaly is, and its usual causes
  nox -s chaos -- show sigkill                     what the fault does, and who uses it
  nox -s chaos -- show reports/runs/SESSION        what a stored session came to
  nox -s chaos -- show reports/runs/SESSION/RUN    a run, with more of its proofs
"""


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", metavar="NAME|DIR", help="a scenario, anomaly, fault or folder")
    add_seed(parser, meaning="the seed of the plan (default: 0)")
    add_project(parser)


def _execute(options: argparse.Namespace, terminal: Console) -> int:
    name = options.what
    project = project_of(options)
    scenarios = {**(load_own(project.path, options.seed or 0) if project else {}), **SCENARIOS}
    anomalies = [checker.name for checker in CHECKERS]
    if name in scenarios:
        _show_scenario(scenarios[name], options.seed or 0, terminal)
    elif name in anomalies:
        page = REPOSITORY / "docs" / "anomalies" / f"{name}.md"
        terminal.print(Markdown(page.read_text(encoding="utf-8")))
    elif name in FAULTS:
        _show_fault(name, terminal)
    elif name and Path(name).exists():
        return _show_stored(Path(name), terminal)
    elif "/" in name:
        raise UsageError(f"there is no folder {name}")
    else:
        close = nearest(name, [*scenarios, *anomalies, *FAULTS])
        hint = "`list` has their names" if close.startswith("choose") else close
        raise UsageError(f"there is no scenario, anomaly, fault or folder {name!r}; {hint}")
    return 0


def _show_scenario(scenario: Scenario, seed: int, terminal: Console) -> None:
    plan = scenario.plan(seed)
    limit = "" if plan.timeout_seconds is None else f", at most {plan.timeout_seconds:g} s a task"
    terminal.print(f"[bold]{escape(scenario.name)}[/]: {escape(scenario.summary)}")
    terminal.print(
        f"{plan.workers} workers with {plan.processes} processes each{limit}; "
        f"{plan.producers} producers, {len(plan.calls)} calls; seed {seed}"
    )
    if plan.exercises:
        terminal.print(f"puts to the test in any case: {', '.join(plan.exercises)}")
    terminal.print("", _workload(plan), "", _strikes(plan), sep="\n")


def _workload(plan: Plan) -> Table:
    table = Table("calls", "", "task", "made from", "to", "and", box=None, header_style="bold")
    for group in call_groups(plan):
        table.add_row(
            str(group.count),
            escape(group.name),
            escape(group.kind),
            f"{group.first:.2f} s",
            f"{group.last:.2f} s",
            escape(", ".join(group.traits)),
        )
    return table


def _strikes(plan: Plan) -> Table:
    table = Table("strikes", "fault", "set off by", "lasts", "with", box=None, header_style="bold")
    for line in strike_lines(plan):
        lasts = f"{line.lasts:g} s" if line.lasts else "an instant"
        options = ", ".join(f"{name} {json.dumps(value)}" for name, value in line.options.items())
        table.add_row(
            f"{line.seconds:.2f} s", line.fault, escape(line.trigger), lasts, escape(options)
        )
    if not plan.strikes:
        table.add_row("none")
    return table


def _show_fault(name: str, terminal: Console) -> None:
    fault = FAULTS[name]
    users = [
        scenario.name
        for scenario in SCENARIOS.values()
        if any(strike.fault == name for strike in scenario.plan(0).strikes)
    ]
    terminal.print(f"[bold]{name}[/] ({fault.family}): {escape(fault.summary)}")
    terminal.print(f"what it may disturb without anybody being to blame: {fault.disturbs}")
    terminal.print(f"used by: {', '.join(users) or 'no scenario of ours'}")


def _show_stored(folder: Path, terminal: Console) -> int:
    runs = [read_run(found) for found in find_runs([folder])]
    unjudged = "it has no results.json that could be read: `recheck` judges it"
    cells = [
        describe_stored(run, run.results, reason="" if run.results else unjudged) for run in runs
    ]
    document = describe_session(cells)
    if len(runs) == 1:
        manifest = runs[0].manifest
        terminal.print(f"[bold]{escape(manifest.scenario)}[/]: {escape(manifest.summary)}")
        terminal.print(
            f"{runs[0].subject} {manifest.subject.get('version', '')} on {runs[0].database} "
            f"{manifest.database.get('version', '')}, seed {manifest.seed}, {manifest.started_at}"
        )
        _print_proofs(cells[0], terminal)
    print_session(document, terminal)
    terminal.print(STYLES[document.verdict])
    for cell in cells[:1] if len(cells) == 1 else ():
        terminal.print(f"again: {cell.command}", soft_wrap=True, markup=False)
        terminal.print(f"page: {cell.folder}/report.html", soft_wrap=True, markup=False)
    return document.exit_code


def _print_proofs(cell: CellSummary, terminal: Console) -> None:
    for check in unsettled(cell):
        terminal.print(f"{check.name} {STYLES[check.verdict]}: {escape(check.note)}")
        for proof in check.proofs:
            terminal.print(f"  {proof}", soft_wrap=True, markup=False)


SHOW = Command(
    name="show",
    summary="show a scenario's plan, an anomaly, a fault, or what a stored run came to",
    examples=EXAMPLES,
    configure=_configure,
    execute=_execute,
)
