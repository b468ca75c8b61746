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

from engine.databases import PROVIDERS, Unavailable, parse_url
from engine.databases.dsn import check_droppable
from engine.project.lifeline import die_with_parent
from engine.provenance import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Callable

USAGE_ERROR: Final = 254
HARNESS_ERROR: Final = 255
INTERRUPTED: Final = 130


class UsageError(Exception):
    """What was asked for cannot be done: one sentence that says why."""


class Answered(SystemExit):
    """The end of a process whose parser has said all there is to say."""


class Parser(argparse.ArgumentParser):
    """A parser whose complaint is one sentence; ``prog`` is "nox -s NAME --"."""

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        """End as one who was asked for help, which no other end of the process is taken for."""
        sys.stderr.write(message or "")
        raise Answered(status)

    def error(self, message: str) -> NoReturn:
        """End with one sentence and the exit code for wrong usage."""
        sys.stderr.write(f"{self.prog.split()[-2]}: {message}; see `{self.prog} --help`\n")
        raise Answered(USAGE_ERROR)


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
        type=a_path,
        default=REPOSITORY / "reports" / "runs",
        metavar="DIR",
        help="store the runs below this folder (default: reports/runs)",
    )


def a_path(text: str) -> Path:
    """Read a path; an empty one would be the current folder, which nobody means by it."""
    if not text:
        raise argparse.ArgumentTypeError("an empty text names no folder")
    return Path(text)


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
    """Give who stops us with SIGTERM, or dies, the same clean-up as Ctrl-C.

    Ctrl-C too: a shell lets whom a script starts with ``&`` ignore it.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
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
    except Answered:
        raise
    except SystemExit as end:
        # Code of a user's ran in this process. Its exit code is not ours: 0 would be a verdict.
        sys.stderr.write(f"{name}: code that was imported ended the process: SystemExit: {end}\n")
        return USAGE_ERROR
    except Exception:  # noqa: BLE001
        traceback.print_exc()
        sys.stderr.write(f"{name}: the harness failed; this is a mistake of its own\n")
        return HARNESS_ERROR


def _seed(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number, 0 or above")
    return int(text)


def _database_url(text: str) -> str:
    try:
        check_droppable(parse_url(text))
    except (ValueError, Unavailable) as error:
        raise argparse.ArgumentTypeError(str(error).rstrip(".")) from error
    return text
