"""``explore``: carry out swarms of scenarios, and make what goes wrong smaller."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Final

from rich.markup import escape
from rich.table import Table

from chaos.commands.carrying_out import progress, stamp
from chaos.commands.command import Command
from chaos.commands.options import add_databases, add_subject
from chaos.commands.run import databases_of
from chaos.exploration.search import Search, verdict_of
from chaos.scenarios import SCENARIOS
from chaos.session import Job, Request, carry_out_job, started, write_pages
from chaos.table import STYLES
from engine.command_line import UsageError, add_out, add_places, add_seed, make_folder
from engine.subjects import subject_named
from reports.schema import Verdict

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from rich.console import Console

    from chaos.exploration.search import Outcome
    from chaos.plan import Plan
    from engine.databases import Database
    from reports.schema import Results

MOST_MINUTES: Final = 24 * 60.0
EXAMPLES: Final = """\
  nox -s chaos -- explore                                       five minutes, on SQLite
  nox -s chaos -- explore --minutes 20 --seed 7 --database postgresql
  nox -s chaos -- explore --subject package.module:Class        swarms against a queue of yours

Each seed takes a few of the scenarios and mixes them. A run that comes out INVALID is made
smaller as long as it still does; how often the smallest plan fails is stated as m of n, and
`replay` carries it out again. In a mix one fault may take another one's victim: that swarm is
UNKNOWN, and the exit code is that of the others, if there are any.
"""


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--minutes",
        type=float,
        default=5.0,
        metavar="N",
        help="how long, divided among the databases (default: %(default)g)",
    )
    add_subject(parser, "background_task")
    add_databases(parser)
    add_places(parser)
    add_out(parser)
    add_seed(parser, meaning="begin with this seed; each swarm has the next one")


def _execute(options: argparse.Namespace, terminal: Console) -> int:
    if not 0 < options.minutes <= MOST_MINUTES:
        raise UsageError(f"--minutes is a number above 0, up to {MOST_MINUTES:g}")
    if not (options.database or options.database_url):
        options.database = ["sqlite"]
    seed = secrets.randbelow(1_000_000) if options.seed is None else options.seed
    request = _request(options, seed)
    make_folder(request.folder)
    terminal.print(f"subject [bold]{request.subject.name}[/], seeds from {seed}")
    outcomes = [
        outcome
        for name in request.databases
        for outcome in _explore(name, request, options, seed, terminal)
    ]
    terminal.print(_table(outcomes))
    write_pages(request.folder, [each.folder for each in outcomes if each.folder])
    found = [outcome for outcome in outcomes if outcome.smallest]
    for outcome in found:
        _tell(outcome, options.subject, terminal)
    terminal.print(f"stored in {request.folder}", soft_wrap=True)
    return verdict_of(outcomes).exit_code


def _explore(
    name: str, request: Request, options: argparse.Namespace, seed: int, terminal: Console
) -> list[Outcome]:
    """Explore on one database, and say how each swarm ended."""
    outcomes = []
    seconds = options.minutes * 60.0 / len(request.databases)
    with progress(terminal) as on_phase, started(name, request) as database:
        search = Search(
            scenarios=list(SCENARIOS.values()),
            database=database,
            subject=request.subject,
            folder=request.folder,
            carry_out=lambda plan, folder: _carry_out(plan, folder, database, request),
            deadline=time.monotonic() + seconds,
            on_step=lambda step: on_phase("swarm", name, step),
        )
        for outcome in search.run(seed):
            outcomes.append(outcome)
            pieces = ", ".join(sorted({strike.fault for strike in outcome.plan.strikes}))
            terminal.print(
                f"seed {outcome.seed} on {name}: {STYLES[outcome.verdict]}  "
                f"[dim]{pieces or 'no fault'}[/]"
            )
            for doubt in outcome.doubts:
                terminal.print(f"  {escape(doubt)}", soft_wrap=True)
    return outcomes


def _carry_out(plan: Plan, folder: Path, database: Database, request: Request) -> Results:
    job = Job(
        plan=plan,
        summary=f"A swarm of scenarios, of seed {plan.seed}",
        command=f"nox -s chaos -- replay {folder}",
    )
    return carry_out_job(job, database, request, folder, on_phase=lambda _: None)


def _request(options: argparse.Namespace, seed: int) -> Request:
    name = f"{stamp()}-explore-{options.subject.replace(':', '.')}-seed{seed}"
    return Request(
        jobs=(),
        databases=databases_of(options),
        named=True,
        subject=subject_named(options.subject),
        provider=options.provider,
        url=options.database_url,
        folder=(options.out / name).resolve(),
    )


def _table(outcomes: list[Outcome]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("swarms", "VALID", "INVALID", "UNKNOWN"):
        table.add_column(heading, justify="right")
    verdicts = [outcome.verdict for outcome in outcomes]
    counted = (verdicts.count(each) for each in (Verdict.VALID, Verdict.INVALID, Verdict.UNKNOWN))
    table.add_row(str(len(verdicts)), *map(str, counted))
    return table


def _tell(outcome: Outcome, subject: str, terminal: Console) -> None:
    """Say what was found, how small it became, and how to see it again."""
    smallest, folder = outcome.smallest, outcome.folder
    if smallest is None or folder is None:
        return
    faults = ", ".join(strike.fault for strike in smallest.strikes) or "no fault"
    terminal.print(
        f"- seed {outcome.seed}: [bold]{escape(', '.join(sorted(outcome.anomalies)))}[/]; smallest:"
        f" {len(smallest.calls)} calls, {faults}, {smallest.workers} workers; it failed"
        f" {outcome.failed} of {outcome.tries} times.\n"
        f"  nox -s chaos -- replay {folder.parent / 'smallest'} --subject {subject} --times 10",
        soft_wrap=True,
    )


EXPLORE = Command(
    name="explore",
    summary="draw runs by chance for some minutes, and make what goes wrong smaller",
    examples=EXAMPLES,
    configure=_configure,
    execute=_execute,
)
