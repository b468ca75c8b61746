"""``run``: scenarios on databases."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from chaos.commands.carrying_out import carry_out, make_pages, stamp
from chaos.commands.command import Command
from chaos.commands.options import (
    add_databases,
    add_formats,
    add_project,
    add_subject,
    names_of,
    project_of,
    tell,
)
from chaos.formats.describing import describe_session
from chaos.scenarios import SCENARIOS
from chaos.scenarios.own import load_own
from chaos.session import Job, Request
from chaos.soundness import nearest
from engine.command_line import UsageError, add_out, add_places, add_seed, make_folder
from engine.databases import NAMES, parse_url
from engine.subjects import subject_named

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from rich.console import Console

    from chaos.project import Project
    from chaos.scenarios import Scenario

EXAMPLES: Final = """\
  nox -s chaos                                           the smoke scenarios, all databases
  nox -s chaos -- run --all --database postgresql        every scenario on PostgreSQL
  nox -s chaos -- run --scenario poison --database sqlite --seed 7
  nox -s chaos -- run --subject django_background_tasks  the control: it must come out INVALID
  nox -s chaos -- run --database-url postgresql://me@127.0.0.1/killproof_test
  nox -s chaos -- run --project ~/shop --settings shop.settings
  nox -s chaos -- run --junit junit.xml --markdown "$GITHUB_STEP_SUMMARY"
"""


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--scenario",
        action="append",
        metavar="NAME",
        help="run this one only; may be given again; `list` has their names",
    )
    parser.add_argument(
        "--all", action="store_true", help="run every scenario, not only those of the smoke test"
    )
    add_subject(parser, "background_task")
    add_databases(parser)
    add_project(parser)
    add_places(parser)
    add_out(parser)
    add_seed(parser, meaning="make the plans of this seed (default: a new one, which is printed)")
    add_formats(parser)


def _execute(options: argparse.Namespace, terminal: Console) -> int:
    project = project_of(options)
    seed = secrets.randbelow(1_000_000) if options.seed is None else options.seed
    scenarios = chosen(options, load_own(project.path, seed) if project else {})
    request = _request(options, project, scenarios, seed)
    make_folder(request.folder)
    terminal.print(
        f"subject [bold]{request.subject.name}[/] {request.subject.version()}, seed {seed}"
    )
    cells = carry_out([request], terminal)
    document = describe_session(cells, seed=seed, named=request.named)
    code = tell(document, options, terminal)
    make_pages(request.folder, document, terminal)
    return code


def chosen(options: argparse.Namespace, own: Mapping[str, Scenario]) -> list[Scenario]:
    """Return the scenarios that were asked for: of a project, its own unless it is said otherwise.

    Raises:
        UsageError: there is none of that name.
    """
    known = {**own, **SCENARIOS}
    if options.all and options.scenario:
        raise UsageError("--all runs every scenario: leave --scenario out")
    if options.all:
        return list(known.values())
    smoke = [name for name, scenario in SCENARIOS.items() if scenario.is_smoke]
    names = options.scenario or list(own) or smoke
    for name in names:
        if name not in known:
            raise UsageError(f"there is no scenario {name!r}; {nearest(name, known)}")
    return [known[name] for name in dict.fromkeys(names)]


def databases_of(options: argparse.Namespace) -> list[str]:
    """Return the names of the databases that were asked for, or all.

    Raises:
        UsageError: the URL is another one's.
    """
    if not options.database_url:
        return names_of(options.database, NAMES)
    name = parse_url(options.database_url).name
    if options.database and options.database != [name]:
        raise UsageError(f"--database-url is of {name}: leave --database out")
    return [name]


def _request(
    options: argparse.Namespace, project: Project | None, scenarios: list[Scenario], seed: int
) -> Request:
    subject = subject_named(options.subject)
    plans = [scenario.plan(seed) for scenario in scenarios]
    if project:
        subject = project.house(subject, {call.kind for plan in plans for call in plan.calls})
    theirs = project.as_options() if project else ""
    jobs = [
        Job(
            plan=plan,
            summary=scenario.summary,
            command=f"nox -s chaos -- run --subject {options.subject} --scenario {scenario.name}"
            f" --seed {seed}{theirs}",
        )
        for scenario, plan in zip(scenarios, plans, strict=True)
    ]
    folder = options.out / f"{stamp()}-{options.subject.replace(':', '.')}-seed{seed}"
    return Request(
        jobs=jobs,
        databases=databases_of(options),
        named=bool(options.database or options.database_url),
        subject=subject,
        provider=options.provider,
        url=options.database_url,
        folder=folder.resolve(),
        project=project.as_manifest() if project else {},
    )


RUN = Command(
    name="run",
    summary="carry out scenarios on databases, and judge what happened",
    examples=EXAMPLES,
    configure=_configure,
    execute=_execute,
)
