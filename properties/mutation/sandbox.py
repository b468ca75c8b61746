"""A copy of what mutmut needs, in a folder of its own: the mutants never touch the checkout.

Only pure tests are copied, and no conftest, so no mutant starts a database or a process.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Final

from engine.provenance import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

MUTATED: Final = (
    "chaos/checkers/*.py",
    *(f"chaos/{name}.py" for name in ("attempts", "deaths", "history", "hold_ups", "reader")),
    *(f"chaos/{name}.py" for name in ("rows", "windows")),
)
"""The checkers, and the reading of a history that they all lean on."""

SHARED_TESTS: Final = (
    *("analysis", "attempts", "counts"),
    *("deaths", "history", "hold_ups", "reader", "windows"),
)
"""Tests of more than one checker, beside those that are named after one."""

CANARIES: Final = "properties/test_canary_findings.py"
NEVER: Final = shutil.ignore_patterns("__pycache__", "conftest.py", "test_*.py", "runs")
NICENESS: Final = 15


def make_sandbox(folder: Path) -> None:
    """Fill an empty folder with the code, its pure tests, and the settings of mutmut."""
    for name in ("chaos", "engine", "reports", "properties"):
        shutil.copytree(REPOSITORY / name, folder / name, ignore=NEVER)
    for test in _tests():
        shutil.copy(REPOSITORY / test, folder / test)
    (folder / "pyproject.toml").write_text(_settings())


def run_mutmut(folder: Path, mutants: Sequence[str], *, processes: int) -> int:
    """Run it until all mutants are judged, or those that are named; return its exit code."""
    # The checkout must not be found before the copy.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-m", "mutmut", "run", "--max-children", str(processes), *mutants]
    log = folder / "mutmut.log"
    with log.open("w") as output:
        done = subprocess.run(
            ["nice", "-n", str(NICENESS), *command],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    return done.returncode


def _tests() -> Iterator[str]:
    modules = {path.stem for path in (REPOSITORY / "chaos" / "checkers").glob("*.py")}
    for name in sorted({*modules, *SHARED_TESTS}):
        path = f"chaos/tests/test_{name}.py"
        if (REPOSITORY / path).exists():
            yield path
    yield CANARIES


def _settings() -> str:
    """Return a pyproject.toml; lists of texts are written alike in JSON and in TOML."""
    plugins = ("django", "randomly", "xdist", "cacheprovider")
    without = [part for name in plugins for part in ("-p", f"no:{name}")]
    return "\n".join(
        [
            "[tool.mutmut]",
            'source_paths = ["chaos"]',
            f"only_mutate = {json.dumps(MUTATED)}",
            f"pytest_add_cli_args_test_selection = {json.dumps(list(_tests()))}",
            f"pytest_add_cli_args = {json.dumps(without)}",
            'also_copy = ["engine", "reports", "properties"]',
            "[tool.pytest.ini_options]",
            'addopts = ["-p", "no:legacypath", "--import-mode=importlib"]',
            'pythonpath = [".", "engine"]',
            "",
        ]
    )
