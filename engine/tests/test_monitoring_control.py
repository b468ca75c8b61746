"""What people do to waiting tasks, while workers claim them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from background_task import claims
from background_task.models import ScheduledTask
from background_task.monitoring import control
from engine.project.tasks import send_mail
from engine.tests.threads import threads

if TYPE_CHECKING:
    from collections.abc import Callable

    from background_task.databases import QueueDatabase
    from background_task.terms import Terms

mail: Any = send_mail


@pytest.mark.parametrize("change", [control.cancel, control.run_now, control.raise_priority])
def test_a_claim_that_commits_first_wins(
    database: QueueDatabase, terms: Terms, change: Callable[..., int]
) -> None:
    """Whoever changes a task while it is being claimed waits, and finds it taken."""
    task = mail("a", schedule=-60)
    with threads(1) as pool:
        with database.transaction():
            (claimed,) = claims.claim(database, terms, limit=1)
            changing = pool.start(lambda: change(database, [task.id]))
        assert changing.result() == 0

    with database.transaction():
        assert claims.hold(database, [claimed]) == [claimed]


def test_priorities_stay_what_a_database_can_hold(database: QueueDatabase) -> None:
    """The highest is not raised, and the lowest not lowered; both are found."""
    highest, lowest = mail("a", priority=2**31 - 1), mail("b", priority=-(2**31))
    ids = [highest.id, lowest.id]

    assert (control.raise_priority(database, ids), control.lower_priority(database, ids)) == (2, 2)

    rows = ScheduledTask.objects.order_by("id")
    assert list(rows.values_list("priority", flat=True)) == [2**31 - 2, -(2**31)]


def test_any_number_of_tasks_is_changed_at_once(
    database: QueueDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than fit into one statement, and others are left alone."""
    monkeypatch.setattr(control, "BATCH", 2)
    ids = [mail(str(number)).id for number in range(6)]

    assert control.cancel(database, ids[:5]) == 5

    assert ScheduledTask.objects.get().id == ids[5]
    assert control.cancel(database, []) == 0
