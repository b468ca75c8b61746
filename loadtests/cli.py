"""The command line of ``nox -s loadtests``."""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import secrets
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.markup import escape

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
from engine.contenders import CONTENDERS, contender_named
from engine.databases import NAMES, parse_url
from engine.subjects import SubjectUnavailableError
from loadtests.announcing import announcing
from loadtests.book import Book, BookError
from loadtests.profile import CompareProfile, ProfileError, load_profile, profile_names
from loadtests.session import Job, Place, run_session
from loadtests.summary import exit_code, print_summary
from reports.load_schema import MANIFEST, read_load_manifest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from loadtests.profile import Profile
    from loadtests.session import Ended
    from reports.load_schema import LoadManifest

KNEE: Final = "knee-1000"
SUBCOMMANDS: Final = ("stand",)

EPILOG: Final = """\
examples:
  nox -s loadtests                              the knee on every database to be had, 10 min each
  nox -s loadtests -- smoke                     a coarse knee on SQLite, in a minute
  nox -s loadtests -- knee-1000 --database postgresql
  nox -s loadtests -- compare                   beside Celery and others
  nox -s loadtests -- semantics                 what SIGKILL does to the tasks of each
  nox -s loadtests -- my-workload.toml          a profile of your own: see docs/workloads.md
  nox -s loadtests -- --resume reports/runs/20260101-120000-load-knee-1000-postgresql
  nox -s loadtests -- knee-1000 --database sqlite --at-least 300
  nox -s reports                                the page to decide by, from all stored runs

exit codes: 0 measured, 1 below --at-least, 2 not known or not complete, 254 wrong usage,
255 the harness failed, 130 interrupted (what was measured is kept)
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a session and return its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["stand"]:
        from loadtests.stand import main as stand

        return stand(given[1:])
    options = _parser().parse_args(given)
    console = Console(highlight=False)
    if options.list:
        _print_list(console)
        return 0
    stop_cleanly()
    jobs: list[Job] = []
    try:
        jobs += _jobs(options)
        return _run(jobs, options, console)
    except KeyboardInterrupt:
        console.print(escape(_farewell(jobs)), soft_wrap=True)
        return INTERRUPTED
    except (UsageError, ProfileError, BookError, SubjectUnavailableError) as error:
        sys.stderr.write(f"loadtests: {error}\n")
        return USAGE_ERROR


def _farewell(jobs: Sequence[Job]) -> str:
    """Say what Ctrl-C has left: of the runs that have begun, at most one is not complete."""
    begun = [job.folder for job in jobs if (job.folder / MANIFEST).exists()]
    for folder in begun:
        if read_load_manifest(folder).status == "interrupted":
            kept = f"what was measured is kept, go on with --resume {folder}"
            return f"interrupted: everything was stopped; {kept}"
    return "interrupted: everything was stopped; nothing of this run had been measured yet"


def _run(jobs: list[Job], options: argparse.Namespace, console: Console) -> int:
    place = Place(provider=options.provider, url=options.database_url)
    ended = []
    with announcing(console) as announcer:
        for end in run_session(jobs, place, announcer):
            ended.append(end)
            if end.reason:
                console.print(f"{_name(end)}: {escape(end.reason)}", soft_wrap=True)
    print_summary(ended, console)
    return _exit_code(ended, options)


def _exit_code(ended: Sequence[Ended], options: argparse.Namespace) -> int:
    if not any(end.book for end in ended):
        return USAGE_ERROR if all(end.is_missing for end in ended) else HARNESS_ERROR
    return exit_code(ended, at_least=options.at_least, named=bool(options.database))


def _name(end: Ended) -> str:
    return " on ".join(filter(None, (end.job.profile.name, end.job.database)))


def _jobs(options: argparse.Namespace) -> Iterator[Job]:
    if options.resume is not None:
        yield _resumed(options)
        return
    seed = secrets.randbelow(1_000_000) if options.seed is None else options.seed
    for profile, database in _chosen(options):
        now = f"{datetime.datetime.now(tz=datetime.UTC):%Y%m%d-%H%M%S}"
        name = "-".join((now, "load", profile.name.removesuffix(f"-{database}"), database or "all"))
        folder = (options.out / name).resolve()
        make_folder(folder.parent, may_exist=True)
        yield Job(
            profile=profile,
            database=database,
            seed=seed,
            command=_command(_profile_of(options), profile.databases, options, seed),
            folder=folder,
        )


def _resumed(options: argparse.Namespace) -> Job:
    given = (options.profile, options.database, options.contender, options.seed)
    if any(value is not None for value in given):
        raise UsageError(
            "--resume goes on with what the run began with: leave PROFILE, --database, "
            "--contender and --seed out"
        )
    folder = options.resume
    manifest = Book.resumed(folder.resolve()).manifest
    profile, database = next(iter(_chosen(_begun_with(manifest, folder))))
    if profile.digest != manifest.profile_digest:
        raise UsageError(
            f"the profile {profile.name} is not what it was when {folder} began: "
            "start a new run instead"
        )
    return Job(
        profile=profile,
        database=database,
        seed=manifest.seed,
        command=manifest.command,
        folder=folder.resolve(),
        is_resumed=True,
    )


def _begun_with(manifest: LoadManifest, folder: Path) -> argparse.Namespace:
    """Read the command that a run was begun with."""
    try:
        words = shlex.split(manifest.command)
        given = words[words.index("--") + 1 :]
    except ValueError as error:
        raise UsageError(
            f"{folder} names no command that it was begun with ({manifest.command!r}): "
            "start a new run instead"
        ) from error
    return _parser().parse_args(given)


def _profile_of(options: argparse.Namespace) -> str:
    return KNEE if options.profile is None else str(options.profile)


def _chosen(options: argparse.Namespace) -> Iterator[tuple[Profile, str]]:
    """Yield each profile with the database to run it on; "" for a comparison."""
    databases = list(dict.fromkeys(options.database or []))
    if options.database_url:
        name_of_url = parse_url(options.database_url).name
        if databases not in ([], [name_of_url]):
            raise UsageError(f"--database-url is of {name_of_url}: leave --database out")
        databases = [name_of_url]
    name = _profile_of(options)
    if name == KNEE:
        for database in databases or NAMES:
            yield _changed(load_profile(f"{KNEE}-{database}"), database, options), database
        return
    profile = load_profile(name, contenders=tuple(CONTENDERS))
    if isinstance(profile, CompareProfile):
        if options.database_url:
            raise UsageError(
                f"{profile.name} gives each queue a server of its own: leave --database-url out"
            )
        if options.contender:
            raise UsageError(
                f"{profile.name} names the queues that it compares: leave --contender out"
            )
        yield _compared(profile, databases), ""
        return
    for database in databases or profile.databases:
        yield _changed(profile, database, options), database


def _changed(profile: Profile, database: str, options: argparse.Namespace) -> Profile:
    """Return a profile for one database, with the contender that was asked for."""
    changes: dict[str, object] = {"databases": (database,)}
    if options.contender:
        contender = contender_named(options.contender)
        if contender.databases and database not in contender.databases:
            raise UsageError(f"{options.contender} cannot queue in {database}: leave that out")
        changes["contender"] = options.contender
    return dataclasses.replace(profile, **changes)  # type: ignore[arg-type]


def _compared(profile: CompareProfile, databases: Sequence[str]) -> CompareProfile:
    if not databases:
        return profile
    return dataclasses.replace(profile, databases=tuple(databases))


def _command(profile: str, databases: Sequence[str], options: argparse.Namespace, seed: int) -> str:
    words = ["nox", "-s", "loadtests", "--", profile]
    words += [word for database in databases for word in ("--database", database)]
    words += ["--contender", options.contender] if options.contender else []
    return shlex.join([*words, "--seed", str(seed)])


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="nox -s loadtests --",
        description="Offer real load to a task queue, find the rate at which it saturates, and "
        "say why.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "profile",
        nargs="?",
        metavar="PROFILE",
        help=f"a shipped profile, or a TOML file of yours (default: {KNEE}; --list shows all)",
    )
    parser.add_argument(
        "--database",
        action="append",
        choices=NAMES,
        metavar="NAME",
        help=f"run on this one, and fail without it; may be given again: {', '.join(NAMES)}",
    )
    parser.add_argument(
        "--contender",
        metavar="NAME",
        help="put this queue under load instead of the profile's; --list shows all, or "
        "package.module:attribute",
    )
    parser.add_argument(
        "--at-least",
        type=_rate,
        metavar="RATE",
        help="exit with 1 unless each knee's lower end reaches so many tasks per second",
    )
    parser.add_argument(
        "--resume", type=Path, metavar="FOLDER", help="take up a run that was interrupted"
    )
    add_places(parser)
    add_out(parser)
    add_seed(parser, meaning="offer the arrivals of this seed again")
    parser.add_argument("--list", action="store_true", help="list profiles and queues, and exit")
    return parser


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0 < rate < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of tasks per second above 0")
    return rate


def _print_list(console: Console) -> None:
    console.print("profiles:")
    for name in profile_names():
        profile = load_profile(name)
        minutes = profile.estimated_seconds() / 60
        console.print(f"  {name}: {escape(profile.summary)} (up to {minutes:.0f} min)")
    console.print(f"  {KNEE}: knee-1000-NAME of every database that is asked for or to be had")
    console.print("contenders:")
    for contender in CONTENDERS.values():
        console.print(f"  {contender.name}: {escape(contender.title)}")
