"""Measures one step: a contender with workers, a load offered to it, and what came of both."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import os
import time
from typing import TYPE_CHECKING, Any, Final, Literal

from engine.contenders.contender import ContenderError
from loadtests.assembling import Observed, step_of
from loadtests.fleet import environment_of, meter_folder, working_fleet
from loadtests.generation import Generation
from loadtests.knobs import applied, knob_named
from loadtests.order import Arrivals, Order
from loadtests.probes import Probes
from loadtests.tally import count_outstanding, tally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from engine.contenders.contender import Site
    from loadtests.fleet import Fleet
    from loadtests.laboratory import Bench
    from loadtests.order import Outcome
    from reports.load_steps import Step

Spacing = Literal["poisson", "uniform"]
DRAIN_POLL_SECONDS: Final = 0.3


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Senders:
    """How the generator sends: one user in each of several processes if the driver blocks."""

    processes: int
    users: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class StepPlan:
    """What to measure.

    Attributes:
        id: unique within the run.
        arrivals: warm-up included.
        workload: the document of the jobs.
        workers: processes that run tasks.
        settings: of the contender; those that it does not know are left out.
        knob: a setting that is changed for this step; "" for none.
        drain_seconds: after the load, wait so long for what is left; 0 to leave it.
    """

    id: str
    phase: str
    arrivals: Arrivals
    warmup_seconds: float
    window_seconds: float
    workload: Mapping[str, Any]
    workers: int
    settings: Mapping[str, Any]
    seed: int
    block: int | None = None
    arm: str = ""
    knob: str = ""
    bystander_rate: float = 0.0
    drain_seconds: float = 0.0


def steady(rate: float, spacing: Spacing, seconds: float) -> Arrivals:
    """Return arrivals at one rate, a moment longer than asked for, so that the window is full."""
    return Arrivals(kind=spacing, pieces=((seconds + 0.25, rate),))


def observe(
    bench: Bench,
    plan: StepPlan,
    senders: Senders,
    place: int,
    on_begin: Callable[[int], None] = lambda _: None,
) -> Observed:
    """Carry a plan out and return all that was seen; no process of it is left.

    ``on_begin`` is told when the first task was sent, on CLOCK_MONOTONIC.

    Raises:
        GeneratorError: the load generator did not report.
        ContenderError: the workers did not start, or the contender could not be emptied.
    """
    with _placed(bench, plan) as (site, workload):
        started_at = datetime.datetime.now(tz=datetime.UTC).isoformat(timespec="seconds")
        with working_fleet(bench.contender, site, site.folder / "logs") as fleet:
            order = _order(bench, plan, senders, workload, site)
            outcome, probes = _offer(
                bench, fleet, site, order, drain_seconds=plan.drain_seconds, on_begin=on_begin
            )
        return Observed(
            plan=plan,
            order=place,
            target=bench.target({plan.knob: plan.arm} if plan.knob else {}),
            senders=senders,
            started_at=started_at,
            outcome=outcome,
            tally=tally(site.ledger),
            probes=probes,
            left_ns=time.monotonic_ns(),
        )


def measure(bench: Bench, plan: StepPlan, senders: Senders, place: int) -> Step:
    """Carry a plan out and return its step, not judged yet.

    Raises:
        ContenderError: its database or broker died meanwhile, too: such a step is none.
    """
    seen = observe(bench, plan, senders, place)
    check_survived(bench, plan)
    return step_of(seen)


def check_survived(bench: Bench, plan: StepPlan) -> None:
    """Raise ContenderError if the queue's database or broker does not answer after a step.

    What it refused, it refused because it was dead: that says nothing of the rate.
    """
    with bench.scratch(f"{plan.id}-after") as site:
        try:
            bench.contender.held(site)
        except ContenderError as error:
            raise ContenderError(f"{plan.id} measured nothing: {error}") from error


@contextlib.contextmanager
def _placed(bench: Bench, plan: StepPlan) -> Iterator[tuple[Site, Mapping[str, Any]]]:
    """Give the place of a step, empty, with its knob turned; its folder is removed afterwards.

    It is emptied first: a knob may fill tables.
    """
    with bench.scratch(plan.id, plan.workers, plan.settings) as site:
        bench.contender.empty(site)
        if not plan.knob:
            yield site, plan.workload
            return
        with applied(knob_named(plan.knob), site, plan.workload) as turned:
            yield turned


def _order(
    bench: Bench, plan: StepPlan, senders: Senders, workload: Mapping[str, Any], site: Site
) -> Order:
    return Order(
        producer=bench.contender.producer,
        seed=plan.seed,
        arrivals=plan.arrivals,
        workload=workload,
        bystander_rate=plan.bystander_rate,
        processes=senders.processes,
        users=senders.users,
        warmup_seconds=plan.warmup_seconds,
        window_seconds=plan.window_seconds,
        results=str(site.folder / "outcome.json"),
    )


def _offer(
    bench: Bench,
    fleet: Fleet,
    site: Site,
    order: Order,
    *,
    drain_seconds: float,
    on_begin: Callable[[int], None],
) -> tuple[Outcome, Probes]:
    begin = _Begin(site.ledger, on_begin)
    environment = environment_of(bench.contender, site)
    with Generation(bench.contender.python(), order, environment) as generation:

        def roots() -> Mapping[str, Sequence[int]]:
            return {
                "generator": [generation.pid],
                "worker": fleet.pids(),
                "harness": [os.getpid()],
            }

        def tick() -> None:
            fleet.tend()
            begin.look()

        with Probes(bench.database, bench.broker_pids(), roots, meter_folder(site)) as probes:
            outcome = generation.wait(tick)
            _drain(site.ledger, fleet, drain_seconds)
    return outcome, probes


class _Begin:
    """Notices the first task that is sent."""

    def __init__(self, ledger: Path, on_begin: Callable[[int], None]) -> None:
        self._ledger = ledger
        self._on_begin = on_begin
        self._has_begun = False

    def look(self) -> None:
        if self._has_begun:
            return
        sent = tally(self._ledger).sent.times
        if len(sent):
            self._has_begun = True
            self._on_begin(int(sent.min()))


def _drain(ledger: Path, fleet: Fleet, seconds: float) -> None:
    """Wait until every acknowledged task's body ended, or time is up."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and count_outstanding(ledger):
        fleet.tend()
        time.sleep(DRAIN_POLL_SECONDS)
