"""``python -m properties.crash_points``: print what becomes of each operation at each crash point.

The operations are played by the tests, which set up the database. What these print goes to stderr,
and the tables go to stdout, as Markdown.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from pathlib import Path
from typing import Final

import pytest

_TESTS: Final = Path(__file__).parents[1] / "test_crash_points.py"
_DATABASES: Final = ("sqlite", "postgresql", "mysql", "mariadb")


class Tables:
    """Keeps the tables that tests report; a plugin of pytest."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the table of a test that is over."""
        if report.when == "call":
            self.found += [str(text) for name, text in report.user_properties if "crash" in name]


def main() -> int:
    """Play the operations and print their tables; the exit code is that of the tests."""
    parser = argparse.ArgumentParser(prog="python -m properties.crash_points", description=__doc__)
    parser.add_argument("--database", choices=_DATABASES, default="sqlite")
    parser.add_argument("operation", nargs="?", default="", help="words of its name")
    given = parser.parse_args()
    os.environ["KILLPROOF_TEST_DATABASE"] = given.database
    tables = Tables()
    chosen = f"test_no_crash and {' and '.join(given.operation.split()) or 'promise'}"
    with contextlib.redirect_stdout(sys.stderr):
        code = pytest.main(["-q", "-p", "no:randomly", "-k", chosen, str(_TESTS)], [tables])
    sys.stdout.write("\n\n".join(tables.found) + "\n")
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
