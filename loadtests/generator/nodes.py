"""Wires the generator into Locust: what each of its processes does at which of Locust's events."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

import gevent
from locust.runners import LocalRunner, MasterRunner, WorkerRunner

from loadtests.generator.coordinator import Coordinator
from loadtests.generator.messages import BEGIN, FINISH, READY, REPORT
from loadtests.generator.sender import Sender
from loadtests.generator.sending import Sending

if TYPE_CHECKING:
    from collections.abc import Callable

    from locust.env import Environment
    from locust.rpc import Message

    from loadtests.order import Order, Outcome

START_SECONDS: Final = 10.0

_logger = logging.getLogger(__name__)


class SendingNode:
    """A process with users: a worker, or the local runner.

    Args:
        read_order: returns the order of the step that starts; None if it must not start.
    """

    def __init__(self, environment: Environment, read_order: Callable[[], Order | None]) -> None:
        self._environment = environment
        self._read_order = read_order
        self._sending: Sending | None = None
        runner = _runner(environment)
        runner.register_message(BEGIN, self._begin)
        runner.register_message(FINISH, self._finish)
        environment.events.test_start.add_listener(self._start)
        environment.events.spawning_complete.add_listener(self._spawned)
        environment.events.test_stopping.add_listener(self._finish)
        environment.events.quitting.add_listener(self._finish)

    def _start(self, **_: object) -> None:
        runner = _runner(self._environment)
        assert isinstance(runner, WorkerRunner | LocalRunner)  # noqa: S101 - the others have no users
        order = self._read_order()
        self._sending = None
        if order is not None:
            self._sending = Sending(self._environment, order, runner.worker_index)
        Sender.sending = self._sending

    def _spawned(self, **_: object) -> None:
        if self._sending is not None:
            self._sending.spawned()

    def _begin(self, msg: Message, **_: object) -> None:
        if self._sending is not None:
            self._sending.begin(msg.data["begun_ns"])

    def _finish(self, **_: object) -> None:
        if self._sending is not None:
            self._sending.finish()


class CoordinatingNode:
    """The process that coordinates: the master, or the local runner.

    Args:
        prepare: called when a step starts with the number of processes; it returns the order, or
            the sentence that says why the step cannot start.
        conclude: called with the outcome of each step; it returns Locust's exit code.
    """

    def __init__(
        self,
        environment: Environment,
        prepare: Callable[[int], Order | str],
        conclude: Callable[[Order, Outcome], int],
    ) -> None:
        self._environment = environment
        self._prepare = prepare
        self._conclude = conclude
        self._coordinator: Coordinator | None = None
        self._is_stopping = False
        runner = _runner(environment)
        runner.register_message(READY, self._ready)
        runner.register_message(REPORT, self._report)
        environment.events.test_start.add_listener(self._start)
        environment.events.test_stopping.add_listener(self._close)
        environment.events.quitting.add_listener(self._close)

    def _start(self, **_: object) -> None:
        runner = _runner(self._environment)
        processes = runner.worker_count if isinstance(runner, MasterRunner) else 1
        self._is_stopping = False
        self._coordinator = None
        order = self._prepare(processes)
        if isinstance(order, str):
            self._give_up(order)
            return

        def done(outcome: Outcome | str) -> None:
            if isinstance(outcome, str):
                self._give_up(outcome)
            else:
                self._end(self._conclude(order, outcome))

        self._coordinator = Coordinator(self._environment, order, processes, done)

    def _ready(self, msg: Message, **_: object) -> None:
        if self._coordinator is not None:
            self._coordinator.ready(msg.data)

    def _report(self, msg: Message, **_: object) -> None:
        if self._coordinator is not None:
            self._coordinator.report(msg.data)

    def _close(self, **_: object) -> None:
        self._is_stopping = True
        if self._coordinator is not None:
            self._coordinator.close()

    def _give_up(self, sentence: str) -> None:
        _logger.error(sentence)
        self._end(exit_code=1)

    def _end(self, exit_code: int) -> None:
        """End the load, unless Locust is at it already; not in the caller's greenlet."""
        self._environment.process_exit_code = exit_code
        if not self._is_stopping:
            gevent.spawn_later(0.0, end_load, self._environment)


def end_load(environment: Environment) -> None:
    """Quit if nobody watches a web page, else stop."""
    options: Any = environment.parsed_options
    runner = _runner(environment)
    with gevent.Timeout(START_SECONDS, exception=False):
        # A master that is stopped while it still starts users believes afterwards that they run.
        while isinstance(runner, MasterRunner) and not runner.spawning_completed:
            gevent.sleep(0.05)
    if options.headless:
        runner.quit()
    else:
        runner.stop()


def _runner(environment: Environment) -> LocalRunner | MasterRunner | WorkerRunner:
    runner: Any = environment.runner
    assert isinstance(runner, LocalRunner | MasterRunner | WorkerRunner)  # noqa: S101 - at init
    return runner
