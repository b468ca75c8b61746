"""Makes a step, as it is stored, of all that was seen while it was measured; nothing is judged."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

import numpy as np
from hdrh.histogram import HdrHistogram

from loadtests.analysis.backlog import backlog_of
from loadtests.analysis.littles_law import littles_law_error
from loadtests.analysis.statistics import latency_of
from loadtests.probes import per_task
from loadtests.tally import Window
from reports.load_steps import Counts, Generator, Latency, LocustLine, Step

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from loadtests.measuring import Senders, StepPlan
    from loadtests.order import Outcome
    from loadtests.probes import Probes
    from loadtests.tally import Tally, Times
    from reports.load_steps import Target

LOOP_LAG: Final = "loop_lag"
LOWEST_US: Final = 1
HIGHEST_US: Final = 3_600_000_000
DIGITS: Final = 3


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What was seen of one step.

    Attributes:
        left_ns: when the step was left, on CLOCK_MONOTONIC: nothing of it is known after that.
    """

    plan: StepPlan
    order: int
    target: Target
    senders: Senders
    started_at: str
    outcome: Outcome
    tally: Tally
    probes: Probes
    left_ns: int


def step_of(seen: Observed) -> Step:
    """Make the step of the generator's own window, with the histograms that it recorded."""
    begin, end = seen.outcome.window_ns
    window = Window(begin_ns=begin, end_ns=end)
    recorded = {
        name: latency_of(hdr) for name, hdr in seen.outcome.histograms.items() if name != LOOP_LAG
    }
    counts = dataclasses.replace(
        _counts(seen, window),
        planned=seen.outcome.planned,
        sent=seen.outcome.sent,
        acknowledged=seen.outcome.acknowledged,
        errors=seen.outcome.errors,
    )
    return _step(seen, window, id_=seen.plan.id, latency=recorded, counts=counts)


def windows_of(seen: Observed, seconds: float) -> Iterator[Step]:
    """Cut a long load into windows and make a step of each."""
    begin, end = seen.outcome.window_ns
    length = int(seconds * 1e9)
    for number, start in enumerate(range(begin, end - length + 1, length)):
        window = Window(begin_ns=start, end_ns=start + length)
        yield span_of(seen, window, f"{seen.plan.id}-{number:03}")


def span_of(seen: Observed, window: Window, id_: str) -> Step:
    """Make a step of any part of the load, with durations from the ledger.

    It has no line of Locust's: that is of the whole load.
    """
    step = _step(
        seen,
        window,
        id_=id_,
        latency=_from_ledger(seen.tally, window),
        counts=_counts(seen, window),
    )
    return dataclasses.replace(step, locust=None)


def _step(
    seen: Observed, window: Window, *, id_: str, latency: Mapping[str, Latency], counts: Counts
) -> Step:
    plan = seen.plan
    resources = seen.probes.resources(window.begin_ns, window.end_ns)
    backlog = backlog_of(seen.tally, window, since_ns=seen.outcome.begun_ns, until_ns=seen.left_ns)
    latency = {**latency, "end_to_end": _end_to_end(seen, window)}
    return Step(
        id=id_,
        phase=plan.phase,
        order=seen.order,
        target=seen.target,
        block=plan.block,
        arm=plan.arm,
        offered_rate=round(counts.planned / window.seconds, 3),
        warmup_seconds=plan.warmup_seconds,
        window_seconds=window.seconds,
        goodput=round(counts.completed / window.seconds, 3),
        sent_rate=round(counts.sent / window.seconds, 3),
        counts=counts,
        backlog=backlog,
        latency=latency,
        locust=_locust_line(seen.outcome),
        generator=_generator(seen),
        resources=resources,
        per_task=per_task(resources, counts.completed),
        littles_law_error=littles_law_error(seen.tally, window, until_ns=seen.left_ns),
        verdict="measured",
        started_at=seen.started_at,
    )


def _counts(seen: Observed, window: Window) -> Counts:
    done = seen.tally
    sent = len(done.sent.due_within(window).keys)
    return Counts(
        planned=sent,
        sent=sent,
        acknowledged=len(done.acknowledged.due_within(window).keys),
        errors={"refused": refused} if (refused := done.refused.within(window)) else {},
        completed=done.ended.within(window),
        unfinished=len(done.unfinished().keys),
        duplicated=done.duplicated,
    )


def _end_to_end(seen: Observed, window: Window) -> Latency:
    """Return the durations from the intended enqueue to the body's end.

    A task that had not ended when the step was left counts with the time that it had waited by
    then: to leave it out would make an overloaded queue look fast.
    """
    ended = seen.tally.ended.due_within(window)
    waiting = seen.tally.unfinished().due_within(window)
    return _latency(np.concatenate([ended.delays(), seen.left_ns - waiting.intended]))


def _from_ledger(done: Tally, window: Window) -> dict[str, Latency]:
    replied = done.acknowledged.due_within(window)
    return {
        "service": _latency(replied.delays(since=done.sent)),
        "send_lag": _latency(done.sent.due_within(window).delays()),
        "intended": _latency(replied.delays()),
    }


def _latency(durations_ns: Times) -> Latency:
    histogram = HdrHistogram(LOWEST_US, HIGHEST_US, DIGITS)
    for microseconds in np.clip(durations_ns // 1000, LOWEST_US, HIGHEST_US).tolist():
        histogram.record_value(microseconds)
    return latency_of(histogram.encode().decode())


def _generator(seen: Observed) -> Generator:
    recorded = seen.outcome.histograms
    loop_lag = latency_of(recorded[LOOP_LAG]).p99_ms if LOOP_LAG in recorded else None
    send_lag = latency_of(recorded["send_lag"]).p99_ms if "send_lag" in recorded else None
    return Generator(
        processes=seen.senders.processes,
        users=seen.senders.users,
        cpu_share_max=round(seen.outcome.cpu_share_max, 3),
        loop_lag_ms_p99=loop_lag,
        send_lag_ms_p99=send_lag,
        is_limit=False,
    )


def _locust_line(outcome: Outcome) -> LocustLine | None:
    line = outcome.locust
    if not line.get("requests"):
        return None
    return LocustLine(
        requests=int(line["requests"] or 0),
        failures=int(line.get("failures") or 0),
        rate=line.get("rate") or 0.0,
        p50_ms=line.get("p50_ms"),
        p95_ms=line.get("p95_ms"),
        p99_ms=line.get("p99_ms"),
        max_ms=line.get("max_ms"),
    )
