"""How long is waited for what a database does at once, before it is said that it never will."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE_SECONDS: Final = 30.0
LOOK_SECONDS: Final = 0.001


class Stuck(AssertionError):  # noqa: N818 - named after the anomaly
    """No session can go on, and the database does not say that it is a deadlock."""


def patiently(complaint: str) -> Iterator[None]:
    """Go round as often as there is time.

    Raises:
        Stuck: there is no more; the complaint says what was waited for.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        yield
    raise Stuck(f"stuck: {complaint}")
