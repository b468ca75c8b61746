"""The content of a run's page: all that its template names, computed from the stored files.

It decides what is said and drawn; how that looks is up to the template.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from reports.page.dossier_figure import draw_dossier
from reports.page.dossiers import choose, open_dossiers
from reports.page.explanations import COUNTS
from reports.page.faults import find_faults
from reports.page.properties import State, group, list_properties
from reports.page.ruling import rule_out
from reports.page.sentences import MEANINGS, sum_up
from reports.page.telling import tell_over_time
from reports.page.timeline import Timeline, find_phases
from reports.page.wording import duration, milliseconds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from markupsafe import Markup

    from reports.page.dossiers import Dossier
    from reports.page.faults import FaultWindow
    from reports.page.stored_run import StoredRun
    from reports.page.timeline import Phase
    from reports.schema import Anomaly, CheckResult, Counts, Op

# A bad count above zero is marked, in words too.
_BAD_COUNTS = {"lost", "duplicated", "unexpected"}
_LABELS = {
    "dead_lettered": "dead-lettered",
    "kills_landed": "kills landed",
    "kills_in_body": "in body",
    "recovery_ms_p50": "recovery p50",
    "recovery_ms_max": "recovery max",
}
_FILES = ("manifest.json", "plan.json", "results.json", "history", "logs")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """One figure of the row of figures."""

    name: str
    label: str
    figure: str
    meaning: str
    is_bad: bool


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One dossier with its figure, where there is one."""

    dossier: Dossier
    drawing: Markup | None


def describe_run(run: StoredRun, ops: Sequence[Op]) -> dict[str, object]:
    """Compute everything that the page of one run shows."""
    results = run.results
    chosen = choose(results.checks)
    timeline = Timeline.of(ops or _witnessed(chosen))
    phases = find_phases(ops, timeline)
    faults = find_faults(ops, timeline)
    properties = list_properties(results.checks, _first_witnesses(results.checks, chosen))
    return {
        "manifest": run.manifest,
        "verdict": results.verdict,
        "meaning": MEANINGS[results.verdict],
        "meanings": MEANINGS,
        "summary": sum_up(results),
        "rules_out": rule_out(results.verdict, properties),
        "duration": duration(run.manifest.duration_seconds),
        "counts": _counts(results.counts),
        "properties": properties,
        "families": group(properties),
        "untested": [row for row in properties if row.state is State.UNTESTED],
        "over_time": tell_over_time(ops, results.checks, timeline, phases, faults),
        "stories": _stories(chosen, ops, timeline, phases, faults),
        "witness_remark": _witness_remark(len(chosen), results.checks),
        "op_count": len(ops),
        "files": _files(run),
    }


def _witnessed(anomalies: Sequence[Anomaly]) -> list[Op]:
    ops = [op for anomaly in anomalies for op in anomaly.witness]
    return sorted(ops, key=lambda op: op.time)


def _counts(counts: Counts) -> list[Count]:
    figures: Mapping[str, float | None] = dataclasses.asdict(counts)
    return [
        Count(
            name=name,
            label=_LABELS.get(name, name),
            figure=milliseconds(value) if name.startswith("recovery_ms") else str(value),
            meaning=COUNTS[name],
            is_bad=name in _BAD_COUNTS and bool(value),
        )
        for name, value in figures.items()
    ]


def _first_witnesses(checks: Sequence[CheckResult], chosen: Sequence[Anomaly]) -> dict[str, str]:
    """The identity of the first dossier of each property that has one."""
    identities = {id(anomaly): f"witness-{n}" for n, anomaly in enumerate(chosen, start=1)}
    return {
        check.name: identities[id(anomaly)]
        for check in checks
        for anomaly in reversed(check.anomalies)
        if id(anomaly) in identities
    }


def _stories(
    chosen: Sequence[Anomaly],
    ops: Sequence[Op],
    timeline: Timeline,
    phases: Sequence[Phase],
    faults: Sequence[FaultWindow],
) -> list[Story]:
    return [
        Story(dossier=dossier, drawing=draw_dossier(dossier, phases, faults, timeline.end))
        for dossier in open_dossiers(chosen, ops, timeline)
    ]


def _witness_remark(shown: int, checks: Sequence[CheckResult]) -> str:
    found = sum(check.count for check in checks)
    if shown >= found:
        return ""
    return f"{shown} of {found} anomalies are shown, the first of each property among them."


def _files(run: StoredRun) -> list[str]:
    present = [run.folder / name for name in _FILES if (run.folder / name).exists()]
    return [path.name + ("/" if path.is_dir() else "") for path in present]
