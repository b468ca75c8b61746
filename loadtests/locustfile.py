"""What Locust runs: ``locust -f loadtests/locustfile.py``, with its web page or with --headless.

The harness names an order in ``KILLPROOF_ORDER``; a person gives options, which --help explains.
"""

from __future__ import annotations

import sys
from pathlib import Path

from locust import events

_ROOT = Path(__file__).resolve().parent.parent
# At the end: the environment of a contender may hold another package of the name background_task.
sys.path += [str(_ROOT), str(_ROOT / "engine")]

from loadtests.generator.sender import Sender  # noqa: E402 - found by the path set above
from loadtests.generator.wiring import wire  # noqa: E402

__all__ = ["Sender"]

wire(events)
