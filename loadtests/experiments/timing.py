"""Replays a load over time and looks at it window by window: bursts, soaks, days, idle hours."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import TYPE_CHECKING, Final

from engine.contenders import contender_named
from loadtests.assembling import windows_of
from loadtests.calibration import calibrate
from loadtests.environment import database_facts
from loadtests.events import happening
from loadtests.measuring import StepPlan, check_survived, observe

if TYPE_CHECKING:
    from loadtests.announcing import Announcer
    from loadtests.book import Book
    from loadtests.laboratory import Laboratory
    from loadtests.profile import TimelineProfile
    from reports.load_steps import Step

PHASE: Final = "timeline"
LOWEST_PEAK: Final = 1.0


class Timing:
    """One timeline on one database."""

    def __init__(
        self, profile: TimelineProfile, laboratory: Laboratory, database: str, announcer: Announcer
    ) -> None:
        self._profile = profile
        self._bench = laboratory.bench(contender_named(profile.contender), database)
        self._announcer = announcer

    def run(self, book: Book) -> None:
        """Offer the whole load once; it is stored when it is over, and cannot be had in parts."""
        self._announcer.phase("calibrating the generator")
        book.describe(
            contenders=(self._bench.facts(self._profile.workers),),
            databases=(database_facts(self._bench.database),),
        )
        calibration, senders = calibrate(
            self._bench, plan=self._profile.senders, max_rate=self._peak(), seed=book.manifest.seed
        )
        book.describe(calibration=(calibration,))
        self._announcer.phase("offering the load")
        plan = self._plan(book)
        with contextlib.ExitStack() as stack:
            events = stack.enter_context(happening(self._profile.events, self._bench.database))
            seen = observe(self._bench, plan, senders, 0, on_begin=events.begin)
        for window in windows_of(seen, self._profile.window_seconds):
            self._store(book, window)
        check_survived(self._bench, plan)
        events.check()

    def conclude(self, book: Book) -> None:
        """Conclude nothing: a timeline is read, not judged."""

    def _store(self, book: Book, window: Step) -> None:
        book.step(window.id, lambda place: dataclasses.replace(window, order=place))
        self._announcer.step(window)

    def _peak(self) -> float:
        arrivals = self._profile.arrivals()
        if arrivals.pieces:
            return max(LOWEST_PEAK, *(rate for _, rate in arrivals.pieces))
        return max(LOWEST_PEAK, len(arrivals.times_seconds) / self._profile.duration_seconds())

    def _plan(self, book: Book) -> StepPlan:
        profile = self._profile
        return StepPlan(
            id="window",
            phase=PHASE,
            arrivals=profile.arrivals(),
            warmup_seconds=profile.warmup_seconds,
            window_seconds=profile.duration_seconds() - profile.warmup_seconds,
            workload=profile.workload.to_document(),
            workers=profile.workers,
            settings=profile.settings(),
            seed=book.manifest.seed,
            bystander_rate=profile.bystander_rate,
            drain_seconds=profile.drain_seconds,
        )
