"""``python -m chaos``: what ``nox -s chaos`` runs."""

import sys

from chaos.commands.dispatch import main
from engine.command_line import run_or_harness_error

sys.exit(run_or_harness_error("chaos", main))
