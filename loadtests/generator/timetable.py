"""When a step begins, when its window opens and closes, and what is intended in between.

Times are nanoseconds of CLOCK_MONOTONIC, one clock for all processes of a host. The intended times
depend on the order and the begin alone, so that anybody can count what was planned.
"""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING, Final, Self

from loadtests.arrivals import arrival_times, duration_seconds
from loadtests.generator.roles import share_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from loadtests.order import Order

SECOND_NS: Final = 1_000_000_000
LEAST_GRACE_SECONDS: Final = 5.0
PATIENCE_SECONDS: Final = 5.0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Timetable:
    """The times of one step.

    Attributes:
        begun_ns: when the schedule begins.
        opens_ns: when the window opens, after the warm-up.
        closes_ns: when it closes.
        last_send_ns: what was not sent by then is left: an overloaded queue must not hold a
            step up for ever. It leaves half the step's length to catch up.
        given_up_ns: what was not answered by then is left too.
    """

    begun_ns: int
    opens_ns: int
    closes_ns: int
    last_send_ns: int
    given_up_ns: int

    @classmethod
    def of(cls, order: Order, begun_ns: int) -> Self:
        """Return the times of an order that begins at ``begun_ns``."""
        measured = order.warmup_seconds + order.window_seconds
        length = max(duration_seconds(order.arrivals), measured)
        last_send = length + max(LEAST_GRACE_SECONDS, length / 2)
        return cls(
            begun_ns=begun_ns,
            opens_ns=begun_ns + _ns(order.warmup_seconds),
            closes_ns=begun_ns + _ns(measured),
            last_send_ns=begun_ns + _ns(last_send),
            given_up_ns=begun_ns + _ns(last_send + PATIENCE_SECONDS),
        )

    def has_in_window(self, intended_ns: int) -> bool:
        """Tell whether what is intended then counts."""
        return self.opens_ns <= intended_ns < self.closes_ns


def intended_times(order: Order, process: int, begun_ns: int) -> Iterator[int]:
    """Return the ascending intended times of one process."""
    share = share_of(order, process)
    seconds = arrival_times(
        share.arrivals, seed=share.seed, process=share.part, processes=share.parts
    )
    return (begun_ns + _ns(second) for second in seconds)


def count_planned(order: Order, timetable: Timetable, until_ns: int) -> int:
    """Count the enqueues of all processes that are intended in the window and before a time."""
    end_ns = min(timetable.closes_ns, until_ns)
    every = (
        itertools.takewhile(end_ns.__gt__, intended_times(order, process, timetable.begun_ns))
        for process in range(order.processes)
    )
    return sum(intended >= timetable.opens_ns for intended in itertools.chain.from_iterable(every))


def _ns(seconds: float) -> int:
    return round(seconds * SECOND_NS)
