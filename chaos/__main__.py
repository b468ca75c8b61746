"""``python -m chaos``: what ``nox -s chaos`` runs."""

import sys

from chaos.cli import main_or_harness_error

sys.exit(main_or_harness_error())
