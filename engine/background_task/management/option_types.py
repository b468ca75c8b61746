"""What people type behind an option of a command, each parsed for argparse."""

from __future__ import annotations

import argparse
import datetime
import math
import re
from typing import Final

from background_task.task_options import is_name

MOST_WORKERS: Final = 1024

_UNITS: Final = {"d": 86_400, "h": 3_600, "m": 60, "s": 1, "": 1}
_LONGEST_SECONDS: Final = 1_000 * 365 * 86_400


def whole_number(text: str) -> int:
    """Parse a whole number above zero."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if not 0 < number < 2**31:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above zero")
    return number


def worker_count(text: str) -> int:
    """Parse a number of processes that a machine can bear."""
    number = whole_number(text)
    if number > MOST_WORKERS:
        raise argparse.ArgumentTypeError(f"{text!r} is more than {MOST_WORKERS} processes")
    return number


def queue_name(text: str) -> str:
    """Parse the name of a queue, which an unset variable of a unit file is not."""
    if not is_name(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no name of a queue")
    return text


def task_name(text: str) -> str:
    """Parse the name of a task."""
    if not is_name(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no name of a task")
    return text


def positive_seconds(text: str) -> float:
    """Parse seconds above zero."""
    number = seconds(text)
    if number is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above zero")
    return number


def seconds(text: str) -> float | None:
    """Parse seconds, where 0 means without an end."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not (math.isfinite(number) and number >= 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
    return number or None


def age(text: str) -> datetime.timedelta:
    """Parse how long ago something was: ``14d``, ``12h``, ``30m``, ``90s`` or plain seconds."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([dhms]?)", text, re.ASCII)
    number = float(match[1]) * _UNITS[match[2]] if match else -1.0
    if not 0.0 <= number <= _LONGEST_SECONDS:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a duration such as 14d, 12h, 30m or a number of seconds"
        )
    return datetime.timedelta(seconds=number)
