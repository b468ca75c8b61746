"""Histograms of microseconds, in the one form in which processes and files exchange them.

Percentiles are never merged: histograms are, and a merged one is what one process that saw
everything would have recorded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hdrh.histogram import HdrHistogram

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST_US: Final = 3_600_000_000
"""An hour; what takes longer counts as one."""

_DIGITS: Final = 3


def new_histogram() -> HdrHistogram:
    """Return an empty histogram of microseconds."""
    return HdrHistogram(1, LONGEST_US, _DIGITS)


def record_ns(histogram: HdrHistogram, duration_ns: int) -> None:
    """Record a duration in nanoseconds; a negative one counts as none."""
    histogram.record_value(min(max(duration_ns // 1000, 0), LONGEST_US))


def encode(histogram: HdrHistogram) -> str:
    """Return the V2 compressed base64 form."""
    encoded: bytes = histogram.encode()
    return encoded.decode("ascii")


def merge(encoded: Iterable[str]) -> HdrHistogram:
    """Return the sum of encoded histograms."""
    total = new_histogram()
    for part in encoded:
        total.decode_and_add(part)
    return total
