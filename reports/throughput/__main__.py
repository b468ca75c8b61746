"""The command that makes the throughput report: ``python -m reports.throughput``.

It prints the path of every file that it wrote, or one sentence about the input that is bad.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from reports.throughput.forecast import read_forecast
from reports.throughput.stored import BadLoadError
from reports.throughput.writing import write_load_page, write_throughput

if TYPE_CHECKING:
    from collections.abc import Sequence

USAGE_EXIT_CODE = 254

_DESCRIPTION = """\
Make the throughput report of stored load runs: stay with the database queue, tune it, or move.

A load run is a folder with manifest.json, steps.ndjson and findings.json, as `nox -s loadtests`
leaves it under reports/runs/. Runs of several databases, queues and machines go into one report;
two runs that say they are of one profile and are not are refused.
"""

_EPILOG = """\
examples:
  python -m reports.throughput reports/runs/RUN --output reports/site/throughput
  python -m reports.throughput reports/runs/*/ --forecast forecast.toml --output report
  python -m reports.throughput --alone reports/runs/RUN     write load.html into the folder RUN

forecast.toml is a copy of reports/forecast.example.toml with your own figures.

exit codes: 0 all files were written, 254 something in the input is bad (see the sentence)
"""


class _Parser(argparse.ArgumentParser):
    """A parser whose usage errors end with our exit code."""

    def error(self, message: str) -> NoReturn:
        self.exit(USAGE_EXIT_CODE, f"{self.prog}: {message} (see --help)\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Write what the arguments name and return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        for path in _write(options):
            print(path)  # noqa: T201 - the paths are the command's output
    except BadLoadError as error:
        print(error, file=sys.stderr)  # noqa: T201 - a command speaks through its streams
        return USAGE_EXIT_CODE
    return 0


def _write(options: argparse.Namespace) -> list[Path]:
    if options.alone:
        return [write_load_page(folder) for folder in options.runs]
    forecast = read_forecast(options.forecast) if options.forecast else None
    return write_throughput(options.runs, options.output, forecast)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m reports.throughput",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "runs", nargs="+", type=Path, metavar="RUN_FOLDER", help="the folder of a stored load run"
    )
    parser.add_argument(
        "--forecast", type=Path, metavar="FILE", help="what you expect of the queue, as TOML"
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("throughput-report"),
        metavar="FOLDER",
        help="for index.html, report.md and report.json (default: throughput-report)",
    )
    parser.add_argument(
        "--alone", action="store_true", help="write load.html into each RUN_FOLDER instead"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
