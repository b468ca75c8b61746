"""Whatever goes wrong at any one statement of an operation, it is done, undone, or recovered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from chaos.zoo import SPECIMENS
from properties.crash_points.operations import OPERATIONS, Operation
from properties.crash_points.points import crash_pairs, crash_points
from properties.races import Anomaly

if TYPE_CHECKING:
    from collections.abc import Callable

    from background_task.databases import QueueDatabase
    from chaos.zoo import Specimen
    from properties.interleaving import Sessions

# Engines whose mistake shows at crash points too, beside those that only show there.
_ELSEWHERE = {
    "no_unique_index": ("enqueue until heard", "dedupe-violation"),
    "atomic_body_commits_first": ("atomic body", "duplicated-effect"),
}
_BROKEN = [
    (specimen, *_ELSEWHERE.get(specimen.name, (specimen.where, "")))
    for specimen in SPECIMENS
    if specimen.layer == "crash-point" or specimen.name in _ELSEWHERE
]
_every_operation = pytest.mark.parametrize(
    "operation", OPERATIONS.values(), ids=lambda operation: operation.name
)


@_every_operation
def test_no_crash_at_any_statement_breaks_a_promise(
    database: QueueDatabase,
    sessions: Sessions,
    operation: Operation,
    record_property: Callable[[str, object], None],
) -> None:
    """Killed, cut off or refused, before or after any statement: no anomaly, and it recovers."""
    table = crash_points(operation, database, sessions)

    assert len(table.rows) > 1
    assert {"undone"} <= table.outcomes
    assert {"done, and unheard", "begun, then repeated"} & table.outcomes or "roll" in table.name
    record_property("crash points", table.markdown())


@_every_operation
def test_no_second_crash_in_the_recovery_breaks_a_promise(
    database: QueueDatabase, sessions: Sessions, operation: Operation
) -> None:
    """Every pair of points, one in the operation and one in its recovery: that takes a night."""
    if settings.get_current_profile_name() != "nightly":
        pytest.skip("pairs of crash points are played in the profile nightly")

    assert crash_pairs(operation, database, sessions) > 1


@pytest.mark.parametrize(
    ("specimen", "operation", "anomaly"), _BROKEN, ids=[specimen.name for specimen, *_ in _BROKEN]
)
def test_an_operation_in_two_transactions_is_named(
    database: QueueDatabase,
    sessions: Sessions,
    specimen: Specimen,
    operation: str,
    anomaly: str,
) -> None:
    """The crash between the two is found, by its anomaly's name, with the ladder to it."""
    with specimen.applied(), pytest.raises(Anomaly) as found:
        crash_points(OPERATIONS[operation], database, sessions)

    assert found.value.name in ({anomaly} if anomaly else specimen.anomalies)
    assert "play_again(" in found.value.__notes__[0]
