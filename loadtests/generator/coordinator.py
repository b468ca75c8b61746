"""The one process that says when a step begins, hears all reports, and makes the Outcome.

It ends the step however the step goes: when all processes are done, when Locust is stopped or
interrupted, and when a process died or hangs, whose last report then has to do.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from typing import TYPE_CHECKING, Final

import gevent
from gevent.event import Event

from loadtests.generator import line
from loadtests.generator.guard import sleep_until
from loadtests.generator.messages import BEGIN, FINISH, Ready, Report
from loadtests.generator.recording import together
from loadtests.generator.timetable import SECOND_NS, Timetable, count_planned
from loadtests.order import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from locust.env import Environment

    from loadtests.order import Order

LEAD_NS: Final = SECOND_NS // 2
"""From the moment at which all are ready to the begin: the message must have reached everybody."""

FAREWELL_SECONDS: Final = 4.0
"""How long processes may take for their last report once they are told to finish."""


class Coordinator:
    """Coordinates one step of a known number of processes.

    Args:
        on_done: called once with the outcome, or with the sentence that says why there is none.
    """

    def __init__(
        self,
        environment: Environment,
        order: Order,
        processes: int,
        on_done: Callable[[Outcome | str], None],
    ) -> None:
        self._environment = environment
        self._order = order
        self._processes = processes
        self._on_done = on_done
        self._ready: dict[int, Ready] = {}
        self._reports: dict[int, Report] = {}
        self._all_reported = Event()
        self._timetable: Timetable | None = None
        self._is_closed = False

    def ready(self, document: Mapping[str, Any]) -> None:
        """Note a process that is ready; begin with the last one, give up if one cannot be."""
        ready = Ready(**document)
        self._ready[ready.process] = ready
        if ready.failure and not self._is_closed:
            self._is_closed = True
            self._on_done(ready.failure)
        elif len(self._ready) == self._processes and self._timetable is None:
            self._begin()

    def report(self, document: Mapping[str, Any]) -> None:
        """Take a process's report; the last one of all ends the step."""
        report = Report.from_document(document)
        if not self._is_closed:
            self._reports[report.process] = report
            if len(self._lasts()) == self._processes:
                self._all_reported.set()

    def close(self) -> None:
        """End the step now, with what has been seen; do nothing if it has ended or never begun."""
        if self._is_closed or self._timetable is None:
            return
        stopped_ns = time.monotonic_ns()
        if not self._all_reported.is_set():
            self._send(FINISH, {})
            self._all_reported.wait(FAREWELL_SECONDS)
        if not self._is_closed:
            self._is_closed = True
            self._kill_silent_workers()
            self._on_done(self._outcome(self._timetable, stopped_ns))

    def _begin(self) -> None:
        begun_ns = time.monotonic_ns() + LEAD_NS
        self._timetable = Timetable.of(self._order, begun_ns)
        self._send(BEGIN, {"begun_ns": begun_ns})
        gevent.spawn(self._reset_statistics, self._timetable)
        gevent.spawn(self._close_in_time, self._timetable)

    def _reset_statistics(self, timetable: Timetable) -> None:
        sleep_until(timetable.opens_ns)
        self._environment.stats.reset_all()

    def _close_in_time(self, timetable: Timetable) -> None:
        left_ns = timetable.given_up_ns - time.monotonic_ns()
        self._all_reported.wait(left_ns / SECOND_NS + FAREWELL_SECONDS)
        self.close()

    def _lasts(self) -> list[Report]:
        return [report for report in self._reports.values() if report.is_last]

    def _kill_silent_workers(self) -> None:
        """Kill what does not answer: Locust would wait for its workers without an end."""
        silent = self._ready.keys() - {report.process for report in self._lasts()}
        for process in silent:
            if self._ready[process].pid != os.getpid():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self._ready[process].pid, signal.SIGKILL)

    def _outcome(self, timetable: Timetable, stopped_ns: int) -> Outcome:
        reports = [self._reports[process] for process in sorted(self._reports)]
        account = together(report.account for report in reports)
        # Ctrl-C at a terminal stops the workers before it is heard of here.
        lasts_ns = max((last.until_ns for last in self._lasts()), default=stopped_ns)
        end_ns = max(timetable.opens_ns, min(timetable.closes_ns, stopped_ns, lasts_ns))
        return Outcome(
            begun_ns=timetable.begun_ns,
            window_ns=(timetable.opens_ns, end_ns),
            histograms=account.histograms,
            planned=count_planned(self._order, timetable, end_ns),
            sent=account.sent,
            acknowledged=account.acknowledged,
            errors=account.errors,
            cpu_share_max=max((report.cpu_share for report in reports), default=0.0),
            pids=tuple(ready.pid for _, ready in sorted(self._ready.items())),
            locust=line.summary([report.line for report in reports]),
        )

    def _send(self, kind: str, document: dict[str, Any]) -> None:
        assert self._environment.runner is not None  # noqa: S101 - it told us of the step
        self._environment.runner.send_message(kind, document)
