"""The command behind ``nox -s reports``: one site of all stored runs.

It prints the path of every page, and one sentence for every run that cannot be reported.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from reports.site.building import Site
from reports.site.stored_runs import find_runs
from reports.throughput.forecast import read_forecast
from reports.throughput.stored import BadLoadError

if TYPE_CHECKING:
    from collections.abc import Sequence

USAGE_ERROR: Final = 254
RUNS: Final = Path(__file__).resolve().parents[1] / "runs"

EPILOG: Final = """\
examples:
  nox -s reports                                     all runs below reports/runs
  nox -s reports -- --forecast forecast.toml         with an answer for your own load
  nox -s reports -- reports/published/2026-11-22     the report that comes with this repository

forecast.toml is a copy of reports/forecast.example.toml with your own figures.

exit codes: 0 all pages were written, 254 there is nothing to report, or some of it is bad
"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """End with one sentence and the exit code for wrong usage."""
        self.exit(USAGE_ERROR, f"reports: {message}; see `nox -s reports -- --help`\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the site and return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        forecast = read_forecast(options.forecast) if options.forecast else None
    except BadLoadError as error:
        return _complain([str(error)])
    runs = list(find_runs(options.runs))
    if not runs:
        return _complain(
            [f"{options.runs} holds no stored run: type nox -s chaos or nox -s loadtests first"]
        )
    site = Site(options.runs)
    try:
        for path in site.write(runs, forecast):
            print(path)  # noqa: T201 - the paths are the command's output
    except OSError as error:
        return _complain(
            [*site.complaints, f"{error.filename} cannot be written: {error.strerror}"]
        )
    return _complain(site.complaints)


def _complain(sentences: Sequence[str]) -> int:
    for sentence in sentences:
        print(f"reports: {sentence}", file=sys.stderr)  # noqa: T201 - it speaks through its streams
    return USAGE_ERROR if sentences else 0


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="nox -s reports --",
        description="Make one site of all stored runs: the throughput report, a page for each "
        "load run, and the index of each chaos session.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "runs",
        nargs="?",
        type=Path,
        default=RUNS,
        metavar="FOLDER",
        help="read all runs below this folder (default: reports/runs)",
    )
    parser.add_argument(
        "--forecast", type=Path, metavar="FILE", help="what you expect of the queue, as TOML"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
