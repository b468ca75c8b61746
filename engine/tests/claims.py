"""Claims for tests that need no row behind them."""

from __future__ import annotations

from background_task.claims import Claim


def claim_of(id_: int, claimed_at: float = 0.0) -> Claim:
    """A claim of a row that nobody looks for, made at that time."""
    return Claim(
        id=id_,
        token=1,
        attempt=1,
        max_attempts=3,
        timeout_seconds=60.0,
        task_name="shop.pay",
        task_params="[[], {}]",
        claimed_at=claimed_at,
    )
