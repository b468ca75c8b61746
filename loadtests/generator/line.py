"""Locust's own statistics of the enqueues, kept beside the truth with Locust's own arithmetic.

The master's table mixes what workers reported before and after the window opened; this line counts
from its opening on, exactly, and is merged as Locust merges.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from locust.stats import RequestStats, StatsEntry

if TYPE_CHECKING:
    from collections.abc import Iterable

REQUEST_TYPE: Final = "enqueue"
NAME: Final = "task"


class Line:
    """Locust's entry for the enqueues, in one process; it is empty until it is opened."""

    def __init__(self) -> None:
        self._entry = _entry()
        self._is_open = False

    def open(self) -> None:
        """Begin to count, as the window opens."""
        self._entry = _entry()
        self._is_open = True

    def log(self, response_ms: float, length: int, error: Exception | None) -> None:
        """Count one request as Locust does."""
        if not self._is_open:
            return
        self._entry.log(response_ms, length)  # type: ignore[arg-type]  # Locust's hooks pass floats
        if error is not None:
            self._entry.log_error(error)

    def to_document(self) -> dict[str, Any]:
        """Return it as a message has it."""
        document: dict[str, Any] = dict(self._entry.serialize())
        # Plain dictionaries: those of Locust make values up.
        return {
            name: dict(value) if isinstance(value, dict) else value
            for name, value in document.items()
        }


def summary(documents: Iterable[dict[str, Any]]) -> dict[str, float | None]:
    """Return the merged line of all processes, under the names of an Outcome."""
    total = _entry()
    for document in documents:
        total.extend(StatsEntry.unserialize(document, RequestStats()))  # type: ignore[arg-type]
    has_any = total.num_requests > 0
    return {
        "requests": total.num_requests,
        "failures": total.num_failures,
        "rate": _rate(total),
        "p50_ms": total.get_response_time_percentile(0.5) if has_any else None,
        "p95_ms": total.get_response_time_percentile(0.95) if has_any else None,
        "p99_ms": total.get_response_time_percentile(0.99) if has_any else None,
        "max_ms": total.max_response_time if has_any else None,
    }


def _rate(entry: StatsEntry) -> float:
    """Return requests per second from the reset to the last one, as Locust has it."""
    if entry.last_request_timestamp is None:
        return 0.0
    return entry.num_requests / max(entry.last_request_timestamp - entry.start_time, 1e-9)


def _entry() -> StatsEntry:
    return StatsEntry(RequestStats(use_response_times_cache=False), NAME, REQUEST_TYPE)
