"""Waiting for a condition: as long as it takes on a slow machine, and not longer than it must."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE_SECONDS = 45.0


def wait_until(
    condition: Callable[[], object],
    *,
    explain: Callable[[], str] = str,
    seconds: float = PATIENCE_SECONDS,
) -> None:
    """Return when ``condition`` is true; fail with what ``explain`` says if that never comes."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds:g} s in vain; {explain()}"
        time.sleep(0.01)
