"""What a worker holds, and what the database says that it holds, agree at every turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from properties.desk.machine import DeskMachine
from properties.desk.turns import HAPPENINGS
from properties.machine.runs import run, unreached

if TYPE_CHECKING:
    from background_task.databases import QueueDatabase


def test_a_desk_keeps_its_books(database: QueueDatabase) -> None:
    """Nothing is lost, forgotten, kept for too long or begun twice, whatever goes wrong."""
    run(DeskMachine)


def test_everything_that_may_happen_to_a_desk_happens(database: QueueDatabase) -> None:
    """A fixed run sees renewals, lost leases, lost answers and refusals: it is about something."""
    if database.connection.vendor != "sqlite":
        pytest.skip("what is drawn does not depend on the database; SQLite is the fastest")
    assert unreached(DeskMachine, HAPPENINGS, examples=40) == set()
