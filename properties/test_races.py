"""The engine keeps its promises in every order of SQL statements, and whatever goes wrong in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from properties.interleaving import schedules
from properties.races import RACES, Race, play

if TYPE_CHECKING:
    from background_task.databases import QueueDatabase
    from properties.interleaving import Sessions

EXAMPLES = max(15, settings().max_examples // 2)
"""Each race is tested in two ways, so that it has as many examples as the profile says."""


@pytest.mark.parametrize("most_faults", [0, 2], ids=["undisturbed", "disturbed"])
@pytest.mark.parametrize("race", RACES.values(), ids=lambda race: race.name)
@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_no_order_of_statements_breaks_a_promise(
    database: QueueDatabase, sessions: Sessions, race: Race, most_faults: int, data: st.DataObject
) -> None:
    """Disturbed: crashes, lost answers, errors and time, between any two statements of any order.

    Undisturbed: few preemptions, random priorities and uniform choices. None finds an anomaly.
    """
    play(race, database, sessions, data.draw(schedules(race.sessions, most_faults=most_faults)))
