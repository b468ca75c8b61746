"""Where labels go that would run into one another: each in the first row in which it has room."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def place_labels(labels: Sequence[tuple[float, float]], width: float) -> list[int]:
    """Give each label a row.

    It begins at so many percent of the width, or ends at the right edge, and has so many pixels.
    """
    free_from: list[float] = []
    rows = []
    for percent, pixels in labels:
        left = min(percent / 100 * width, width - pixels)
        row = next((n for n, free in enumerate(free_from) if free <= left), len(free_from))
        free_from[row : row + 1] = [left + pixels + 6]
        rows.append(row)
    return rows
