"""One process that sends: its share of the schedule, which its users work off together.

Users take the next arrival from one schedule, wait for its intended time and send. An arrival that
finds no free user is sent late and never skipped, and none slips because an earlier one was late.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any, Final

import gevent
from gevent.event import Event
from gevent.lock import BoundedSemaphore

from loadtests.generator.bystander import BystanderQuery
from loadtests.generator.guard import Guard, sleep_until
from loadtests.generator.line import Line
from loadtests.generator.messages import READY, REPORT, Ready, Report
from loadtests.generator.operations import Enqueue
from loadtests.generator.recording import INTENDED, LOOP_LAG, SEND_LAG, SERVICE, Recording
from loadtests.generator.roles import Role, share_of
from loadtests.generator.timetable import Timetable, intended_times

if TYPE_CHECKING:
    from locust.env import Environment

    from loadtests.generator.operations import Operation
    from loadtests.order import Order

REPORT_SECONDS: Final = 1.0


class Sending:
    """The sending of one order by one process, from its users' start to its last report."""

    def __init__(self, environment: Environment, order: Order, process: int) -> None:
        self._environment = environment
        self._order = order
        self._process = process
        self._role = share_of(order, process).role
        self._operation = _operation(environment, order, self._role, process)
        self._door = BoundedSemaphore()
        self._connected = 0
        self._sending = 0
        self._is_spawned = False
        self._is_finished = False
        self._begun = Event()
        self._last_reply_ns = 0
        self._line = Line()

    def join(self) -> None:
        """Connect one user: one after the other, as Django and others set up once per process."""
        with self._door:
            try:
                self._operation.connect()
            except Exception as error:  # noqa: BLE001 - a producer may fail in any way
                self._tell_ready(f"{self._order.producer} cannot connect: {_sentence(error)}")
                return
            self._connected += 1
        self._tell_ready_if_complete()

    def spawned(self) -> None:
        """Note that all users of this process have been started."""
        self._is_spawned = True
        self._tell_ready_if_complete()

    def begin(self, begun_ns: int) -> None:
        """Let the users send, from a time that all processes share."""
        self._timetable = Timetable.of(self._order, begun_ns)
        self._recording = Recording(self._timetable, _names(self._role))
        self._arrivals = intended_times(self._order, self._process, begun_ns)
        self._guard = Guard(
            self._timetable,
            self._recording,
            free_since_ns=lambda: self._last_reply_ns if self._connected == 1 else 0,
            on_open=self._open,
        )
        self._greenlets = [gevent.spawn(self._guard.run), gevent.spawn(self._report_now_and_then)]
        self._begun.set()

    def send_all(self) -> None:
        """Send, as one user, until the schedule is over; the last user to end finishes."""
        self._begun.wait()
        self._sending += 1
        try:
            for intended_ns in self._arrivals:
                sleep_until(intended_ns)
                if self._is_finished or time.monotonic_ns() > self._timetable.last_send_ns:
                    break
                self._operation.send(intended_ns, self._recording, self._line)
                self._last_reply_ns = time.monotonic_ns()
        finally:
            self._sending -= 1
        if self._sending == 0:
            sleep_until(self._timetable.closes_ns)
            self.finish()

    def finish(self) -> None:
        """Send the last report, whatever is still under way."""
        if self._begun.is_set() and not self._is_finished:
            self._report(is_last=True)
            self._is_finished = True
            gevent.killall(
                [one for one in self._greenlets if one is not gevent.getcurrent()], block=False
            )

    def _tell_ready_if_complete(self) -> None:
        runner = self._environment.runner
        if runner is not None and self._is_spawned and self._connected == runner.user_count:
            self._tell_ready()

    def _tell_ready(self, failure: str = "") -> None:
        ready = Ready(process=self._process, pid=os.getpid(), failure=failure)
        self._send(READY, ready.to_document())

    def _open(self) -> None:
        self._line.open()
        self._environment.stats.reset_all()

    def _report_now_and_then(self) -> None:
        """Report, should this process die, and give up in the end what is never answered."""
        while time.monotonic_ns() < self._timetable.given_up_ns:
            gevent.sleep(REPORT_SECONDS)
            self._report(is_last=False)
        self.finish()

    def _report(self, *, is_last: bool) -> None:
        report = Report(
            process=self._process,
            pid=os.getpid(),
            account=self._recording.account(),
            cpu_share=self._guard.cpu_share(),
            line=self._line.to_document(),
            until_ns=time.monotonic_ns(),
            is_last=is_last,
        )
        self._send(REPORT, report.to_document())

    def _send(self, kind: str, document: dict[str, Any]) -> None:
        assert self._environment.runner is not None  # noqa: S101 - it sent us the order
        self._environment.runner.send_message(kind, document)


def _operation(environment: Environment, order: Order, role: Role, process: int) -> Operation:
    if role is Role.ENQUEUE:
        return Enqueue(order, process, environment.events.request)
    return BystanderQuery(order, role, environment.events.request)


def _names(role: Role) -> tuple[str, ...]:
    if role is Role.ENQUEUE:
        return SERVICE, SEND_LAG, INTENDED, LOOP_LAG
    return (role.value,)


def _sentence(error: Exception) -> str:
    first_line = (str(error).splitlines() or [""])[0]
    return f"{type(error).__name__}: {first_line}" if first_line else type(error).__name__
