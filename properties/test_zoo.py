"""The properties can fail: each broken engine is caught, by the name of its anomaly.

The specimens are those of ``chaos.zoo``, whose SQL is rewritten on its way, and some whose mistake
is in Python. Each must be noticed by the machine or by the interleavings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import connection
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import run_state_machine_as_test

from background_task import claims, outcomes
from chaos.zoo import SPECIMENS, Specimen
from chaos.zoo.rewriting import Rewriter
from properties.interleaver import Schedule, interleave
from properties.machine import TERMS, QueueMachine
from properties.test_interleavings import claimer, fill, ids

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from background_task.claims import Claim
    from background_task.databases import QueueDatabase

SEARCH = settings(
    max_examples=300,
    stateful_step_count=30,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    deadline=None,
)
SEEN_BY_MACHINE = [
    specimen
    for specimen in SPECIMENS
    if specimen.name not in {"claim_without_lock", "no_heartbeat"}
]


@pytest.mark.parametrize("specimen", SEEN_BY_MACHINE, ids=lambda specimen: specimen.name)
def test_the_machine_catches_a_broken_engine(database: QueueDatabase, specimen: Specimen) -> None:
    """An engine that lost one safeguard disagrees with the model."""
    rewriter = Rewriter(specimen.rewrites)

    with connection.execute_wrapper(rewriter), pytest.raises(AssertionError):
        run_state_machine_as_test(QueueMachine, settings=SEARCH)

    assert rewriter.rewritten, "the specimen was never broken"


def test_the_machine_catches_an_unfenced_write(
    database: QueueDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A zombie that may finish is named."""
    fenced = claims.hold

    def unfenced(database: QueueDatabase, wanted: Sequence[Claim]) -> list[Claim]:
        fenced(database, wanted)
        return list(wanted)

    monkeypatch.setattr(claims, "hold", unfenced)

    with pytest.raises(AssertionError, match="zombie"):
        run_state_machine_as_test(QueueMachine, settings=SEARCH)


def test_the_machine_catches_a_retry_without_end(
    database: QueueDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An engine that never gives up disagrees with the model."""
    monkeypatch.setattr(outcomes, "has_attempts_left", lambda *_: True)

    with pytest.raises(AssertionError):
        run_state_machine_as_test(QueueMachine, settings=SEARCH)


def test_the_interleavings_catch_a_claim_without_its_lock(
    database: QueueDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without row locks, an order is found in which two workers get one task.

    SQLite has none: there the lock is that of the transaction, which the next test takes away.
    """
    monkeypatch.setattr(type(database.dialect), "lock_free_rows", "")
    is_caught = database.connection.vendor != "sqlite"

    assert is_claimed_twice(database, claimer(database, 1)) == is_caught, "double-claim"


def test_the_interleavings_catch_a_claim_outside_of_a_transaction(
    database: QueueDatabase,
) -> None:
    """Without a transaction around it, an order is found in which two workers get one task."""
    assert is_claimed_twice(database, lambda: claims.claim(database, TERMS, limit=1))


def is_claimed_twice(database: QueueDatabase, claim: Callable[[], list[Claim]]) -> bool:
    """Tell whether an order of two claims exists after which both have the task."""
    found: list[Schedule] = []

    @settings(parent=SEARCH, max_examples=80)
    @given(first=st.integers(1, 8), second=st.integers(1, 8))
    def search(first: int, second: int) -> None:
        fill(1)
        schedule = Schedule(order=(0, 1), preemptions={first: 1, first + second: 0})
        one, other = interleave(database.alias, [claim, claim], schedule)
        if ids(one) & ids(other):
            found.append(schedule)

    search()
    return bool(found)
