"""Durations as people type them: ``14d``, ``12h``, ``30m``, ``90s`` or plain seconds."""

from __future__ import annotations

import argparse
import datetime
import re
from typing import Final

_UNITS: Final = {"d": 86_400, "h": 3_600, "m": 60, "s": 1, "": 1}
_LONGEST_SECONDS: Final = 1_000 * 365 * 86_400


def duration(text: str) -> datetime.timedelta:
    """Parse a duration, for argparse."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([dhms]?)", text, re.ASCII)
    seconds = float(match[1]) * _UNITS[match[2]] if match else -1.0
    if not 0.0 <= seconds <= _LONGEST_SECONDS:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a duration such as 14d, 12h, 30m or a number of seconds"
        )
    return datetime.timedelta(seconds=seconds)
