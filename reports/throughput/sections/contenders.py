"""Other queues on the same machine: ratios against the reference, and how each was set up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.throughput.blocks import Figure, Panel, Paragraph, Section, Table, columns
from reports.throughput.confidence import CONTROL
from reports.throughput.pieces import code, listed, say, stored
from reports.throughput.sections.forest import KEYS, draw_forest, ratio_table
from reports.throughput.sections.missing import missing
from reports.throughput.sections.naming import panel_name
from reports.throughput.wording import run_name, words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reports.load_schema import ContenderFacts, Ratio
    from reports.throughput.blocks import Block
    from reports.throughput.context import Context
    from reports.throughput.pieces import Piece
    from reports.throughput.stored import LoadRun


def section(context: Context) -> Section:
    """Show the ratios of every run that compared queues, then all queues as they ran."""
    found = [(run, own) for run in context.runs if (own := _compared(run))]
    blocks: list[Block] = []
    if found:
        blocks += [
            Paragraph(
                text="Each ratio is a queue divided by the reference, from pairs that took turns "
                "on one machine under one profile. Read it with the durability and the delivery "
                "of the table below: a queue that keeps less is faster for that reason too."
            ),
            _figure(found),
        ]
    else:
        blocks.append(missing("contenders", "A comparison with other queues"))
    blocks.append(_facts(context))
    return Section(id="contenders", title="Contenders compared", blocks=tuple(blocks))


def _compared(run: LoadRun) -> list[Ratio]:
    own = [r for r in run.findings.ratios if r.name in {CONTROL, r.target.contender}]
    if all(ratio.name == CONTROL for ratio in own):
        return []
    return sorted(own, key=lambda ratio: (ratio.name != CONTROL, -(ratio.median or 0.0)))


def _figure(found: list[tuple[LoadRun, list[Ratio]]]) -> Figure:
    drawn = [
        (run, metric, [ratio for ratio in own if ratio.metric == metric])
        for run, own in found
        for metric in dict.fromkeys(ratio.metric for ratio in own if ratio.ratios)
    ]
    panels = tuple(
        Panel(
            title=_say_metric(run, metric),
            drawing=draw_forest(
                panel_name("contenders", place), "Contenders against the reference", own
            ),
        )
        for place, (run, metric, own) in enumerate(drawn)
    )
    return Figure(
        title="Contenders against the reference",
        caption="Right of the line is more than the reference has, left of it is less. The control "
        "is the reference against itself.",
        panels=panels,
        keys=KEYS,
        table=ratio_table("Every comparison.", [r for _, own in found for r in own]),
    )


def _say_metric(run: LoadRun, metric: str) -> Piece:
    """Name a metric, and say which side of the line is the better one."""
    is_cost = metric.endswith(("_ms", "_per_task"))
    better = "less is better" if is_cost else "more is better"
    return say("{metric}, {better} ({run})", metric=words(metric), better=better, run=run_name(run))


def _facts(context: Context) -> Table:
    seen: dict[tuple[str, str], tuple[LoadRun, ContenderFacts]] = {}
    for run in context.runs:
        for facts in run.manifest.contenders:
            seen.setdefault((facts.name, facts.version), (run, facts))
    return Table(
        caption="The queues as they ran.",
        columns=columns(
            "Queue", "Version", "Packages and services", "Durability", "Delivery", "Worker"
        ),
        rows=tuple(_row(facts) for _, facts in seen.values()),
    )


def _row(facts: ContenderFacts) -> tuple[Piece, ...]:
    return (
        say("{title} ({name})", title=stored(facts.title), name=code(facts.name)),
        stored(facts.version),
        say_pairs({**facts.packages, **facts.services}),
        say_pairs(facts.durability),
        stored(facts.delivery),
        code(facts.worker),
    )


def say_pairs(mapping: Mapping[str, object]) -> Piece:
    """Say the entries of a mapping."""
    if not mapping:
        return ""
    return listed(
        say("{key} {value}", key=words(str(key)), value=stored(value))
        for key, value in mapping.items()
    )
