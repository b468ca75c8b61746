"""The ledger of one task: what a step's resources come to for each body that ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reports.load_steps import Resources

COUNTERS = ("statements", "round_trips", "commits", "wal_bytes", "fsyncs")


def per_task(resources: Resources, bodies: int) -> dict[str, float]:
    """Divide by the bodies that ended in the window; {} if none did.

    What was not counted is missing, as is the harness's own time: no task costs it.
    """
    if bodies <= 0:
        return {}
    counters = {name: resources.counters[name] for name in COUNTERS if name in resources.counters}
    spent = {
        f"cpu_ms_{role}": seconds * 1000
        for role, seconds in resources.cpu_seconds.items()
        if role != "harness"
    }
    return {name: round(value / bodies, 6) for name, value in (counters | spent).items()}
