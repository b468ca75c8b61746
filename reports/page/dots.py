"""Every task as a dot: which ones are drawn where there are too many, and how each fate looks."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, TypeVar

from matplotlib import patheffects

from reports.ink import ink
from reports.page.fates import Fate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from reports.page.fates import TaskPoint
    from reports.page.series import Buckets

    _Point = TypeVar("_Point")

MOST_DOTS: Final = 4000
MOST_OF_A_FATE: Final = 600
"""How many of each fate but the common ones are drawn at most, in a crowd."""

LOWEST_SECONDS: Final = 0.001
_CROWD: Final = 1000
_COMMON: Final = frozenset({Fate.OK, Fate.RETRIED})
_LOOKS: Final[dict[Fate, tuple[str, str, float]]] = {
    Fate.OK: ("o", "blue", 4.0),
    Fate.RETRIED: ("s", "orange", 5.0),
    Fate.DEAD_LETTERED: ("v", "green", 6.5),
    Fate.UNKNOWN: ("^", "quiet", 6.0),
    Fate.DUPLICATED: ("D", "purple", 6.0),
    Fate.STUCK: ("P", "ink", 7.0),
    Fate.LOST: ("X", "vermillion", 8.0),
}


def choose_dots(points: Sequence[TaskPoint]) -> list[TaskPoint]:
    """Choose what is drawn, evenly over time: all of the rare fates, and of the others a sample."""
    if len(points) <= MOST_DOTS:
        return list(points)
    chosen: list[TaskPoint] = []
    for fate in (fate for fate in Fate if fate not in _COMMON):
        chosen += _sample([point for point in points if point.fate is fate], MOST_OF_A_FATE)
    common = [point for point in points if point.fate in _COMMON]
    chosen += _sample(common, MOST_DOTS - len(chosen))
    return sorted(chosen, key=lambda point: point.due)


def describe_dots(points: Sequence[TaskPoint], drawn: Sequence[TaskPoint]) -> str:
    """Say how many tasks there are, what became of them, and whether all are drawn."""
    counts = Counter(point.fate for point in points)
    said = ", ".join(f"{counts[fate]:,} {fate}" for fate in Fate if counts[fate])
    noun = "task" if len(points) == 1 else "tasks"
    sentence = f"{len(points):,} {noun}: {said}." if points else "No task."
    if len(drawn) == len(points):
        return sentence
    return (
        f"{sentence} {len(drawn):,} of them are drawn: a sample of those that ended well, even "
        f"over time, and of every other fate at most {MOST_OF_A_FATE}."
    )


def is_crowd(drawn: Sequence[TaskPoint]) -> bool:
    """Tell whether there are so many dots that they hide what lies below."""
    return len(drawn) > _CROWD


def limits(points: Sequence[TaskPoint]) -> tuple[float, float, float]:
    """The lowest and the highest wait of the axis, and where never is."""
    waits = [max(p.waited, LOWEST_SECONDS) for p in points if p.waited is not None]
    lowest, highest = min(waits, default=LOWEST_SECONDS), max([*waits, 10 * LOWEST_SECONDS]) * 1.6
    has_never = any(point.waited is None for point in points)
    never = highest * 2.2
    return lowest * 0.7, never * 1.9 if has_never else highest, never


def paint_dots(axes: Axes, points: Sequence[TaskPoint], drawn: Sequence[TaskPoint]) -> None:
    """Draw the chosen tasks, the worst fates on top, with a legend that counts all of them."""
    low, high, never = limits(points)
    counts = Counter(point.fate for point in points)
    for fate in Fate:
        mine = [point for point in drawn if point.fate is fate]
        if mine:
            label = f"{fate} ({counts[fate]:,})"
            _paint_fate(axes, fate, mine, never, label, is_crowded=is_crowd(drawn))
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    if any(point.waited is None for point in points):
        axes.axhline(never / 1.5, color=ink("quiet"), linewidth=0.8, linestyle=":")


def paint_quantiles(axes: Axes, median: Buckets, tail: Buckets, *, is_crowded: bool) -> None:
    """Draw the median and a high quantile: over a crowd of dots, else below them."""
    rim = [patheffects.withStroke(linewidth=3.6, foreground=ink("paper"))]
    for buckets, style, label in ((median, "-", "median"), (tail, ":", "95 %")):
        middles = [edge + buckets.width / 2 for edge in buckets.edges[:-1]]
        values = [
            float("nan") if value is None else max(value, LOWEST_SECONDS)
            for value in buckets.values
        ]
        axes.plot(
            middles,
            values,
            color=ink("ink"),
            linestyle=style,
            linewidth=1.5,
            label=label,
            path_effects=rim if is_crowded else None,
            zorder=6 if is_crowded else 1.5,
        )


def _sample(points: Sequence[_Point], most: int) -> list[_Point]:
    """Take at most so many, at even steps."""
    if len(points) <= most:
        return list(points)
    return [points[number * len(points) // most] for number in range(most)]


def _paint_fate(
    axes: Axes,
    fate: Fate,
    points: Sequence[TaskPoint],
    never: float,
    label: str,
    *,
    is_crowded: bool,
) -> None:
    marker, colour, size = _LOOKS[fate]
    is_small = fate in _COMMON and is_crowded
    waits = [never if p.waited is None else max(p.waited, LOWEST_SECONDS) for p in points]
    axes.plot(
        [point.due for point in points],
        waits,
        linestyle="none",
        marker=marker,
        markersize=size * 0.65 if is_small else size,
        markerfacecolor=ink(colour),
        markeredgecolor="none" if fate is Fate.OK else ink("paper"),
        markeredgewidth=0.6,
        alpha=0.7 if fate is Fate.OK else None,
        label=label,
        zorder=2 if fate is Fate.OK else 5,
    )
