"""Measures small steps as a run does, with a fault that happens in the middle if one is given.

The faults are far larger than what neighbours on a shared machine do to a step, so a failure
counts here even if others had much of the CPU meanwhile; a run would call such a step void.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import functools
import time
from typing import TYPE_CHECKING, Final

import pytest

from loadtests.analysis.bottleneck import find_bottleneck
from loadtests.analysis.gate import Gate
from loadtests.assembling import step_of
from loadtests.distributions import Constant
from loadtests.judging import judged
from loadtests.measuring import Senders, StepPlan, observe, steady
from loadtests.plans import Rules
from loadtests.workload import TaskKind, Workload
from reports.load_schema import Knee

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from loadtests.laboratory import Bench
    from reports.load_schema import Bottleneck
    from reports.load_steps import Step

FEW: Final = Senders(processes=1, users=4)
RULES: Final = Rules(end_to_end_p99_ms=1000.0, intended_p99_ms=500.0)
"""Wide enough for the noise of a shared machine; each fault is larger."""

NULL_RATE: Final = 1000.0
WARMUP_SECONDS: Final = 1.0
FAULT_AT_SECONDS: Final = 2.0
"""Since the first task was sent: within the window."""

ATTEMPTS: Final = 3


def plan(
    id_: str,
    rate: float,
    *,
    window_seconds: float = 4.0,
    workers: int = 2,
    sleep_seconds: float = 0.1,
    knob: str = "",
) -> StepPlan:
    """Return the plan of a step of empty tasks."""
    return StepPlan(
        id=id_,
        phase="ramp",
        arrivals=steady(rate, "poisson", WARMUP_SECONDS + window_seconds),
        warmup_seconds=WARMUP_SECONDS,
        window_seconds=window_seconds,
        workload=workload(0.0).to_document(),
        workers=workers,
        settings={"sleep_seconds": sleep_seconds},
        seed=1,
        knob=knob,
        arm=knob,
    )


def workload(work_ms: float) -> Workload:
    """Return tasks that wait for so long, each the same."""
    return Workload(tasks=(TaskKind(name="nap", work_ms=Constant(value=work_ms)),))


def measured(
    bench: Bench,
    step: StepPlan,
    *,
    senders: Senders = FEW,
    usual_service_ms: float | None = None,
    fault: Callable[[], None] | None = None,
) -> Step:
    """Carry a plan out, with a fault in the middle, and judge what came of it."""
    with _happening(fault) as begin:
        seen = observe(bench, step, senders, 0, begin)
    with forgiving():
        return judged(step_of(seen), RULES, null_rate=NULL_RATE, usual_service_ms=usual_service_ms)


def measured_calmly(bench: Bench, step: StepPlan, *, senders: Senders = FEW) -> Step:
    """Carry a harmless plan out, again if a neighbour's noise has failed it."""
    for _ in range(ATTEMPTS):
        found = measured(bench, step, senders=senders)
        if found.verdict == "pass":
            break
    assert found.verdict == "pass", (found.reasons, found.generator.reasons)
    return found


@contextlib.contextmanager
def forgiving() -> Iterator[None]:
    """Let a failure count on a machine that others use too."""
    gate = functools.partial(Gate, void_steal_share=1.0, void_foreign_share=1.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("loadtests.analysis.rules.Gate", gate)
        yield


def suspected(step: Step) -> Bottleneck:
    """Return what a run would say of a step, were it the one at which the queue saturated."""
    high = step.offered_rate
    knee = Knee(target=step.target, status="bracketed", low=high / 2, high=high, repeats=())
    failed = dataclasses.replace(step, verdict="fail")
    return find_bottleneck(step.target, knee, [failed], [], workers=2, work_ms=0.0)


def confidence(step: Step, label: str) -> str:
    """Return how well it is known that something would limit the queue there."""
    found = {suspect.label: suspect.confidence for suspect in suspected(step).suspects}
    return found.get(label, "unknown")


@contextlib.contextmanager
def _happening(fault: Callable[[], None] | None) -> Iterator[Callable[[int], None]]:
    """Give what is told of the first task: the fault happens at its time after that, once."""
    happened: list[concurrent.futures.Future[None]] = []
    with concurrent.futures.ThreadPoolExecutor(1) as pool:

        def begin(begun_ns: int) -> None:
            if fault is not None:
                happened.append(pool.submit(_happen, fault, begun_ns))

        yield begin
        assert bool(happened) == (fault is not None)
        for each in happened:
            each.result()


def _happen(fault: Callable[[], None], begun_ns: int) -> None:
    time.sleep(max(0.0, begun_ns / 1e9 + FAULT_AT_SECONDS - time.monotonic()))
    fault()
