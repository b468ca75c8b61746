"""What the harnesses' commands have in common: how they refuse, stop and fail.

A user's mistake is one sentence and exit code 254; a failure of the harness is 255; Ctrl-C and
SIGTERM clean up and are 130.
"""

from __future__ import annotations

import argparse
import signal
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from engine.databases import PROVIDERS, parse_url
from engine.project.lifeline import die_with_parent
from engine.provenance import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Callable

USAGE_ERROR: Final = 254
HARNESS_ERROR: Final = 255
INTERRUPTED: Final = 130


class UsageError(Exception):
    """What was asked for cannot be done: one sentence that says why."""


class Parser(argparse.ArgumentParser):
    """A parser whose complaint is one sentence; ``prog`` is "nox -s NAME --"."""

    def error(self, message: str) -> NoReturn:
        """End with one sentence and the exit code for wrong usage."""
        sys.stderr.write(f"{self.prog.split()[-2]}: {message}; see `{self.prog} --help`\n")
        sys.exit(USAGE_ERROR)


def add_places(parser: argparse.ArgumentParser) -> None:
    """Declare where databases come from."""
    parser.add_argument(
        "--provider",
        choices=[name for name in PROVIDERS if name != "dsn"],
        help="where databases come from (default: embedded if to be had, else container)",
    )
    parser.add_argument(
        "--database-url",
        type=_database_url,
        metavar="URL",
        help="run on this database of yours; it is emptied, so its name must say killproof or test",
    )


def add_out(parser: argparse.ArgumentParser) -> None:
    """Declare where runs go."""
    parser.add_argument(
        "--out",
        type=Path,
        default=REPOSITORY / "reports" / "runs",
        metavar="DIR",
        help="store the runs below this folder (default: reports/runs)",
    )


def make_folder(folder: Path, *, may_exist: bool = False) -> None:
    """Make a folder, and those above it.

    Raises:
        UsageError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=may_exist)
    except OSError as error:
        raise UsageError(f"--out: {error.filename} cannot be made: {error.strerror}") from error


def add_seed(parser: argparse.ArgumentParser, *, meaning: str) -> None:
    """Declare ``--seed``."""
    parser.add_argument("--seed", type=_seed, metavar="N", help=meaning)


def stop_cleanly() -> None:
    """Give who stops us with SIGTERM, or dies, the same clean-up as Ctrl-C."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    die_with_parent(signal.SIGTERM)


def run_or_harness_error(name: str, main: Callable[[], int]) -> int:
    """Run a command; an error that nobody expected is the harness's own, and never a verdict.

    Ctrl-C before the command has begun, such as while its modules are read, is no error.
    """
    try:
        return main()
    except KeyboardInterrupt:
        sys.stderr.write(f"{name}: interrupted before anything was started\n")
        return INTERRUPTED
    except Exception:  # noqa: BLE001
        traceback.print_exc()
        sys.stderr.write(f"{name}: the harness failed; this is a mistake of its own\n")
        return HARNESS_ERROR


def _seed(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)


def _database_url(text: str) -> str:
    try:
        parse_url(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return text
