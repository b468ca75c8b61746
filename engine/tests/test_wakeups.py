"""Wakeups: a signal ends the waiting at once, and leaves no trace in the process afterwards."""

from __future__ import annotations

import os
import signal
import time

import pytest

from background_task.worker.wakeups import STOP_SIGNALS, Wakeups


@pytest.mark.parametrize("number", STOP_SIGNALS)
def test_a_stop_signal_ends_the_waiting(number: signal.Signals) -> None:
    """Even one that came just before the waiting began, and each is counted."""
    with Wakeups() as wakeups:
        os.kill(os.getpid(), number)
        os.kill(os.getpid(), number)
        begun = time.monotonic()
        wakeups.wait([], 60.0)

        assert time.monotonic() - begun < 30.0
        assert wakeups.stop_requests == 2


def test_a_dead_child_ends_the_waiting_and_stops_nothing() -> None:
    """The supervisor looks after its children then."""
    with Wakeups() as wakeups:
        os.kill(os.getpid(), signal.SIGCHLD)
        wakeups.wait([], 60.0)

        assert wakeups.stop_requests == 0


def test_the_waiting_ends_by_itself() -> None:
    """Nothing has to happen."""
    with Wakeups() as wakeups:
        wakeups.wait([], 0.0)


def test_signals_are_as_before_afterwards() -> None:
    """A program that calls the command keeps its own handlers."""
    before = [signal.getsignal(number) for number in (*STOP_SIGNALS, signal.SIGCHLD)]

    with Wakeups():
        assert signal.getsignal(signal.SIGTERM) != before[0]

    assert [signal.getsignal(n) for n in (*STOP_SIGNALS, signal.SIGCHLD)] == before
