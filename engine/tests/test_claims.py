"""Claims: who owns a task, and until when. The same tests on every database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from background_task import claims
from background_task.models import ScheduledTask

from engine.project.tasks import send_mail

if TYPE_CHECKING:
    from background_task.claims import Terms
    from background_task.databases import QueueDatabase


def test_a_claimed_task_is_not_claimed_again(database: QueueDatabase, terms: Terms) -> None:
    """No two live claims on one task."""
    send_mail("a")

    with database.transaction():
        first = claims.claim(database, terms, limit=10)
    with database.transaction():
        second = claims.claim(database, terms, limit=10)

    assert [claim.attempt for claim in first] == [1]
    assert second == []
    assert ScheduledTask.objects.get().attempts == 1
