"""Where a stored run comes from: the commit of this checkout."""

from __future__ import annotations

import contextlib
import subprocess
from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).resolve().parents[1]


def commit() -> str:
    """Return the commit of the checkout, with a mark if it was changed, or "unknown"."""
    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        command = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
        return subprocess.check_output(
            command, cwd=REPOSITORY, text=True, stderr=subprocess.DEVNULL
        ).strip()
    return "unknown"
