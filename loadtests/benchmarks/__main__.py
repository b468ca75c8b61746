"""``python -m loadtests.benchmarks``: what ``nox -s benchmarks`` runs."""

import sys

from engine.command_line import run_or_harness_error


def main() -> int:
    """Read the modules, which takes seconds, and run."""
    from loadtests.benchmarks.cli import main as run

    return run()


sys.exit(run_or_harness_error("benchmarks", main))
