"""What one process saw of a step's window, and how the processes' accounts become one.

Only what is intended in the window counts, whenever it was sent. Counts add up exactly: what was
sent was acknowledged, raised, or was never answered, which is an error of its own.
"""

from __future__ import annotations

import collections
import dataclasses
from typing import TYPE_CHECKING, Any, Final

from loadtests.generator.histograms import encode, merge, new_histogram, record_ns

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hdrh.histogram import HdrHistogram

    from loadtests.generator.timetable import Timetable

SERVICE: Final = "service"
SEND_LAG: Final = "send_lag"
INTENDED: Final = "intended"
LOOP_LAG: Final = "loop_lag"
UNANSWERED: Final = "Unanswered"
"""The class of error of an enqueue that had neither returned nor raised when it was given up."""


class Recording:
    """One process's account."""

    def __init__(self, timetable: Timetable, names: Iterable[str]) -> None:
        self._timetable = timetable
        self._sent = 0
        self._acknowledged = 0
        self._errors: collections.Counter[str] = collections.Counter()
        self._histograms: dict[str, HdrHistogram] = {name: new_histogram() for name in names}

    def sent(self, intended_ns: int, sent_ns: int) -> None:
        """Note an enqueue that is begun."""
        if self._timetable.has_in_window(intended_ns):
            self._sent += 1
            record_ns(self._histograms[SEND_LAG], sent_ns - intended_ns)

    def acknowledged(self, intended_ns: int, sent_ns: int, replied_ns: int) -> None:
        """Note an enqueue that returned."""
        if self._timetable.has_in_window(intended_ns):
            self._acknowledged += 1
            record_ns(self._histograms[SERVICE], replied_ns - sent_ns)
            record_ns(self._histograms[INTENDED], replied_ns - intended_ns)

    def refused(self, intended_ns: int, error: Exception) -> None:
        """Note an enqueue that raised; how fast it failed is no latency of the queue."""
        if self._timetable.has_in_window(intended_ns):
            self._errors[type(error).__name__] += 1

    def took(self, name: str, intended_ns: int, replied_ns: int) -> None:
        """Note how long something else took, from its intended time on."""
        if self._timetable.has_in_window(intended_ns):
            record_ns(self._histograms[name], replied_ns - intended_ns)

    def account(self) -> Account:
        """Return what was recorded so far."""
        return Account(
            sent=self._sent,
            acknowledged=self._acknowledged,
            errors=dict(self._errors),
            histograms={name: encode(histogram) for name, histogram in self._histograms.items()},
        )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What was recorded, in a form that travels."""

    sent: int
    acknowledged: int
    errors: Mapping[str, int]
    histograms: Mapping[str, str]

    def to_document(self) -> dict[str, Any]:
        """Return it as a message has it."""
        return dataclasses.asdict(self)


def together(accounts: Iterable[Account]) -> Account:
    """Return the account of all processes; what was never answered becomes an error."""
    parts = list(accounts)
    errors = sum((collections.Counter(part.errors) for part in parts), collections.Counter[str]())
    sent = sum(part.sent for part in parts)
    acknowledged = sum(part.acknowledged for part in parts)
    unanswered = sent - acknowledged - errors.total()
    if unanswered:
        errors[UNANSWERED] += unanswered
    names = dict.fromkeys(name for part in parts for name in part.histograms)
    return Account(
        sent=sent,
        acknowledged=acknowledged,
        errors=dict(errors),
        histograms={
            name: encode(merge(part.histograms[name] for part in parts if name in part.histograms))
            for name in names
        },
    )
