"""What a sender does for one arrival: enqueue a task, or run one of the application's queries.

An operation that raises is counted and never stops the run.
"""

from __future__ import annotations

import abc
import importlib
import itertools
import random
import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from engine.project.ledger import Kind, Ledger, ledger
from loadtests.generator.line import NAME, REQUEST_TYPE
from loadtests.workload import Workload

if TYPE_CHECKING:
    from locust.event import EventHook

    from engine.contenders.contender import Producer
    from loadtests.generator.line import Line
    from loadtests.generator.recording import Recording
    from loadtests.order import Order

_KEY_BITS: Final = 40
"""Of a key, for the number within a process; a key stays below 2 ** 53, as JSON likes it."""


class Reply(NamedTuple):
    """What Locust is told of a request."""

    milliseconds: float
    length: int
    error: Exception | None


class Operation(abc.ABC):
    """Something that a process sends."""

    @abc.abstractmethod
    def connect(self) -> None:
        """Open what a first sending would otherwise pay for, in the greenlet that will send."""

    @abc.abstractmethod
    def send(self, intended_ns: int, recording: Recording, line: Line) -> None:
        """Send one and record it; raise nothing but what stops a greenlet."""


class Enqueue(Operation):
    """Enqueues through the producer of the order; keys are unique across processes."""

    def __init__(self, order: Order, process: int, request: EventHook) -> None:
        self._module = order.producer
        self._producer: Any = None
        self._workload = Workload.from_document(order.workload)
        self._rng = random.Random(f"jobs {order.seed} {process}")  # noqa: S311 - a load, no secret
        self._keys = itertools.count((process + 1) << _KEY_BITS)
        self._request = request
        self._book: Ledger | None = None

    def connect(self) -> None:
        """Import the producer and connect it."""
        producer: Producer = importlib.import_module(self._module)
        producer.connect()
        self._producer = producer
        self._book = ledger()

    def send(self, intended_ns: int, recording: Recording, line: Line) -> None:
        """Enqueue the next job."""
        key, job = next(self._keys), self._workload.draw(self._rng)
        error: Exception | None = None
        sent_ns = self._note(Kind.SENT, key, intended_ns)
        recording.sent(intended_ns, sent_ns)
        try:
            self._producer.enqueue(key, intended_ns, job)
        except Exception as raised:  # noqa: BLE001 - whatever a queue raises is an error to count
            error = raised
            replied_ns = self._note(Kind.REFUSED, key, intended_ns)
            recording.refused(intended_ns, raised)
        else:
            replied_ns = self._note(Kind.ACKNOWLEDGED, key, intended_ns)
            recording.acknowledged(intended_ns, sent_ns, replied_ns)
        reply = Reply((replied_ns - sent_ns) / 1e6, job.payload_bytes, error)
        line.log(*reply)
        fire(self._request, REQUEST_TYPE, NAME, reply)

    def _note(self, kind: Kind, key: int, intended_ns: int) -> int:
        """Write to the ledger, if one is kept, and return the time."""
        if self._book is None:
            return time.monotonic_ns()
        return self._book.write(kind, key, intended_ns)


def fire(request: EventHook, kind: str, name: str, reply: Reply) -> None:
    """Tell Locust of a request."""
    request.fire(
        request_type=kind,
        name=name,
        response_time=reply.milliseconds,
        response_length=reply.length,
        exception=reply.error,
        context={},
    )
