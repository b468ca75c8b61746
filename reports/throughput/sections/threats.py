"""What could make this wrong, and what it does not say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.throughput.blocks import Listing, Section
from reports.throughput.facts import read_facts
from reports.throughput.pieces import code, listed, say, stored
from reports.throughput.quantities import milliseconds, number, rate, several, share
from reports.throughput.wording import machine_name, run_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.load_schema import Calibration
    from reports.throughput.comparability import Refusal
    from reports.throughput.context import Context
    from reports.throughput.pieces import Piece
    from reports.throughput.stored import LoadRun


def section(context: Context) -> Section:
    """List what the stored data says against itself, then what is not claimed."""
    blocks = [
        Listing(title="Threats, as the runs show them", items=tuple(_threats(context))),
        Listing(title="Not claimed", items=tuple(stored(s) for s in read_facts().not_claimed)),
    ]
    if context.refusals:
        refused = tuple(say_refusal(refusal) for refusal in context.refusals)
        blocks.insert(1, Listing(title="Not compared", items=refused))
    return Section(id="threats", title="Threats to validity", blocks=tuple(blocks))


def _threats(context: Context) -> Iterator[Piece]:
    for machine in context.machines:
        yield say("All processes of a run shared {machine}.", machine=machine_name(machine))
    for run in context.runs:
        yield from _of_run(run)


def _of_run(run: LoadRun) -> Iterator[Piece]:
    name = run_name(run)
    if run.manifest.status != "complete":
        yield say(
            "{run} ended before its time ({status}): {reason}",
            run=name,
            status=stored(run.manifest.status),
            reason=stored(run.manifest.reason),
        )
    if not run.has_findings:
        yield say("{run} has no analysis: only its steps are shown.", run=name)
    limited = [s for s in run.steps if s.verdict == "generator_limited" or s.generator.is_limit]
    if limited:
        yield say(
            "{run}: in {n} of {all} the generator was the limit.",
            run=name,
            n=number(len(limited)),
            all=several(len(run.steps), "step"),
        )
    withheld = [ratio for ratio in run.findings.ratios if ratio.claim == "withheld"]
    if withheld:
        yield say(
            "{run}: {n} withheld: {names}.",
            run=name,
            n=several(len(withheld), "comparison is", "comparisons are"),
            names=listed(stored(f"{r.name} ({r.target.contender})") for r in withheld),
        )
    steals = [s.resources.steal_share for s in run.steps if s.resources.steal_share is not None]
    if steals:
        yield say(
            "{run}: at most {share} of the CPU time of a step was given to other machines.",
            run=name,
            share=share(max(steals)),
        )
    for calibration in run.manifest.calibration:
        yield _say_calibration(run, calibration)


def _say_calibration(run: LoadRun, calibration: Calibration) -> Piece:
    waits = "lets the event loop run on" if calibration.is_cooperative else "stops the event loop"
    return say(
        "{run}: the generator alone managed {rate} sends per second (send lag p99 {lag}); the "
        "driver {driver} {waits} (longest stop {stop}).",
        run=run_name(run),
        rate=rate(calibration.null_rate),
        lag=milliseconds(calibration.null_send_lag_ms_p99),
        driver=stored(calibration.driver),
        waits=waits,
        stop=milliseconds(calibration.driver_stall_ms),
    )


def say_refusal(refusal: Refusal) -> Piece:
    """Say which two profiles are not compared, and where they first differ."""
    one, other = refusal.first.manifest, refusal.second.manifest
    where = [
        say(
            "{key} ({first} and {second})",
            key=code(d.key),
            first=stored(d.first),
            second=stored(d.second),
        )
        for d in refusal.differences
    ]
    return say(
        "Profile {one} ({digest}) and profile {other} ({other_digest}): they differ in {where}.",
        one=stored(one.profile),
        digest=code(one.profile_digest),
        other=stored(other.profile),
        other_digest=code(other.profile_digest),
        where=listed(where) if where else "nothing but their digest",
    )
