"""Puts contenders side by side: in each block every one runs once, and the reference twice.

The load of one cell is a moderate rate, then a burst that is more than any of them takes, then the
drain: so one start gives latencies, the throughput under overload, and the workers' own pace.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

from engine.contenders import contender_named
from loadtests.analysis.statistics import abba_order
from loadtests.assembling import span_of
from loadtests.calibration import calibrate
from loadtests.environment import database_facts
from loadtests.experiments.contrasts import A_A, contrasts
from loadtests.measuring import StepPlan, check_survived, observe
from loadtests.order import Arrivals
from loadtests.semantics import run_trial
from loadtests.tally import Window

if TYPE_CHECKING:
    from collections.abc import Mapping

    from loadtests.announcing import Announcer
    from loadtests.assembling import Observed
    from loadtests.book import Book
    from loadtests.kills import Fault
    from loadtests.laboratory import Bench, Laboratory
    from loadtests.measuring import Senders
    from loadtests.plans import Reference
    from loadtests.profile import CompareProfile
    from reports.load_schema import Semantics
    from reports.load_steps import Step

PHASE: Final = "compare"
RATE: Final = "rate"
BURST: Final = "burst"
BESIDE_A_BROKER: Final = "postgresql"
"""The application's own database beside a queue that needs none."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One contender with its servers, ready to be measured."""

    label: str
    bench: Bench
    senders: Senders


class Comparing:
    """All contenders of a profile."""

    def __init__(
        self, profile: CompareProfile, laboratory: Laboratory, announcer: Announcer
    ) -> None:
        self._profile = profile
        self._laboratory = laboratory
        self._announcer = announcer
        self._benches = {label_of(cell): self._bench(cell) for cell in profile.cells()}

    def run(self, book: Book) -> None:
        """Run all blocks, then all kills; each cell and each trial once."""
        self._describe(book)
        if self._profile.blocks:
            self._compare(book)
        for label, bench in self._benches.items():
            for fault in self._profile.semantics.faults:
                self._announcer.phase(f"kills: {label}, {fault}")
                self._kill(book, bench, fault)

    def _compare(self, book: Book) -> None:
        cells = self._calibrated(book)
        reference = label_of(self._profile.reference)
        arms = {**cells, A_A: dataclasses.replace(cells[reference], label=A_A)}
        for block, label in abba_order(tuple(arms), self._profile.blocks, book.manifest.seed):
            self._announcer.phase(f"block {block + 1} of {self._profile.blocks}: {label}")
            self._measure(book, arms[label], block)

    def conclude(self, book: Book) -> None:
        """Store each contender's ratios against the reference."""
        reference = label_of(self._profile.reference)
        titles = {label: bench.contender.title for label, bench in self._benches.items()}
        book.find(ratios=contrasts(book.steps, reference, titles, book.manifest.seed))

    def _bench(self, cell: Reference) -> Bench:
        self._announcer.phase(f"preparing {label_of(cell)}")
        contender = contender_named(cell.contender)
        return self._laboratory.bench(contender, cell.database or BESIDE_A_BROKER)

    def _describe(self, book: Book) -> None:
        databases = {bench.database.name: bench.database for bench in self._benches.values()}
        book.describe(
            contenders=tuple(
                bench.facts(self._profile.workers) for bench in self._benches.values()
            ),
            databases=tuple(database_facts(database) for database in databases.values()),
        )

    def _calibrated(self, book: Book) -> Mapping[str, Cell]:
        cells, calibrations = {}, []
        for label, bench in self._benches.items():
            self._announcer.phase(f"calibrating {label}")
            calibration, senders = calibrate(
                bench,
                plan=self._profile.senders,
                max_rate=self._profile.burst_rate,
                seed=book.manifest.seed,
            )
            calibrations.append(calibration)
            cells[label] = Cell(label=label, bench=bench, senders=senders)
        book.describe(calibration=tuple(calibrations))
        return cells

    def _measure(self, book: Book, cell: Cell, block: int) -> None:
        """Measure a cell, unless the book holds both of its steps."""
        names = {part: f"{cell.label.replace('/', '')}-{part}-b{block}" for part in (RATE, BURST)}
        if all(book.holds(name) for name in names.values()):
            return
        plan = self._plan(cell, block, book)
        seen = observe(cell.bench, plan, cell.senders, 0)
        check_survived(cell.bench, plan)
        for part, window in self._windows(seen).items():
            self._store(book, span_of(seen, window, names[part]))

    def _store(self, book: Book, step: Step) -> None:
        book.step(step.id, lambda place: dataclasses.replace(step, order=place))
        self._announcer.step(step)

    def _windows(self, seen: Observed) -> dict[str, Window]:
        profile = self._profile
        calm = seen.outcome.begun_ns + int(profile.warmup_seconds * 1e9)
        burst = calm + int(profile.window_seconds * 1e9)
        end = burst + int(profile.burst_seconds * 1e9)
        return {
            RATE: Window(begin_ns=calm, end_ns=burst),
            BURST: Window(begin_ns=burst, end_ns=end),
        }

    def _plan(self, cell: Cell, block: int, book: Book) -> StepPlan:
        profile = self._profile
        calm_seconds = profile.warmup_seconds + profile.window_seconds
        pieces = ((calm_seconds, profile.rate), (profile.burst_seconds, profile.burst_rate))
        return StepPlan(
            id=f"{cell.label.replace('/', '')}-b{block}",
            phase=PHASE,
            arrivals=Arrivals(kind=profile.spacing, pieces=pieces),
            warmup_seconds=profile.warmup_seconds,
            window_seconds=profile.window_seconds + profile.burst_seconds,
            workload=profile.workload.to_document(),
            workers=profile.workers,
            settings=profile.settings(),
            seed=book.manifest.seed + block,
            block=block,
            arm=cell.label,
            drain_seconds=profile.drain_seconds,
        )

    def _kill(self, book: Book, bench: Bench, fault: Fault) -> None:
        target = bench.target()
        done = {
            (trial.target.contender, trial.target.database, trial.fault)
            for trial in book.findings.semantics
        }
        if (target.contender, target.database, fault) in done:
            return
        trial = self._trial(bench, fault, book.manifest.seed)
        book.find(semantics=(*book.findings.semantics, trial))
        self._announcer.trial(trial)

    def _trial(self, bench: Bench, fault: Fault, seed: int) -> Semantics:
        plan, settings = self._profile.semantics, self._profile.settings()
        with bench.scratch(f"kills-{fault}", plan.workers, settings) as site:
            return run_trial(bench.contender, site, plan, fault, seed=seed)


def label_of(cell: Reference) -> str:
    """Name a contender with the database that it queues in."""
    return " on ".join(filter(None, (cell.contender, cell.database)))
