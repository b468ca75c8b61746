"""The content of a run's page: all that its template names, computed from the stored files.

It decides what is said and drawn; how that looks is up to the template.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from reports.page.attempts import find_attempts
from reports.page.backdrop import MOST_KILLS, Backdrop
from reports.page.charts import backlog, throughput
from reports.page.dossier_figure import draw_dossier
from reports.page.dossiers import choose, open_dossiers
from reports.page.explanations import COUNTS, explain_property
from reports.page.kills import find_kills
from reports.page.lanes import draw_attempts, select
from reports.page.sentences import MEANINGS, explain_unknown, sum_up
from reports.page.timeline import TimeAxis, Timeline, find_phases
from reports.page.wording import clip, duration, milliseconds
from reports.schema import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from markupsafe import Markup

    from reports.page.backdrop import Figure
    from reports.page.dossiers import Dossier
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
class PropertyRow:
    """One row of the property table; ``witness`` is the identity of its first dossier."""

    name: str
    explanation: str
    verdict: Verdict
    count: int
    exercised: int
    note: str
    witness: str | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """One drawn figure with its caption and the remark on what is not drawn."""

    title: str
    description: str
    drawing: Markup


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
    return {
        "manifest": run.manifest,
        "verdict": results.verdict,
        "meaning": MEANINGS[results.verdict],
        "meanings": MEANINGS,
        "summary": sum_up(results),
        "duration": duration(run.manifest.duration_seconds),
        "counts": _counts(results.counts),
        "properties": [_property(check, chosen) for check in results.checks],
        "charts": _charts(ops, timeline, phases) if ops else [],
        "kills_remark": _kills_remark(len(find_kills(ops, timeline))),
        "stories": _stories(chosen, ops, timeline, phases),
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


def _property(check: CheckResult, chosen: Sequence[Anomaly]) -> PropertyRow:
    shown = [n for n, a in enumerate(chosen, start=1) if any(a is b for b in check.anomalies)]
    is_unknown = check.verdict is Verdict.UNKNOWN
    return PropertyRow(
        name=clip(check.name),
        explanation=explain_property(check.name),
        verdict=check.verdict,
        count=check.count,
        exercised=check.exercised,
        note=explain_unknown(check) if is_unknown else clip(check.note),
        witness=f"witness-{shown[0]}" if shown else None,
    )


def _charts(ops: Sequence[Op], timeline: Timeline, phases: Sequence[Phase]) -> list[Chart]:
    axis = TimeAxis(start=0.0, end=timeline.end)
    backdrop = Backdrop(axis=axis, phases=phases, kills=find_kills(ops, timeline))
    attempts = find_attempts(ops, timeline)
    figures: list[Figure] = [
        throughput(ops, timeline),
        backlog(ops, timeline),
        draw_attempts(attempts, select(attempts), axis),
    ]
    return [
        Chart(
            title=figure.title,
            description=figure.description,
            drawing=backdrop.draw(figure),
        )
        for figure in figures
    ]


def _stories(
    chosen: Sequence[Anomaly], ops: Sequence[Op], timeline: Timeline, phases: Sequence[Phase]
) -> list[Story]:
    return [
        Story(dossier=dossier, drawing=draw_dossier(dossier, phases, timeline.end))
        for dossier in open_dossiers(chosen, ops, timeline)
    ]


def _kills_remark(kills: int) -> str:
    if kills <= MOST_KILLS:
        return ""
    return f"The first {MOST_KILLS} of {kills} kills are drawn."


def _witness_remark(shown: int, checks: Sequence[CheckResult]) -> str:
    found = sum(check.count for check in checks)
    if shown >= found:
        return ""
    return f"{shown} of {found} anomalies are shown, the first of each property among them."


def _files(run: StoredRun) -> list[str]:
    present = [run.folder / name for name in _FILES if (run.folder / name).exists()]
    return [path.name + ("/" if path.is_dir() else "") for path in present]
