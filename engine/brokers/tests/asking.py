"""Brokers for tests: those that this machine has, and those that ``KILLPROOF_BROKERS`` names.

One that was named, as in "redis,rabbitmq", and cannot be had fails its tests; else they are
skipped, and say what to install.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from engine.brokers import Broker, Unavailable, open_broker

if TYPE_CHECKING:
    from pathlib import Path


def broker_or_skip(name: str, folder: Path, *, persistence: str | None = None) -> Broker:
    """Open a broker; skip the test if it cannot be had and nobody insists on it."""
    try:
        return open_broker(name, folder, persistence=persistence)
    except Unavailable as error:
        if name in os.environ.get("KILLPROOF_BROKERS", "").split(","):
            raise
        pytest.skip(str(error))
