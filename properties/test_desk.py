"""What a worker holds, and what the database says that it holds, agree at every turn."""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING, ClassVar

import pytest
from hypothesis import Phase, settings

from properties.desk.machine import DeskMachine
from properties.desk.turns import HAPPENINGS
from properties.machine.runs import run

if TYPE_CHECKING:
    from background_task.databases import QueueDatabase

FIXED = settings(derandomize=True, database=None, phases=[Phase.generate])


class Surveyed(DeskMachine):
    """The machine, with a count of its own."""

    happened: ClassVar[collections.Counter[str]] = collections.Counter()


def test_a_desk_keeps_its_books(database: QueueDatabase) -> None:
    """Nothing is lost, forgotten, kept for too long or begun twice, whatever goes wrong."""
    run(DeskMachine)


def test_everything_that_may_happen_to_a_desk_happens(database: QueueDatabase) -> None:
    """A fixed run sees renewals, lost leases, lost answers and refusals: it is about something."""
    if database.connection.vendor != "sqlite":
        pytest.skip("what is drawn does not depend on the database; SQLite is the fastest")
    Surveyed.happened.clear()
    run(Surveyed, settings(FIXED, max_examples=40, stateful_step_count=40))

    assert HAPPENINGS - {*Surveyed.happened} == set()
