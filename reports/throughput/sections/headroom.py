"""The forecast against the capacity, month by month."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from reports.ink import ink
from reports.throughput.answer import STAY_FROM, TUNE_FROM, peak_at
from reports.throughput.blocks import Figure, Key, Panel, Table, columns
from reports.throughput.drawing import draw, plain_axis
from reports.throughput.pieces import plain, say
from reports.throughput.quantities import number, rate, ratio

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from reports.throughput.answer import Answer
    from reports.throughput.forecast import Forecast
    from reports.throughput.verdicts import Verdict

_WIDTH = 480
_STYLES = {"low": "dotted", "expected": "solid", "high": "dashed"}
_ROWS_MOST = 12


def headroom_figure(verdict: Verdict, forecast: Forecast) -> Figure | None:
    """Draw the peak of each growth against what the queue holds; None without a capacity."""
    answer = verdict.answer
    if answer.low is None:
        return None
    title = say("Peak and capacity of {case}", case=verdict.case.title)
    drawing = draw(
        "headroom", plain(title), partial(_paint, answer=answer, forecast=forecast), width=_WIDTH
    )
    return Figure(
        title="Headroom",
        caption=say(
            "Where a line of growth leaves the lowest band, the answer changes: below the first "
            "line stay, below the second tune. The capacity is drawn as its bracket."
        ),
        panels=(Panel(title=title, drawing=drawing),),
        is_wide=True,
        keys=_keys(),
        table=_table(answer, forecast),
    )


def _paint(axes: Axes, answer: Answer, forecast: Forecast) -> None:
    months = _months(forecast)
    low = answer.low or 0.0
    high = answer.high if answer.high is not None else low
    axes.axhspan(low, high, facecolor=ink("blue"), alpha=0.25, linewidth=0)
    axes.axhline(low, color=ink("blue"), linewidth=1.4)
    for threshold, style in ((STAY_FROM, "dashdot"), (TUNE_FROM, "dotted")):
        axes.axhline(low / threshold, color=ink("quiet"), linewidth=1.2, linestyle=style)
    for name, monthly in forecast.growth.named():
        peaks = [peak_at(forecast, monthly, month) for month in months]
        shade = ink("vermillion" if name == "expected" else "orange")
        axes.plot(months, peaks, color=shade, linestyle=_STYLES[name])
    axes.set_ylim(0, max(high, peak_at(forecast, forecast.growth.high, months[-1])) * 1.08)
    axes.set_xlim(months[0], max(months[-1], 1))
    axes.set_xlabel("months from the forecast's start")
    axes.set_ylabel("tasks per second")
    plain_axis(axes.xaxis, 8)
    plain_axis(axes.yaxis)


def _months(forecast: Forecast) -> list[int]:
    return list(range(max(forecast.horizon_months, 1) + 1))


def _keys() -> tuple[Key, ...]:
    return (
        Key(label="capacity, from the highest rate held", color="blue", shape="band"),
        Key(label="up to here stay", color="quiet", shape="dashdot"),
        Key(label="up to here tune", color="quiet", shape="dotted"),
        Key(label="peak, low growth", color="orange", shape="dotted"),
        Key(label="peak, expected growth", color="vermillion"),
        Key(label="peak, high growth", color="orange", shape="dashed"),
    )


def _table(answer: Answer, forecast: Forecast) -> Table:
    every = max(1, -(-forecast.horizon_months // _ROWS_MOST))
    low = answer.low or 0.0
    rows = []
    for month in [m for m in _months(forecast) if m % every == 0]:
        peaks = [peak_at(forecast, monthly, month) for _, monthly in forecast.growth.named()]
        rows.append((number(month), *(rate(p) for p in peaks), *(ratio(low / p) for p in peaks)))
    growths = [name for name, _ in forecast.growth.named()]
    names = [f"Peak, {name}" for name in growths] + [f"Headroom, {name}" for name in growths]
    return Table(
        caption="Peak in tasks per second, burst included, and headroom, by month and growth.",
        columns=columns("Month", *names, figures=len(names)),
        rows=tuple(rows),
    )
