"""Which process of the generator does what: the first ones enqueue, further ones are bystanders.

Bystanders have processes of their own, one for reads and one for writes: with a driver that blocks,
a query would otherwise wait for the generator's enqueues and not for the database.
"""

from __future__ import annotations

import dataclasses
import enum
from typing import TYPE_CHECKING, Final

from loadtests.arrivals import duration_seconds
from loadtests.order import Arrivals

if TYPE_CHECKING:
    from loadtests.order import Order

_BYSTANDER_SEED: Final = 1_000_003


class Role(enum.StrEnum):
    """What a process sends; a bystander's role is the name of its histogram."""

    ENQUEUE = "enqueue"
    READ = "bystander_read"
    WRITE = "bystander_write"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one process sends: part ``part`` of ``parts`` of the arrivals."""

    role: Role
    arrivals: Arrivals
    seed: int
    part: int
    parts: int


def processes_of(order: Order) -> int:
    """Return how many processes Locust needs for an order."""
    return order.processes + (2 if order.bystander_rate > 0 else 0)


def share_of(order: Order, process: int) -> Share:
    """Return the share of one process, counted from 0."""
    if process < order.processes:
        return Share(
            role=Role.ENQUEUE,
            arrivals=order.arrivals,
            seed=order.seed,
            part=process,
            parts=order.processes,
        )
    role = Role.READ if process == order.processes else Role.WRITE
    measured = order.warmup_seconds + order.window_seconds
    seconds = max(duration_seconds(order.arrivals), measured)
    pieces = ((seconds, order.bystander_rate / 2),)
    return Share(
        role=role,
        arrivals=Arrivals(kind="poisson", pieces=pieces),
        # Not the seed of the enqueues: the two must not arrive in step.
        seed=order.seed + _BYSTANDER_SEED,
        part=0 if role is Role.READ else 1,
        parts=1,
    )
