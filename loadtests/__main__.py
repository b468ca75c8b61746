"""``python -m loadtests``: what ``nox -s loadtests`` runs."""

import sys

from engine.command_line import run_or_harness_error
from loadtests.cli import main

sys.exit(run_or_harness_error("loadtests", main))
