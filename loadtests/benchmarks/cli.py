"""The command line of ``nox -s benchmarks``."""

from __future__ import annotations

import argparse
import datetime
import os
import secrets
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.markup import escape

from engine.command_line import (
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
from engine.databases import NAMES, parse_url
from loadtests.announcing import announcing
from loadtests.benchmarks.registry import BENCHMARKS
from loadtests.benchmarks.report import markdown, write_into
from loadtests.benchmarks.session import Plan, run_all
from loadtests.benchmarks.stored import StoredRunError, read_run

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from loadtests.benchmarks.benchmark import Benchmark
    from loadtests.benchmarks.stored import Run

MISSED: Final = 1
INCOMPLETE: Final = 2

EPILOG: Final = """\
examples:
  nox -s benchmarks -- --list                       what there is, and how long each takes
  nox -s benchmarks -- drain --help                 how one of them measures
  nox -s benchmarks                                 all of them, 24 minutes
  nox -s benchmarks -P 3.12 -- drain                on another Python: django-ox needs 3.12
  nox -s benchmarks -- databases --database sqlite --database mariadb
  nox -s benchmarks -- --quick                      only to see that everything works here
  nox -s benchmarks -- report reports/runs/FOLDER   a stored run as Markdown
  nox -s benchmarks -- report reports/runs/FOLDER --into docs/performance.md

Figures need a quiet machine. Each is the median of its samples, with its spread: of a ratio, the
bootstrap interval of the median over pairs within blocks; of a rate, its least and largest. A
target within the spread is "unclear".

exit codes: 0 measured, 1 with --check: a target was missed, 2 something could not be measured,
254 wrong usage, 255 the harness failed, 130 interrupted (what was measured is kept)
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run benchmarks, or print a stored run; return the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if given[:1] == ["report"]:
            return _report(given[1:])
        return _benchmarks(given)
    except (UsageError, StoredRunError) as error:
        sys.stderr.write(f"benchmarks: {error}\n")
        return USAGE_ERROR


def _benchmarks(given: Sequence[str]) -> int:
    options = _parser().parse_args(given)
    console = Console(highlight=False)
    chosen = _chosen(options.names)
    if options.help or options.list:
        _explain(console, options, chosen)
        return 0
    plan = _plan(options, chosen)
    stop_cleanly()
    make_folder(plan.folder)
    try:
        with announcing(console) as announcer:
            run = run_all(plan, announcer, console)
    except KeyboardInterrupt:
        kept = f"what was measured is in {plan.folder}"
        console.print(f"interrupted: everything was stopped; {escape(kept)}", soft_wrap=True)
        return INTERRUPTED
    console.print(f"stored in {escape(str(plan.folder))}", soft_wrap=True)
    return exit_code(run, must_meet=options.check)


def exit_code(run: Run, *, must_meet: bool) -> int:
    """Return what the command says to whoever called it."""
    if run.status != "complete":
        return INCOMPLETE
    verdicts = {figure.verdict for result in run.results for figure in result.figures}
    return MISSED if must_meet and "missed" in verdicts else 0


def _chosen(names: Sequence[str]) -> list[Benchmark]:
    for name in names:
        if name not in BENCHMARKS:
            raise UsageError(f"there is no benchmark {name!r}; choose of {', '.join(BENCHMARKS)}")
    return [BENCHMARKS[name] for name in dict.fromkeys(names)] or list(BENCHMARKS.values())


def _plan(options: argparse.Namespace, chosen: Sequence[Benchmark]) -> Plan:
    named = list(dict.fromkeys(options.database or []))
    if options.database_url:
        name_of_url = parse_url(options.database_url).name
        if named not in ([], [name_of_url]):
            raise UsageError(f"--database-url is of {name_of_url}: leave --database out")
        _refuse_with_url(each for each in chosen if options.names)
        chosen = [each for each in chosen if not each.own_servers]
        named = [name_of_url]
    databases = {each.name: tuple(named) or each.databases for each in chosen}
    for each in chosen if options.names else ():
        refused = [name for name in databases[each.name] if name not in each.choices]
        if refused:
            raise UsageError(f"{each.name} runs on {', '.join(each.choices)}, not on {refused[0]}")
    seed = secrets.randbelow(1_000_000) if options.seed is None else options.seed
    now = datetime.datetime.now(tz=datetime.UTC)
    what = "-".join(options.names) or "all"
    return Plan(
        benchmarks=tuple(each for each in chosen if set(databases[each.name]) <= set(each.choices)),
        databases=databases,
        provider=options.provider,
        url=options.database_url,
        seed=seed,
        is_quick=options.quick,
        arguments=_arguments(options, named, seed),
        folder=(options.out / f"{now:%Y%m%d-%H%M%S}-benchmarks-{what}").resolve(),
    )


def _refuse_with_url(chosen: Iterable[Benchmark]) -> None:
    for each in chosen:
        if each.own_servers:
            raise UsageError(f"{each.name} needs servers of its own: leave --database-url out")


def _arguments(options: argparse.Namespace, named: Sequence[str], seed: int) -> str:
    """Return what to type after a name to measure it again; no URL, as it has a password."""
    words = [word for name in named for word in ("--database", name)]
    words += ["--provider", options.provider] if options.provider else []
    words += ["--quick"] if options.quick else []
    return shlex.join([*words, "--seed", str(seed)])


def _explain(console: Console, options: argparse.Namespace, chosen: Sequence[Benchmark]) -> None:
    if options.list:
        for each in chosen:
            text = (
                f"  {each.name}: {each.summary} ({each.minutes:g} min, {', '.join(each.databases)})"
            )
            console.print(escape(text), soft_wrap=True)
        return
    if not options.names:
        console.print(escape(_parser().format_help()), soft_wrap=True)
        return
    for each in chosen:
        console.print(escape(each.guide), soft_wrap=True)
        console.print(f"It takes about {each.minutes:g} min, and a quarter of that with --quick.")


def _report(given: Sequence[str]) -> int:
    parser = Parser(
        prog="nox -s benchmarks -- report",
        description="Print stored runs as Markdown, or put them into a page.",
    )
    parser.add_argument(
        "folder", type=Path, nargs="+", metavar="RUN", help="folder of a stored run"
    )
    parser.add_argument(
        "--into", type=Path, metavar="PAGE", help="replace the figures of this page with them"
    )
    options = parser.parse_args(given)
    text = "\n\n".join(markdown(read_run(folder), folder) for folder in options.folder)
    if options.into is None:
        sys.stdout.write(text + os.linesep)
    else:
        write_into(options.into, text)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="nox -s benchmarks --",
        description="Measure how fast the reference engine is, beside others and beside its floor.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        add_help=False,
    )
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help="benchmarks to run (default: all; --list shows them)",
    )
    parser.add_argument(
        "-h", "--help", action="store_true", help="with a NAME: how it measures; else this text"
    )
    parser.add_argument("--list", action="store_true", help="list the benchmarks, and exit")
    parser.add_argument(
        "--quick", action="store_true", help="small sizes and two blocks: it bears no verdicts"
    )
    parser.add_argument("--check", action="store_true", help="exit with 1 if a target was missed")
    parser.add_argument(
        "--database",
        action="append",
        choices=NAMES,
        metavar="NAME",
        help=f"measure on this one; may be given again: {', '.join(NAMES)}",
    )
    add_places(parser)
    add_out(parser)
    add_seed(parser, meaning="take the blocks in the order of this seed again")
    return parser
