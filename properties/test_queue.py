"""The engine agrees with the model, whatever workers do and in whichever order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis.stateful import run_state_machine_as_test

from properties.machine import QueueMachine

if TYPE_CHECKING:
    from background_task.databases import QueueDatabase


def test_the_engine_agrees_with_the_model(database: QueueDatabase) -> None:
    """After every step of every sequence of steps, the tables are what the model says."""
    run_state_machine_as_test(QueueMachine)
