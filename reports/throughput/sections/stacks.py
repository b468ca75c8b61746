"""Layers over the offered rate: waits and CPU are both drawn like this."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from reports.ink import ink
from reports.throughput.blocks import Key
from reports.throughput.drawing import plain_axis
from reports.throughput.palette import SERIES, hatch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes

    from reports.load_steps import Step
    from reports.throughput.pieces import Piece


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One layer of a stack; the same name has the same look in every panel."""

    name: str
    label: Piece
    place: int

    @property
    def color(self) -> str:
        """The name of its colour."""
        return SERIES[self.place % len(SERIES)]

    def key(self) -> Key:
        """Its entry in the legend."""
        return Key(label=self.label, color=self.color, shape="area", marker=hatch(self.place))


def ramp(steps: Sequence[Step]) -> list[Step]:
    """Return one step for each rate, the first that ran, by rate."""
    by_rate: dict[float, Step] = {}
    for step in sorted(steps, key=lambda step: step.order):
        by_rate.setdefault(step.offered_rate, step)
    return [by_rate[offered] for offered in sorted(by_rate)]


def paint_layers(
    axes: Axes, rates: Sequence[float], layers: Sequence[Layer], values: Mapping[str, list[float]]
) -> None:
    """Stack the layers over the rates."""
    floor = [0.0] * len(rates)
    for layer in layers:
        top = [low + high for low, high in zip(floor, values[layer.name], strict=True)]
        axes.fill_between(
            rates,
            floor,
            top,
            facecolor=ink(layer.color),
            edgecolor=ink("paper"),
            hatch=hatch(layer.place) or None,
            linewidth=0.8,
        )
        floor = top
    axes.set_xlim(min(rates), max(rates))
    axes.set_ylim(bottom=0)
    axes.set_xlabel("offered, tasks per second")
    plain_axis(axes.xaxis)
    plain_axis(axes.yaxis)
