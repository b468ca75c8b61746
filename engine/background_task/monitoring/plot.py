"""The plot of the last hour: bars as inline SVG, which need no script and no colour to be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from django.utils import timezone
from django.utils.html import format_html, format_html_join

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.utils.safestring import SafeString

    from background_task.monitoring.status import Minute


class Plot(NamedTuple):
    """One panel: the bars, oldest first, stretched by the page; ``summary`` says it in words."""

    title: str
    svg: SafeString
    summary: str


def plot(minutes: Sequence[Minute], ended: str, title: str) -> Plot:
    """Draw how many attempts ``completed`` or ``failed`` in each minute."""
    counts = [
        (f"{timezone.localtime(minute.at):%H:%M}", getattr(minute, ended)) for minute in minutes
    ]
    at, highest = max(counts, key=lambda pair: pair[1])
    summary = f"{sum(count for _, count in counts):,} in the last {len(counts)} minutes"
    if highest:
        summary += f", at most {highest:,} a minute (the dashed line), at {at}"
    svg = format_html(
        '<svg class="{}" viewBox="0 0 {} 100" preserveAspectRatio="none" role="img"'
        ' aria-label="{}: {}">{}</svg>',
        *(ended, 10 * len(counts), title, summary, _bars(counts, highest)),
    )
    return Plot(title=title, svg=svg, summary=summary)


def _bars(counts: Sequence[tuple[str, int]], highest: int) -> SafeString:
    # A single failure among thousands can still be seen.
    heights = [max(2.0, 100.0 * count / highest) if count else 0.0 for _, count in counts]
    return format_html_join(
        "",
        '<rect x="{}" y="{}" width="8" height="{}"><title>{}: {}</title></rect>',
        (
            (10 * place + 1, f"{100 - height:.1f}", f"{height:.1f}", clock, count)
            for place, ((clock, count), height) in enumerate(zip(counts, heights, strict=True))
            if count
        ),
    )
