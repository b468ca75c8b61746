"""What the log says of tasks: one record for each change."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from background_task.claims import Claim
from background_task.outcomes import Failed, Finished, Released
from background_task.worker.changes_log import log_exchange, log_failure

if TYPE_CHECKING:
    import pytest

    from background_task.outcomes import Outcome


def _claim(id_: int) -> Claim:
    return Claim(
        id=id_,
        token=1,
        attempt=1,
        max_attempts=3,
        timeout_seconds=60.0,
        task_name="shop.pay",
        task_params="[[], {}]",
    )


def test_each_change_is_one_record(caplog: pytest.LogCaptureFixture) -> None:
    """A failure is told when it is heard of and not once more; what was stale did not change."""
    failed = Failed(claim=_claim(1), error="ValueError: no", retry_in=5.0)
    late = Finished(claim=_claim(2))
    recorded: list[Outcome] = [failed, late, Finished(claim=_claim(3)), Released(claim=_claim(4))]
    with caplog.at_level(logging.DEBUG, logger="background_task"):
        log_failure(failed, show_traceback=False)
        log_exchange(recorded, [late.claim], [_claim(5)])

    changes = [(getattr(r, "change", None), getattr(r, "task_id", None)) for r in caplog.records]
    assert changes == [
        ("failed", 1),
        (None, None),
        ("finished", 3),
        ("released", 4),
        ("claimed", 5),
    ]
    assert "shop.pay #2: its end came too late" in caplog.text
