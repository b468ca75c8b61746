"""Which options each fault takes, and which values: what a plan is read against.

The faults say in their own words what the options mean; here stands what they can work with.
"""

from __future__ import annotations

import datetime
import difflib
import math
from typing import TYPE_CHECKING, Any, Final

from engine.project.errors import NAMES as ERRORS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

HOUR: Final = 3600.0
YEAR: Final = 366 * 24 * HOUR
MOST_WORKERS: Final = 64
MOST_BYTES: Final = 1_000_000_000

Accepts = tuple[str, "Callable[[Any], bool]"]
"""What a value has to be, in words, and whether one is."""


def is_number(value: Any, least: float, most: float) -> bool:
    """Tell whether a value is a finite number within bounds; True and False are none."""
    is_one = isinstance(value, int | float) and not isinstance(value, bool)
    return is_one and math.isfinite(value) and least <= value <= most


def is_whole(value: Any, least: int, most: int) -> bool:
    """Tell whether a value is a whole number within bounds."""
    return isinstance(value, int) and is_number(value, least, most)


def _one_of(*words: str) -> Accepts:
    return f"one of {', '.join(words)}", lambda value: isinstance(value, str) and value in words


def _whole(most: int) -> Accepts:
    return f"a whole number from 1 to {most}", lambda value: is_whole(value, 1, most)


def _is_moment(value: Any) -> bool:
    try:
        return datetime.datetime.fromisoformat(value).tzinfo is not None
    except (TypeError, ValueError):
        return False


SECONDS: Final[Accepts] = (
    "a number of seconds from 0 to 3600",
    lambda value: is_number(value, 0, HOUR),
)
_FLAG: Final[Accepts] = ("true or false", lambda value: isinstance(value, bool))
_TEXT: Final[Accepts] = ("a text", lambda value: isinstance(value, str) and value != "")
_SHARE: Final[Accepts] = ("a number from 0 to 1", lambda value: is_number(value, 0, 1))
_RATE: Final[Accepts] = (
    f"a number above 0, up to {MOST_BYTES}",
    lambda value: is_number(value, 0, MOST_BYTES) and value > 0,
)
_SHIFT: Final[Accepts] = (
    "a number of seconds, up to a year either way",
    lambda value: is_number(value, -YEAR, YEAR),
)
_MOMENT: Final[Accepts] = ("a moment with its time zone, in ISO 8601", _is_moment)
_ROLE: Final = _one_of("worker", "producer")
_AT: Final = _one_of("before", "after", "before-commit", "after-commit")
_PART: Final = _one_of("task", "supervisor", "worker")

_STOP: Final = {
    "target": _one_of("worker", "everything"),
    "again_after?": SECONDS,
    "kill_after?": SECONDS,
}
_LIMIT: Final = {"target": _PART}
_NETWORK: Final = {"role": _ROLE}

OPTIONS: Final[Mapping[str, Mapping[str, Accepts]]] = {
    "sigkill": {"target": _one_of("task", "itself", "worker", "some", "everything")},
    "sigstop": {"target": _one_of("task", "supervisor", "worker", "everything")},
    "sigterm": _STOP,
    "sigint": _STOP,
    "crash": {"statement": _TEXT, "at": _AT},
    "deaf_heartbeat": {"seconds": SECONDS},
    "memory_limit": _LIMIT,
    "descriptors": _LIMIT,
    "poison": {"harm": _one_of("death", "grip", "orphan"), "seconds?": SECONDS},
    "session-ended": {"statement": _TEXT, "stall?": SECONDS, "idle?": _FLAG},
    "statement-error": {
        "statement": _TEXT,
        "at": _AT,
        "error": _one_of(*ERRORS),
        "role?": _ROLE,
    },
    "row-locks": {"rows?": _whole(100_000)},
    "latency": {**_NETWORK, "seconds": SECONDS, "jitter?": SECONDS},
    "bandwidth": {**_NETWORK, "bytes_per_second": _RATE},
    "refuse": _NETWORK,
    "reset": _NETWORK,
    "blackhole": _NETWORK,
    "cut": {**_NETWORK, "bytes": _whole(MOST_BYTES)},
    "lost-answer": {**_NETWORK, "statement": _TEXT, "times?": _whole(100_000)},
    "lost-notifications": _NETWORK,
    "clock": {
        "role": _ROLE,
        "offset?": _SHIFT,
        "strobe?": _FLAG,
        "zone?": _TEXT,
        "before?": _MOMENT,
    },
    "herd": {"workers": _whole(MOST_WORKERS)},
    "deploy": {"release": _TEXT, "share": _SHARE, "rolls_back?": _FLAG},
}
"""By fault; a question mark is for what may be left out. Who is not here takes none."""


def flaws_of_options(fault: str, given: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the options of a strike."""
    asked = OPTIONS.get(fault, {})
    known = {name.rstrip("?"): accepts for name, accepts in asked.items()}
    for name, value in given.items():
        if name not in known:
            yield f"{fault} has no option {name!r}: {_nearest(str(name), list(known))}"
            return
        words, accepts = known[name]
        if not accepts(value):
            yield f"the option {name} of {fault} is {value!r}, and has to be {words}"
    for name, (words, _) in asked.items():
        if not name.endswith("?") and name not in given:
            yield f"{fault} lacks its option {name!r}: {words}"
    if fault == "clock" and not {"offset", "before"} & set(given):
        yield "clock lacks its option 'offset': a number of seconds"


def _nearest(word: str, known: list[str]) -> str:
    if not known:
        return "it takes none"
    close = difflib.get_close_matches(word, known, n=1)
    return f"the nearest is {close[0]}" if close else f"it takes {', '.join(known)}"
