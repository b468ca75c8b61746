"""How figures and texts of a run are worded, one way everywhere."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

_LONGEST_TEXT = 240
_LONGEST_NAME = 80
_MINUTE = 60


def plural(count: int, noun: str, plural_noun: str = "") -> str:
    """Say "1 task", "2 tasks"."""
    return f"{count} {noun if count == 1 else plural_noun or noun + 's'}"


def duration(seconds: float) -> str:
    """Say a length of time with as many digits as mean something."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < _MINUTE:
        return f"{seconds:.2f} s"
    minutes, rest = divmod(round(seconds), _MINUTE)
    return f"{minutes} min {rest} s"


def moment(text: str) -> str:
    """Say when something was, to the second, if the text is a time at all."""
    try:
        when = dt.datetime.fromisoformat(text)
    except ValueError:
        return clip(text)
    zone = "UTC" if when.utcoffset() == dt.timedelta() else when.strftime("%z")
    return f"{when:%Y-%m-%d %H:%M:%S} {zone}".strip()


def milliseconds(value: float | None) -> str:
    """Say a measured time, or that there is none."""
    return "none" if value is None else duration(value / 1000)


def clip(text: str) -> str:
    """Cut a very long text and say how long it was."""
    return _cut(text, _LONGEST_TEXT)


def name(text: str) -> str:
    """Cut a very long name: names are repeated often."""
    return _cut(text, _LONGEST_NAME)


def _cut(text: str, longest: int) -> str:
    if len(text) <= longest:
        return text
    return f"{text[:longest]}… ({len(text)} characters)"


def plain(value: Any) -> str:
    """Say any JSON value on one line."""
    if isinstance(value, Mapping):
        return clip(", ".join(f"{key} = {plain(entry)}" for key, entry in value.items()) or "none")
    return clip(value if isinstance(value, str) else json.dumps(value, default=str))


def pairs(mapping: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Say the entries of a mapping, for a list of facts."""
    return [(str(key).replace("_", " "), plain(value)) for key, value in mapping.items()]
