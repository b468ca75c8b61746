"""The command line of ``nox -s chaos``."""

from __future__ import annotations

import argparse
import contextlib
import datetime
import secrets
import sys
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from chaos.cluster import ClusterError
from chaos.scenarios import SCENARIOS
from chaos.session import Request, run_session, write_pages
from chaos.table import LEGEND, STYLES, remarks, session_verdict, table_of, to_json
from engine.command_line import (
    HARNESS_ERROR,
    INTERRUPTED,
    USAGE_ERROR,
    Parser,
    UsageError,
    add_out,
    add_places,
    add_seed,
    make_folder,
    stop_cleanly,
)
from engine.databases import NAMES, ServerFailed, Unavailable, parse_url
from engine.subjects import SUBJECTS, SubjectUnavailableError, subject_named

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chaos.session import Cell

EPILOG: Final = """\
examples:
  nox -s chaos                                          every scenario, every database to be had
  nox -s chaos -- --scenario poison --database sqlite   one run
  nox -s chaos -- --seed 7                              the plans of seed 7 again
  nox -s chaos -- --subject django_background_tasks     the control: it must come out INVALID
  nox -s chaos -- --database-url postgresql://me@127.0.0.1/killproof_test

exit codes: 0 VALID, 1 INVALID, 2 UNKNOWN, 254 wrong usage, 255 the harness failed
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a session and return its exit code."""
    options = _parser().parse_args(arguments)
    if options.list:
        _print_list()
        return 0
    stop_cleanly()
    terminal = Console(stderr=options.json, highlight=False)
    try:
        request = _request(options)
        make_folder(request.folder)
        return _run(request, terminal, as_json=options.json)
    except KeyboardInterrupt:
        terminal.print("interrupted: everything was stopped and removed; no verdict")
        return INTERRUPTED
    except (UsageError, SubjectUnavailableError, Unavailable) as error:
        sys.stderr.write(f"chaos: {error}\n")
        return USAGE_ERROR
    except (ClusterError, ServerFailed) as error:
        sys.stderr.write(f"chaos: the run could not be carried out: {error}\n")
        return HARNESS_ERROR


def _run(request: Request, terminal: Console, *, as_json: bool) -> int:
    terminal.print(
        f"subject [bold]{request.subject.name}[/] {request.subject.version()}, seed {request.seed}"
    )
    cells = _collect(request, terminal)
    write_pages(request.folder, cells)
    verdict = session_verdict(cells, named=request.named)
    if as_json:
        sys.stdout.write(to_json(cells, verdict, request.seed) + "\n")
    else:
        terminal.print(table_of(cells))
        terminal.print(LEGEND, style="dim")
        for line in remarks(cells):
            terminal.print(f"- {line}", soft_wrap=True)
        terminal.print(f"{STYLES[verdict]}  stored in {request.folder}", soft_wrap=True)
    return verdict.exit_code


def _collect(request: Request, terminal: Console) -> list[Cell]:
    cells = []
    with _progress(terminal) as on_phase:
        for cell in run_session(request, on_phase):
            cells.append(cell)
            verdict = STYLES[cell.results.verdict] if cell.results else "not tested"
            terminal.print(f"{cell.scenario} on {cell.database}: {verdict}")
    return cells


@contextlib.contextmanager
def _progress(terminal: Console) -> Iterator[Any]:
    """Show what happens now, on a terminal; elsewhere the finished cells are progress enough."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=terminal, transient=True) as progress:
        task = progress.add_task("starting", total=None)
        yield lambda scenario, database, phase: progress.update(
            task, description=f"{scenario or 'killproof'} on {database}: {phase}"
        )


def _request(options: argparse.Namespace) -> Request:
    databases = options.database or list(NAMES)
    if options.database_url:
        databases = [parse_url(options.database_url).name]
    seed = secrets.randbelow(1_000_000) if options.seed is None else options.seed
    now = datetime.datetime.now(tz=datetime.UTC)
    folder = options.out / f"{now:%Y%m%d-%H%M%S}-{options.subject.replace(':', '.')}-seed{seed}"
    return Request(
        scenarios=[SCENARIOS[name] for name in options.scenario or _smoke()],
        databases=databases,
        named=bool(options.database or options.database_url),
        subject=subject_named(options.subject),
        seed=seed,
        provider=options.provider,
        url=options.database_url,
        folder=folder.resolve(),
    )


def _smoke() -> list[str]:
    return [name for name, scenario in SCENARIOS.items() if scenario.is_smoke]


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="nox -s chaos --",
        description="Kill real workers of a task queue on real databases, and compute from the "
        "recorded history whether anything was lost, run twice or stuck.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--subject",
        default="background_task",
        metavar="NAME",
        help=f"the queue under test: {', '.join(SUBJECTS)}, or package.module:Class "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--scenario",
        action="append",
        choices=list(SCENARIOS),
        metavar="NAME",
        help=f"run this one only; may be given again: {', '.join(SCENARIOS)}",
    )
    parser.add_argument(
        "--database",
        action="append",
        choices=NAMES,
        metavar="NAME",
        help=f"run on this one, and fail without it; may be given again: {', '.join(NAMES)}",
    )
    add_places(parser)
    add_out(parser)
    add_seed(parser, meaning="replay the plans of this seed")
    parser.add_argument("--json", action="store_true", help="print the verdict as JSON on stdout")
    parser.add_argument("--list", action="store_true", help="list scenarios and subjects, and exit")
    return parser


def _print_list() -> None:
    terminal = Console()
    terminal.print("scenarios:")
    for scenario in SCENARIOS.values():
        terminal.print(f"  {scenario.name}: {scenario.summary}")
    terminal.print(f"subjects: {', '.join(SUBJECTS)}")
    terminal.print(f"databases: {', '.join(NAMES)}")
