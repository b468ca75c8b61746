"""Looks for the knee of one contender on one database, then for what limits it there."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Final

from engine.contenders import contender_named
from loadtests.analysis.bottleneck import find_bottleneck
from loadtests.analysis.knee import Answer, KneeSettings, drive, search
from loadtests.analysis.prediction import predict
from loadtests.calibration import calibrate
from loadtests.environment import database_facts
from loadtests.experiments.flipping import flip_plans, flip_ratios
from loadtests.experiments.scaling import scale_fit, scale_plans
from loadtests.judging import judged, usual_service_ms
from loadtests.measuring import StepPlan, measure, steady
from reports.load_schema import Bystander

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from loadtests.analysis.knee import Trial
    from loadtests.announcing import Announcer
    from loadtests.book import Book
    from loadtests.laboratory import Laboratory
    from loadtests.profile import KneeProfile
    from reports.load_schema import Bottleneck, Knee, Prediction, Ratio
    from reports.load_steps import Step

START_SECONDS: Final = 6.0
"""What a step takes beside its load, with a process for each sender."""

CORES: Final = (2, 4, 8)
"""Machines for which the capacity is predicted."""


class FindingTheKnee:
    """One search, its flips, and the application's own queries beside the queue."""

    def __init__(
        self, profile: KneeProfile, laboratory: Laboratory, database: str, announcer: Announcer
    ) -> None:
        self._profile = profile
        self._bench = laboratory.bench(contender_named(profile.contender), database)
        self._announcer = announcer
        self._knee: Knee | None = None

    def run(self, book: Book) -> None:
        """Search, hold, flip, and look beside the queue; each step once."""
        self._announcer.phase("calibrating the generator")
        book.describe(
            contenders=(self._bench.facts(self._profile.workers),),
            databases=(database_facts(self._bench.database),),
        )
        self._calibrate(book)
        self._announcer.phase("looking for the knee")
        settings = KneeSettings(**dataclasses.asdict(self._profile.search))
        if not self._profile.hold_seconds:
            settings = dataclasses.replace(settings, hold_share=0.0)
        trials = search(settings, self._bench.target(), book.manifest.seed)
        self._knee = drive(trials, lambda trial: self._answer(book, trial))
        for plan in self._after(self._knee, book):
            self._announcer.phase(f"{plan.phase}: {plan.arm or plan.id}")
            self._measure(book, plan)
        self._scale(self._knee, book)

    def conclude(self, book: Book) -> None:
        """Store the knee, the ratios, the bottleneck and the prediction of what was measured."""
        if self._knee is None:
            return
        steps = book.steps
        ratios = flip_ratios(self._profile, steps, self._bench, book.manifest.seed)
        book.find(
            knees=(self._knee,),
            ratios=ratios,
            bottlenecks=(self._bottleneck(self._knee, steps, ratios),),
            predictions=self._predictions(self._knee, book),
            bystanders=tuple(_bystanders(self._profile, self._knee, steps)),
            usl=scale_fit(steps, book.manifest.seed),
        )

    def _scale(self, knee: Knee, book: Book) -> None:
        """Measure more workers as long as the profile's time lasts: these figures are secondary."""
        for plan in scale_plans(self._profile, knee, book.manifest.seed):
            seconds = START_SECONDS + plan.warmup_seconds + plan.window_seconds
            if not book.holds(plan.id) and book.seconds() + seconds > self._profile.budget_seconds:
                self._announcer.say("no time is left to measure what more workers bring")
                return
            self._announcer.phase(f"{plan.arm} workers")
            self._measure(book, plan)

    def _bottleneck(self, knee: Knee, steps: Sequence[Step], ratios: Sequence[Ratio]) -> Bottleneck:
        idle = next((step for step in steps if step.id == _bystander_id(0.0)), None)
        return find_bottleneck(
            knee.target,
            knee,
            steps,
            ratios,
            idle=idle,
            workers=self._profile.workers,
            work_ms=self._profile.workload.mean_work_ms(),
        )

    def _predictions(self, knee: Knee, book: Book) -> tuple[Prediction, ...]:
        flush_us = book.manifest.environment.get("fsync_us_p50")
        flush_ms = None if flush_us is None else flush_us / 1000
        return predict(
            knee.target,
            knee,
            book.steps,
            cores=CORES,
            single_core_roles=("broker",),
            flush_ms=flush_ms,
        )

    def _calibrate(self, book: Book) -> None:
        self._calibration, self._senders = calibrate(
            self._bench,
            plan=self._profile.senders,
            max_rate=self._profile.search.max_rate,
            seed=book.manifest.seed,
        )
        book.describe(calibration=(self._calibration,))

    def _answer(self, book: Book, trial: Trial) -> Answer:
        profile = self._profile
        self._announcer.phase(f"{trial.phase} at {trial.rate:g}/s")
        is_hold = trial.phase == "hold"
        window_seconds = profile.hold_seconds if is_hold else profile.window_seconds
        plan = self._plan(
            trial.id,
            trial.phase,
            trial.rate,
            warmup_seconds=profile.warmup_seconds,
            window_seconds=window_seconds,
            seed=book.manifest.seed + trial.number,
        )
        step = self._measure(book, plan)
        return Answer(step=step.id, verdict=step.verdict)

    def _after(self, knee: Knee, book: Book) -> Iterator[StepPlan]:
        """Yield the steps that follow the search."""
        yield from flip_plans(self._profile, knee, self._bench, book.manifest.seed)
        if knee.low is None:
            return
        bystander = self._profile.bystander
        for share in bystander.shares:
            yield self._plan(
                _bystander_id(share),
                "bystander",
                share * knee.low,
                warmup_seconds=self._profile.warmup_seconds,
                window_seconds=bystander.window_seconds,
                seed=book.manifest.seed,
                bystander_rate=bystander.rate,
            )

    def _plan(
        self,
        id_: str,
        phase: str,
        rate: float,
        *,
        warmup_seconds: float,
        window_seconds: float,
        **more: Any,
    ) -> StepPlan:
        return StepPlan(
            id=id_,
            phase=phase,
            arrivals=steady(rate, self._profile.spacing, warmup_seconds + window_seconds),
            warmup_seconds=warmup_seconds,
            window_seconds=window_seconds,
            workload=self._profile.workload.to_document(),
            workers=self._profile.workers,
            settings=self._profile.settings(),
            **more,
        )

    def _measure(self, book: Book, plan: StepPlan) -> Step:
        is_known = book.holds(plan.id)
        step = book.step(plan.id, lambda place: self._judged(book, plan, place))
        if not is_known:
            self._announcer.step(step)
        return step

    def _judged(self, book: Book, plan: StepPlan, place: int) -> Step:
        step = measure(self._bench, plan, self._senders, place)
        if plan.phase not in {"ramp", "bisect", "confirm", "hold"}:
            return step
        return judged(
            step,
            self._profile.rules,
            null_rate=self._calibration.null_rate,
            usual_service_ms=usual_service_ms(book.steps),
        )


def _bystander_id(share: float) -> str:
    return f"bystander-{share * 100:.0f}"


def _bystanders(profile: KneeProfile, knee: Knee, steps: Sequence[Step]) -> Iterator[Bystander]:
    found = {step.id: step for step in steps}
    for share in profile.bystander.shares:
        step = found.get(_bystander_id(share))
        if step is not None:
            own = {
                name: latency
                for name, latency in step.latency.items()
                if name.startswith("bystander_")
            }
            yield Bystander(
                target=knee.target,
                load_share=share,
                rate=step.offered_rate,
                step=step.id,
                latency=own,
            )
