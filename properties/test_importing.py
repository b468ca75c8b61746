"""Who imports ``properties`` pays for nothing that no test has asked for."""

from __future__ import annotations

import subprocess
import sys


def test_importing_properties_costs_nothing() -> None:
    """Neither Django nor Hypothesis is imported before a test asks for it."""
    code = (
        "import sys, properties, properties.idempotency.plugin; "
        "sys.exit(any(name in sys.modules for name in ('django', 'hypothesis', 'background_task')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
