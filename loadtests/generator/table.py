"""What a plain Locust run prints at its end: the true latencies, with Locust's own line beside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from loadtests.generator.histograms import merge
from loadtests.generator.recording import INTENDED, LOOP_LAG, SEND_LAG, SERVICE
from loadtests.generator.timetable import SECOND_NS

if TYPE_CHECKING:
    from loadtests.order import Order, Outcome

_MEANINGS: Final = {
    SERVICE: "send to reply",
    SEND_LAG: "intended time to send",
    INTENDED: "intended time to reply",
    LOOP_LAG: "how late a timer of the generator fired",
}
_DIFFERENCE: Final = (
    "Locust's own line begins when a task was sent: the time that a task waited for a free sender "
    "is missing there, and is in the line of the intended time."
)


def table(title: str, order: Order, outcome: Outcome) -> str:
    """Return the lines of the table as one text."""
    if outcome.window_ns[0] == outcome.window_ns[1]:
        return f"{title}: stopped before the warm-up was over, so there is nothing to tell."
    lines = [_headline(title, order, outcome), ""]
    lines.append(f"{'milliseconds':<14}{'p50':>10}{'p95':>10}{'p99':>10}{'max':>10}")
    for name, meaning in _MEANINGS.items():
        if name in outcome.histograms:
            lines.append(_row(name.replace("_", " "), _measured(outcome, name), meaning))
    own = [outcome.locust[name] for name in ("p50_ms", "p95_ms", "p99_ms", "max_ms")]
    lines.append(_row("Locust's own", own, "send to reply, rounded as Locust does"))
    return "\n".join([*lines, "", _DIFFERENCE])


def _headline(title: str, order: Order, outcome: Outcome) -> str:
    begin_ns, end_ns = outcome.window_ns
    seconds = (end_ns - begin_ns) / SECOND_NS
    sent_rate = outcome.sent / seconds if seconds else 0.0
    errors = ", ".join(f"{count} x {name}" for name, count in sorted(outcome.errors.items()))
    return (
        f"{title}: {order.arrivals.pieces[0][1]:g}/s asked for, {sent_rate:.1f}/s sent over "
        f"{seconds:.1f} s; {outcome.planned} planned, {outcome.sent} sent, "
        f"{outcome.acknowledged} acknowledged, errors: {errors or 'none'}; "
        f"the busiest sending process took {outcome.cpu_share_max:.0%} of a core"
    )


def _measured(outcome: Outcome, name: str) -> list[float | None]:
    histogram = merge([outcome.histograms[name]])
    if not histogram.get_total_count():
        return [None] * 4
    found = histogram.get_percentile_to_value_dict([50, 95, 99])
    return [*(found[share] / 1000 for share in (50, 95, 99)), histogram.get_max_value() / 1000]


def _row(name: str, values: list[float | None], meaning: str) -> str:
    cells = "".join(f"{'-' if value is None else f'{value:.1f}':>10}" for value in values)
    return f"{name:<14}{cells}   {meaning}"
