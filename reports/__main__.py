"""The command that makes pages: ``python -m reports``.

It prints the path of every page that it wrote, and one sentence for every input that is bad.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from reports.page.session import read_session
from reports.page.stored_run import BadRunError
from reports.page.writing import write_report, write_session

if TYPE_CHECKING:
    from collections.abc import Sequence

USAGE_EXIT_CODE = 254

_DESCRIPTION = """\
Make HTML pages of stored chaos runs.

A run is a folder with manifest.json, results.json and history/, as `nox -s chaos` leaves it
under reports/runs/. Each page is one file: it opens in any browser, without network.
"""

_EPILOG = """\
examples:
  python -m reports reports/runs/SESSION/RUN      write report.html into the folder RUN
  python -m reports reports/runs/SESSION/*/       write the page of every run of a session
  python -m reports --index reports/runs/SESSION  write SESSION/index.html over all runs below

exit codes: 0 all pages were written, 254 something in the input is bad (see the sentence)
"""


class _Parser(argparse.ArgumentParser):
    """A parser whose usage errors end with our exit code."""

    def error(self, message: str) -> NoReturn:
        self.exit(USAGE_EXIT_CODE, f"{self.prog}: {message} (see --help)\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the pages that the arguments name and return the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if not options.runs and options.index is None:
        parser.error("name at least one RUN_FOLDER, or --index FOLDER")
    complaints = [sentence for folder in options.runs for sentence in _report(folder)]
    if options.index is not None:
        complaints += _index(options.index)
    for sentence in complaints:
        print(sentence, file=sys.stderr)  # noqa: T201 - a command speaks through its streams
    return USAGE_EXIT_CODE if complaints else 0


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m reports",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "runs",
        nargs="*",
        type=Path,
        metavar="RUN_FOLDER",
        help="the folder of a stored run; its report.html is written, or replaced",
    )
    parser.add_argument(
        "--index",
        type=Path,
        metavar="FOLDER",
        help="write FOLDER/index.html: scenario by database, with a link to each report.html",
    )
    return parser


def _report(folder: Path) -> list[str]:
    try:
        print(write_report(folder))  # noqa: T201 - the paths are the command's output
    except BadRunError as error:
        return [str(error)]
    return []


def _index(folder: Path) -> list[str]:
    try:
        session = read_session(folder)
        print(write_session(session))  # noqa: T201 - the paths are the command's output
    except BadRunError as error:
        return [str(error)]
    return [run.reason for run in session.unreadable]


if __name__ == "__main__":
    sys.exit(main())
