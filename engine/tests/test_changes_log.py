"""What the log says of tasks: one record for each change."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from background_task.outcomes import Failed, Finished, Released
from background_task.worker.changes_log import log_exchange, log_failure
from engine.tests.claims import claim_of

if TYPE_CHECKING:
    import pytest

    from background_task.outcomes import Outcome


def test_each_change_is_one_record(caplog: pytest.LogCaptureFixture) -> None:
    """A failure is told when it is heard of and not once more; what was stale did not change."""
    failed = Failed(claim=claim_of(1), error="ValueError: no", retry_in=5.0)
    late, finished = Finished(claim=claim_of(2)), Finished(claim=claim_of(3))
    recorded: list[Outcome] = [failed, late, finished, Released(claim=claim_of(4))]
    with caplog.at_level(logging.DEBUG, logger="background_task"):
        log_failure(failed, show_traceback=False)
        log_exchange(recorded, [late.claim], [claim_of(5)])

    changes = [(getattr(r, "change", None), getattr(r, "task_id", None)) for r in caplog.records]
    assert changes == [
        ("failed", 1),
        (None, None),
        ("finished", 3),
        ("released", 4),
        ("claimed", 5),
    ]
    assert "shop.pay #2: its end came too late" in caplog.text
