"""``explore``: carry out swarms of scenarios, and make what goes wrong smaller."""

from __future__ import annotations

import contextlib
import dataclasses
import secrets
import time
from typing import TYPE_CHECKING, Final

from chaos.commands.carrying_out import progress, stamp
from chaos.commands.command import Command
from chaos.commands.findings import counts, tell_end, tell_finding
from chaos.commands.options import add_databases, add_project, add_subject, project_of
from chaos.commands.run import databases_of
from chaos.exploration.outcome import verdict_of
from chaos.exploration.search import Search
from chaos.scenarios import SCENARIOS
from chaos.scenarios.own import load_own
from chaos.session import Job, Request, carry_out_job, started, write_pages
from engine.command_line import UsageError, add_out, add_places, add_seed, make_folder
from engine.subjects import subject_named

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from pathlib import Path

    from rich.console import Console

    from chaos.exploration.outcome import Outcome
    from chaos.plan import Plan
    from chaos.project import Project
    from chaos.scenarios import Scenario
    from engine.databases import Database
    from reports.schema import Results

MOST_MINUTES: Final = 24 * 60.0
EXAMPLES: Final = """\
  nox -s chaos -- explore                                       five minutes, on SQLite
  nox -s chaos -- explore --minutes 20 --seed 7 --database postgresql
  nox -s chaos -- explore --subject package.module:Class        swarms against a queue of yours
  nox -s chaos -- explore --project ~/shop --settings shop.settings    ... with tasks of yours

Each seed takes a few of the scenarios and mixes them. A run that comes out INVALID is made
smaller as long as it still does; how often the smallest plan fails is stated as m of n, and
`replay` carries it out again. In a mix one fault may take another one's victim: that swarm is
UNKNOWN, and the exit code is that of the others, if there are any. With --project each swarm has
one of the project's own scenarios.
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
    add_project(parser)
    add_places(parser)
    add_out(parser)
    add_seed(parser, meaning="begin with this seed; each swarm has the next one")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Exploration:
    """What was asked for.

    Attributes:
        own: the scenarios of the user's project.
        theirs: the options that name that project.
        seconds: how long each database is explored.
        outcomes: of the swarms that have ended, filled as they do.
    """

    request: Request
    own: Sequence[Scenario]
    theirs: str
    seed: int
    seconds: float
    terminal: Console
    outcomes: list[Outcome] = dataclasses.field(default_factory=list)

    def explore(self, name: str) -> None:
        """Explore on one database, and say how each swarm ended."""
        with progress(self.terminal) as on_phase, started(name, self.request) as database:
            search = Search(
                scenarios=list(SCENARIOS.values()),
                own=self.own,
                database=database,
                subject=self.request.subject,
                folder=self.request.folder,
                carry_out=lambda plan, folder: self._carry_out(plan, folder, database),
                deadline=time.monotonic() + self.seconds,
                on_step=lambda step: on_phase("swarm", name, step),
            )
            for outcome in search.run(self.seed):
                self.outcomes.append(outcome)
                tell_end(outcome, name, self.terminal)

    def tell(self, options: str) -> None:
        """Say what was found, and how to see it again."""
        if self.outcomes:
            self.terminal.print(counts(self.outcomes))
        for outcome in self.outcomes:
            tell_finding(outcome, f"{options}{self.theirs}", self.terminal)
        if self.request.folder.exists():
            self.terminal.print(f"stored in {self.request.folder}", soft_wrap=True)

    def _carry_out(self, plan: Plan, folder: Path, database: Database) -> Results:
        job = Job(
            plan=plan,
            summary=f"A swarm of scenarios, of seed {plan.seed}",
            command=f"nox -s chaos -- replay {folder}{self.theirs}",
        )
        return carry_out_job(job, database, self.request, folder, on_phase=lambda _: None)


def _execute(options: argparse.Namespace, terminal: Console) -> int:
    if not 0 < options.minutes <= MOST_MINUTES:
        raise UsageError(f"--minutes is a number above 0, up to {MOST_MINUTES:g}")
    if not (options.database or options.database_url):
        options.database = ["sqlite"]
    exploration = _exploration(options, terminal)
    request = exploration.request
    make_folder(request.folder)
    terminal.print(f"subject [bold]{request.subject.name}[/], seeds from {exploration.seed}")
    try:
        for name in request.databases:
            exploration.explore(name)
        write_pages(request.folder, [each.folder for each in exploration.outcomes if each.folder])
    finally:
        # What was found before an error or an interruption is worth as much.
        with contextlib.suppress(OSError):
            request.folder.rmdir()
        exploration.tell(f"--subject {options.subject}")
    return verdict_of(exploration.outcomes).exit_code


def _exploration(options: argparse.Namespace, terminal: Console) -> _Exploration:
    project = project_of(options)
    seed = secrets.randbelow(1_000_000) if options.seed is None else options.seed
    own = list(load_own(project.path, seed).values()) if project else []
    request = _request(options, project, own, seed)
    return _Exploration(
        request=request,
        own=own,
        theirs=project.as_options() if project else "",
        seed=seed,
        seconds=options.minutes * 60.0 / len(request.databases),
        terminal=terminal,
    )


def _request(
    options: argparse.Namespace, project: Project | None, own: Sequence[Scenario], seed: int
) -> Request:
    subject = subject_named(options.subject)
    if project:
        subject = project.house(
            subject, {call.kind for each in own for call in each.plan(seed).calls}
        )
    name = f"{stamp()}-explore-{options.subject.replace(':', '.')}-seed{seed}"
    return Request(
        jobs=(),
        databases=databases_of(options),
        named=True,
        subject=subject,
        provider=options.provider,
        url=options.database_url,
        folder=(options.out / name).resolve(),
        project=project.as_manifest() if project else {},
    )


EXPLORE = Command(
    name="explore",
    summary="draw runs by chance for some minutes, and make what goes wrong smaller",
    examples=EXAMPLES,
    configure=_configure,
    execute=_execute,
)
