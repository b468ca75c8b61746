"""The parts of a profile: each is one table of its TOML file, with the defaults of its keys.

Rates are tasks per second of all processes together; a share is between 0 and 1.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from typing import Final, Literal

from loadtests.bounds import above, at_least, not_negative, positive, share

DATABASES: Final = ("sqlite", "postgresql", "mysql", "mariadb")
Fault = Literal["child", "worker"]
HOURS_PER_DAY: Final = 24


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SenderPlan:
    """How the generator sends.

    Attributes:
        processes: of Locust; ``blocking_processes`` instead, with one user each, for a database
            driver that stops the event loop while it waits.
        users: concurrent senders in each process.
    """

    processes: int = at_least(1, 1)
    users: int = at_least(1, 32)
    blocking_processes: int = at_least(1, 4)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a rate must fulfil to pass.

    Attributes:
        goodput_share: bodies that end per second, of the offered rate, at least.
        backlog_share: growth of the backlog per second, of the offered rate, at most.
        end_to_end_p99_ms: from the intended enqueue to the end of the body, at most.
        intended_p99_ms: from the intended enqueue to its reply, at most: what a web request that
            enqueues waits.
        error_share: enqueues that raise, of those sent, at most.
    """

    goodput_share: float = share(0.99)
    backlog_share: float = share(0.005)
    end_to_end_p99_ms: float = positive(500.0)
    intended_p99_ms: float = positive(250.0)
    error_share: float = share(0.001)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """How the knee is looked for.

    Attributes:
        start_rate: of the first step; each further one multiplies it by ``factor`` until a step
            fails or ``max_rate`` has passed.
        width: the bracket is narrow enough when its upper end is this share above its lower one.
        repeats: steps at each end of the bracket, in shuffled order; most of them decide.
        max_trials: steps in all, after which the search ends with what it has.
    """

    start_rate: float = positive(100.0)
    max_rate: float = positive(3000.0)
    factor: float = above(1, 1.6)
    width: float = positive(0.15)
    repeats: int = at_least(1, 3)
    max_trials: int = at_least(1, 20)

    def ramp_steps(self) -> int:
        """Count the steps of a ramp that nothing stops."""
        multiples = math.log(self.max_rate / self.start_rate) / math.log(self.factor)
        return 1 + math.ceil(multiples - 1e-9)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class FlipPlan:
    """Which settings are changed, one at a time, to see whether the capacity moves.

    Each block runs the control twice, once as the A/A control, and each knob once, in an order
    that the next block turns around.

    Attributes:
        knobs: names of ``loadtests.knobs``; () for no flips.
    """

    knobs: tuple[str, ...] = ()
    blocks: int = at_least(1, 5)
    warmup_seconds: float = not_negative(1.0)
    window_seconds: float = positive(4.0)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class BystanderPlan:
    """How the application's own queries are timed beside the queue.

    Attributes:
        shares: loads of the queue, of the lower end of the bracket; () for no such steps.
        rate: the application's queries per second.
    """

    shares: tuple[float, ...] = share(())
    rate: float = positive(50.0)
    window_seconds: float = positive(6.0)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A time with one rate."""

    seconds: float = positive()
    rate: float = not_negative()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class HourlyRates:
    """A day, compressed, with bursts.

    Attributes:
        rates: of the hours 0 to 23, in tasks per second of the run: a day is made shorter, not
            thinner.
        hour_seconds: how long an hour takes in the run.
        burst_factor: the rate is multiplied by it for ``burst_seconds``, at the end of each
            ``burst_every_seconds`` of the run; 1 for no bursts.
    """

    rates: tuple[float, ...] = not_negative()
    hour_seconds: float = positive(10.0)
    burst_factor: float = positive(1.0)
    burst_seconds: float = positive(5.0)
    burst_every_seconds: float = positive(60.0)

    def pieces(self) -> tuple[Piece, ...]:
        """Return the day as pieces: a border at each hour, and at each end of each burst."""
        borders = sorted(self._hours() | self._burst_ends())
        return tuple(
            Piece(seconds=end - begin, rate=self._rate_at((begin + end) / 2))
            for begin, end in itertools.pairwise(borders)
        )

    def _hours(self) -> set[float]:
        return {hour * self.hour_seconds for hour in range(HOURS_PER_DAY + 1)}

    def _burst_ends(self) -> set[float]:
        if self.burst_factor == 1:
            return set()
        day = HOURS_PER_DAY * self.hour_seconds
        ends = [
            number * self.burst_every_seconds
            for number in range(1, int(day / self.burst_every_seconds) + 1)
        ]
        return {time for end in ends for time in (end - self.burst_seconds, end)}

    def _rate_at(self, time: float) -> float:
        rate = self.rates[min(int(time / self.hour_seconds), HOURS_PER_DAY - 1)]
        until_burst_ends = self.burst_every_seconds - time % self.burst_every_seconds
        is_burst = self.burst_factor != 1 and until_burst_ends < self.burst_seconds
        return rate * self.burst_factor if is_burst else rate


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that is done to the database during a timeline.

    Attributes:
        kind: "idle_in_transaction": another session takes a snapshot and holds it for ``seconds``.
    """

    kind: Literal["idle_in_transaction"]
    at_seconds: float = not_negative()
    seconds: float = positive()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What the others are compared with; ``database`` is "" for a queue in a broker."""

    contender: str
    database: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SemanticsPlan:
    """How each contender's workers are killed in the middle of bodies, under load.

    Attributes:
        kills: that land in a body, for each of ``faults``: "child" kills the process that runs
            the body, "worker" its whole process tree.
        patience_seconds: after the last kill; what has not ended by then is stuck or lost.
        seconds_between_kills: at least, so that the workers are back.
        work_ms: of each body; long enough to be hit.
        rate: of the load meanwhile.
    """

    kills: int = at_least(1, 20)
    patience_seconds: float = positive(60.0)
    seconds_between_kills: float = not_negative(2.0)
    work_ms: float = positive(200.0)
    rate: float = positive(10.0)
    workers: int = at_least(1, 4)
    faults: tuple[Fault, ...] = ("child", "worker")
