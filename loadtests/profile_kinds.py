"""What a load test is to do, as data: a profile of one of three kinds.

``knee`` looks for the rate at which a queue saturates, ``timeline`` replays a load over time, and
``compare`` puts several queues side by side. A profile says all that decides what its figures mean:
two runs may be compared if their profiles have the same digest.
"""

from __future__ import annotations

import abc
import dataclasses
import hashlib
import json
import math
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal

from loadtests.arrivals import duration_seconds
from loadtests.bounds import at_least, not_negative, positive, words
from loadtests.order import Arrivals
from loadtests.plans import (
    DATABASES,
    BystanderPlan,
    Event,
    FlipPlan,
    HourlyRates,
    Piece,
    Reference,
    Rules,
    Search,
    SemanticsPlan,
    SenderPlan,
)
from loadtests.workload import Workload

if TYPE_CHECKING:
    from loadtests.trace import Trace

SETUP_SECONDS: Final = 15.0
"""To start a database and to calibrate the generator."""
START_SECONDS: Final = 3.0
"""What a step takes beside its load: workers start, the generator starts, both stop."""
_BROKERS: Final = ("redis", "rabbitmq")
_EMPTY_TASK: Final = Workload()
_REFERENCE: Final = Reference(contender="background_task", database="postgresql")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Profile(abc.ABC):
    """What all kinds have.

    Attributes:
        name: of its file, without the ending.
        summary: one sentence for people who choose a profile.
        databases: the queue is tried on each of them.
        workers: processes that run tasks.
        sleep_seconds: the pause of a worker that found nothing, for queues that let one choose it;
            0 for the queue's own default, which is 5 seconds for most.
        spacing: whether tasks arrive at random, as independent requests do, or evenly.
        warmup_seconds: at the beginning of each step; it counts for nothing.
        window_seconds: that is measured, after the warm-up.
        budget_seconds: the longest that a run may take, on each database.
    """

    kind: ClassVar[str]

    name: str
    summary: str = ""
    databases: tuple[str, ...] = words(DATABASES, ("sqlite",))
    workers: int = at_least(1, 2)
    sleep_seconds: float = not_negative(0.0)
    spacing: Literal["poisson", "uniform"] = "poisson"
    workload: Workload = _EMPTY_TASK
    senders: SenderPlan = SenderPlan()  # noqa: RUF009 - it is frozen
    warmup_seconds: float = not_negative(2.0)
    window_seconds: float = positive(6.0)
    budget_seconds: float = positive(600.0)

    @abc.abstractmethod
    def estimated_seconds(self, start_seconds: float = START_SECONDS) -> float:
        """Return how long a run takes at worst, on all databases, if every step takes so long.

        Args:
            start_seconds: what a step takes beside its load, as far as it is known.
        """

    def step_seconds(self, start_seconds: float = START_SECONDS) -> float:
        """Return how long one step takes."""
        return start_seconds + self.warmup_seconds + self.window_seconds

    def settings(self) -> dict[str, float]:
        """Return the knobs that all steps have turned, for contenders that know them."""
        return {"sleep_seconds": self.sleep_seconds} if self.sleep_seconds else {}

    def document(self) -> dict[str, Any]:
        """Return all of it as JSON has it, defaults included."""
        return {"kind": self.kind, **_plain(self)}

    @property
    def digest(self) -> str:
        """12 digits of the SHA-256 of the document."""
        text = json.dumps(self.document(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:12]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class KneeProfile(Profile):
    """Looks for the knee, then for what limits it.

    Attributes:
        contender: the queue that is put under load.
        hold_seconds: at 80 % of the knee, at the end of the search; 0 for no hold.
    """

    kind: ClassVar[str] = "knee"

    contender: str = "background_task"
    rules: Rules = Rules()  # noqa: RUF009 - it is frozen
    search: Search = Search()  # noqa: RUF009 - it is frozen
    hold_seconds: float = not_negative(20.0)
    flips: FlipPlan = FlipPlan()  # noqa: RUF009 - it is frozen
    bystander: BystanderPlan = BystanderPlan()  # noqa: RUF009 - it is frozen

    def estimated_seconds(self, start_seconds: float = START_SECONDS) -> float:
        """Return the time of a search that takes all its trials, and of all that follows it."""
        search = self.search.max_trials * self.step_seconds(start_seconds)
        before = start_seconds + self.warmup_seconds
        hold = before + self.hold_seconds if self.hold_seconds else 0.0
        bystander = len(self.bystander.shares) * (before + self.bystander.window_seconds)
        return len(self.databases) * (
            SETUP_SECONDS + search + hold + self._flip_seconds(start_seconds) + bystander
        )

    def _flip_seconds(self, start_seconds: float) -> float:
        if not self.flips.knobs:
            return 0.0
        steps = self.flips.blocks * (len(self.flips.knobs) + 2)
        return steps * (start_seconds + self.flips.warmup_seconds + self.flips.window_seconds)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """A trace and how many times as fast as it was recorded."""

    trace: Trace
    speed: float = 1.0

    def to_document(self) -> dict[str, Any]:
        """Return what tells the trace from another, without its arrivals."""
        trace = self.trace
        facts = {"file": trace.file, "digest": trace.digest, "arrivals": len(trace.times_seconds)}
        return {**facts, "speed": self.speed}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TimelineProfile(Profile):
    """Replays a load and looks at it window by window.

    Attributes:
        pieces: times with one rate each; or else ``hours``, or else a ``trace``.
        events: what is done to the database meanwhile.
        drain_seconds: after the last arrival, how long to wait for what is left.
        bystander_rate: the application's own queries per second beside the queue; 0 for none.
    """

    kind: ClassVar[str] = "timeline"

    contender: str = "background_task"
    pieces: tuple[Piece, ...] = ()
    hours: HourlyRates | None = None
    trace: Replay | None = None
    events: tuple[Event, ...] = ()
    warmup_seconds: float = not_negative(0.0)
    window_seconds: float = positive(10.0)
    drain_seconds: float = not_negative(30.0)
    bystander_rate: float = not_negative(0.0)

    def arrivals(self) -> Arrivals:
        """Return the whole load."""
        if self.trace is not None:
            return self.trace.trace.arrivals(self.trace.speed)
        pieces = self.pieces if self.hours is None else self.hours.pieces()
        plain = tuple((piece.seconds, piece.rate) for piece in pieces)
        return Arrivals(kind=self.spacing, pieces=plain)

    def duration_seconds(self) -> float:
        """Return how long the load lasts: a whole number of windows for a trace."""
        seconds = duration_seconds(self.arrivals())
        if self.trace is None:
            return seconds
        return max(1, math.ceil(seconds / self.window_seconds)) * self.window_seconds

    def estimated_seconds(self, start_seconds: float = START_SECONDS) -> float:
        """Return the time of the load and of a drain that takes all that it may."""
        once = SETUP_SECONDS + start_seconds + self.duration_seconds() + self.drain_seconds
        return len(self.databases) * once


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CompareProfile(Profile):
    """Puts several queues side by side, each against the reference, in interleaved blocks.

    Attributes:
        contenders: by name; those that queue in a database run on each of ``databases``.
        blocks: in each, every contender runs once and the reference once more, as the A/A control;
            0 to leave the load out and only kill.
        rate: a moderate one, at which latencies are compared.
        burst_rate: more than any of them takes, for ``burst_seconds``; then the drain is timed,
            for ``drain_seconds`` at most.
    """

    kind: ClassVar[str] = "compare"

    contenders: tuple[str, ...] = ()
    reference: Reference = _REFERENCE
    blocks: int = at_least(0, 5)
    rate: float = positive(50.0)
    burst_rate: float = positive(500.0)
    burst_seconds: float = positive(4.0)
    drain_seconds: float = positive(20.0)
    semantics: SemanticsPlan = SemanticsPlan()  # noqa: RUF009 - it is frozen

    def cells(self) -> tuple[Reference, ...]:
        """Return each contender with each database that it queues in."""
        return tuple(
            Reference(contender=contender, database=database)
            for contender in self.contenders
            for database in (("",) if _queues_in_broker(contender) else self.databases)
        )

    def estimated_seconds(self, start_seconds: float = START_SECONDS) -> float:
        """Return the time of all blocks, bursts that drain slowly, and all kills."""
        cells = len(self.cells())
        burst = start_seconds + self.burst_seconds + self.drain_seconds
        blocks = self.blocks * (cells + 1) * (self.step_seconds(start_seconds) + burst)
        plan = self.semantics
        kills = start_seconds + plan.kills * plan.seconds_between_kills + plan.patience_seconds
        return cells * (SETUP_SECONDS + len(plan.faults) * kills) + blocks


def _queues_in_broker(contender: str) -> bool:
    """Tell it by the name: a profile is read without importing any queue."""
    return any(part in _BROKERS for part in contender.split("-"))


def _plain(value: Any) -> Any:
    """Return a value as JSON has it."""
    if hasattr(value, "to_document"):
        return value.to_document()
    if dataclasses.is_dataclass(value):
        fields = dataclasses.fields(value)
        return {field.name: _plain(getattr(value, field.name)) for field in fields}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value
