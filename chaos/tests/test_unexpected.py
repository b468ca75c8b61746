"""The checker ``unexpected``."""

from __future__ import annotations

from chaos.tests.judging import assert_valid, only_anomaly
from chaos.tests.script import Script, good_run


def test_a_task_that_somebody_enqueued_is_expected() -> None:
    """Acknowledged or not: a call whose end nobody knows may have worked."""
    assert_valid("unexpected", good_run())
    assert_valid("unexpected", Script().call(1.0).body(2.0))
    assert_valid("unexpected", Script().call(1.0).refuse(1.5, "info").body(2.0))


def test_a_task_that_nobody_enqueued_is_unexpected() -> None:
    """The proof names the process that ran it."""
    anomaly = only_anomaly("unexpected", Script().body(2.0, pid=812))
    assert "body-812 at 2.00 s" in anomaly.proof
    assert "no producer" in anomaly.proof


def test_a_task_whose_every_enqueue_failed_is_an_aborted_enqueue() -> None:
    """It has a name of its own."""
    assert_valid("unexpected", Script().call(1.0).refuse(1.5, "fail").body(2.0))


def test_an_effect_without_a_start_counts_too() -> None:
    """It is the effect that hurts."""
    assert "body-800" in only_anomaly("unexpected", Script().effect(2.0)).proof


def test_a_task_that_ran_before_anybody_called_is_unexpected() -> None:
    """A later call cannot have asked for it; one at the same moment may have."""
    anomaly = only_anomaly("unexpected", Script().body(2.0, pid=812).enqueue(3.0))
    assert anomaly.proof.endswith("no producer had tried to enqueue it by then")
    assert_valid("unexpected", Script().call(2.0).body(2.0))
