"""Reads the stored distributions of durations: merged from histograms, never from percentiles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hdrh.histogram import HdrHistogram

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reports.load_steps import Latency

_TICKS_PER_HALF_DISTANCE = 5
_MICROSECONDS = 1000.0


def merge(latencies: Iterable[Latency]) -> Any | None:
    """Add up the histograms of some latencies; None if none of them has a readable one."""
    merged = None
    for latency in latencies:
        try:
            decoded = HdrHistogram.decode(latency.hdr.encode()) if latency.hdr else None
        except Exception:  # noqa: BLE001 - the codec raises whatever a broken text makes it
            decoded = None
        if decoded is not None and merged is not None:
            merged.add(decoded)
        merged = merged or decoded
    return merged


def percentiles(latencies: list[Latency], *wanted: str) -> dict[str, float | None]:
    """Return percentiles in milliseconds, by the names of Latency's attributes.

    One latency gives what was stored; several are merged first.
    """
    if len(latencies) == 1:
        return {name: getattr(latencies[0], name) for name in wanted}
    merged = merge(latencies)
    if merged is None:
        return dict.fromkeys(wanted)
    return {name: _at(merged, name) for name in wanted}


def _at(histogram: Any, name: str) -> float:
    """Read "p99_ms" as 99 and "p999_ms" as 99.9."""
    figures = name.removeprefix("p").removesuffix("_ms")
    level = float(f"{figures[:2]}.{figures[2:] or 0}")
    return float(histogram.get_value_at_percentile(level)) / _MICROSECONDS


def spectrum(latency: Latency) -> list[tuple[float, float]]:
    """Return (share of tasks, milliseconds) from the middle into the tail.

    The last point is the maximum; its share is what one sample less than all is.
    """
    histogram = merge([latency])
    if histogram is None or not latency.count:
        return []
    last = 1 - 1 / (latency.count + 1)
    points = [
        (min(step.percentile_level_iterated_to / 100, last), step.value_iterated_to / _MICROSECONDS)
        for step in histogram.get_percentile_iterator(_TICKS_PER_HALF_DISTANCE)
    ]
    return sorted(set(points))
