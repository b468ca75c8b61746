"""``python -m chaos``: what ``nox -s chaos`` runs."""

import sys

from chaos.cli import main

sys.exit(main())
