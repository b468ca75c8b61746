"""Capacity brackets, goodput against the offered rate, and the two secondary laws."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from reports.ink import ink
from reports.throughput.blocks import (
    Column,
    Figure,
    Fold,
    Key,
    Panel,
    Paragraph,
    Section,
    Table,
    columns,
)
from reports.throughput.comparability import machine_of
from reports.throughput.drawing import draw, plain_axis
from reports.throughput.pieces import Mark, code, listed, plain, say, stored
from reports.throughput.quantities import count, number, rate, share
from reports.throughput.sections.missing import missing
from reports.throughput.sections.naming import panel_name, titled
from reports.throughput.sections.scalability import scalability_blocks
from reports.throughput.wording import STATUSES, bracket, machine_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from reports.load_schema import Repeat
    from reports.load_steps import Step
    from reports.throughput.blocks import Block
    from reports.throughput.cases import Case
    from reports.throughput.context import Context
    from reports.throughput.pieces import Piece
    from reports.throughput.stored import LoadRun

_VERDICTS = {
    "pass": ("blue", "o"),
    "fail": ("vermillion", "X"),
    "generator_limited": ("purple", "^"),
    "measured": ("quiet", "s"),
}
_KEYS = (
    Key(label="passed", color="blue", shape="mark", marker="o"),
    Key(label="failed", color="vermillion", shape="mark", marker="X"),
    Key(label="the generator was the limit", color="purple", shape="mark", marker="^"),
    Key(label="all that is offered", color="quiet", shape="dashed"),
    Key(label="bracket", color="green", shape="band"),
)


def section(context: Context) -> Section:
    """Show the brackets of every profile, then the curves."""
    blocks: list[Block] = []
    if context.verdicts:
        blocks += [
            Paragraph(
                text="The capacity is the highest offered rate that was held by the rules of the "
                "profile in most repeats: a bracket from the highest rate that passed to the "
                "lowest above it that failed. Not reached, unstable and generator limited are "
                "answers too."
            )
        ]
        for group in context.groups:
            blocks += _brackets(context, group)
    else:
        blocks.append(missing("capacity", "A search for the capacity"))
    searched = context.searched()
    if searched:
        blocks.append(_goodput(searched))
    blocks += scalability_blocks(context)
    return Section(id="capacity", title="Capacity", blocks=tuple(blocks))


def _brackets(context: Context, group: Sequence[LoadRun]) -> list[Block]:
    answered = (verdict.case for verdict in context.verdicts)
    own = [case for case in answered if any(case.run is run for run in group)]
    if not own:
        return []
    manifest = group[0].manifest
    machines = list(dict.fromkeys(case.machine for case in own))
    table = Table(
        caption=say(
            "Profile {profile}, {digest}, on {machines}. Rates in tasks per second.",
            profile=stored(manifest.profile),
            digest=code(manifest.profile_digest),
            machines=listed((machine_name(machine) for machine in machines), " and on "),
        ),
        columns=columns("Queue", "Capacity", "Status", "Held", "Note"),
        rows=tuple(_row(case, own) for case in own),
    )
    blocks: list[Block] = [table, *([_side_by_side(own)] if len(machines) > 1 else [])]
    blocks.append(_repeats(own))
    return blocks


def _row(case: Case, cases: Sequence[Case]) -> tuple[Piece, ...]:
    knee = case.knee
    if knee is None:  # pragma: no cover - only cases with a knee come here
        return ()
    held = {None: Mark(text="not run", tone="quiet"), True: Mark(text="yes", tone="good")}
    return (
        titled(case, cases),
        bracket(knee),
        STATUSES[knee.status],
        held.get(knee.hold_passed, Mark(text="no", tone="bad")),
        stored(knee.note),
    )


def _side_by_side(cases: Sequence[Case]) -> Table:
    """One column for each machine: only runs of one profile come here."""
    machines = list(dict.fromkeys(machine_of(case.run) for case in cases))
    targets = dict.fromkeys((case.contender, case.database) for case in cases)
    rows = []
    for contender, database in targets:
        own = [c for c in cases if (c.contender, c.database) == (contender, database)]
        cells = [
            listed((bracket(c.knee) for c in own if c.machine == machine), "; ")
            if any(c.machine == machine for c in own)
            else Mark(text="not run", tone="quiet")
            for machine in machines
        ]
        rows.append((own[0].title, *cells))
    return Table(
        caption="The same profile on several machines: capacity in tasks per second.",
        columns=(
            *columns("Queue"),
            *(Column(name=machine_name(machine)) for machine in machines),
        ),
        rows=tuple(rows),
    )


def _repeats(cases: Sequence[Case]) -> Fold:
    rows = [
        (
            titled(case, cases),
            rate(repeat.rate),
            count(repeat.passed),
            count(repeat.failed),
            count(repeat.generator_limited),
        )
        for case in cases
        for repeat in (case.knee.repeats if case.knee else ())
        if _was_tried(repeat)
    ]
    table = Table(
        caption="How often each rate passed.",
        columns=columns(
            "Queue", "Offered, tasks/s", "Passed", "Failed", "Generator limited", figures=4
        ),
        rows=tuple(rows),
    )
    return Fold(title="Every rate that was tried", blocks=(table,))


def _was_tried(repeat: Repeat) -> bool:
    return bool(repeat.passed or repeat.failed or repeat.generator_limited)


def _goodput(cases: Sequence[Case]) -> Figure:
    panels = [
        Panel(
            title=titled(case, cases),
            drawing=draw(
                panel_name("goodput", number_),
                f"Goodput against offered rate of {plain(case.title)}",
                partial(_paint, case=case),
            ),
        )
        for number_, case in enumerate(cases)
    ]
    return Figure(
        title="Goodput against offered rate",
        caption="As long as the points lie on the dashed line, all that is offered is done. "
        "Where they leave it, the queue is saturated. The band is the bracket; a pale one has no "
        "upper end, as no rate failed.",
        panels=tuple(panels),
        keys=_KEYS,
        table=_goodput_table(cases),
    )


def _paint(axes: Axes, case: Case) -> None:
    steps = case.curve()
    most = max(step.offered_rate for step in steps) * 1.06
    if case.knee is not None and case.knee.low is not None:
        is_open = case.knee.high is None
        high = most if case.knee.high is None else case.knee.high
        shade, alpha = ink("green"), 0.1 if is_open else 0.28
        axes.axvspan(case.knee.low, high, facecolor=shade, alpha=alpha, linewidth=0)
        axes.axvline(case.knee.low, color=ink("green"), linewidth=1.2)
    axes.plot([0, most], [0, most], color=ink("quiet"), linestyle="dashed", linewidth=1.1)
    for verdict, (shade, marker) in _VERDICTS.items():
        own = [step for step in steps if step.verdict == verdict]
        axes.plot(
            [step.offered_rate for step in own],
            [step.goodput for step in own],
            linestyle="none",
            marker=marker,
            markersize=5.5,
            color=ink(shade),
            markeredgecolor=ink("paper"),
            markeredgewidth=0.5,
        )
    axes.set_xlim(0, most)
    axes.set_ylim(0, most)
    axes.set_xlabel("offered, tasks per second")
    axes.set_ylabel("done, tasks per second")
    plain_axis(axes.xaxis)
    plain_axis(axes.yaxis)


def _goodput_table(cases: Sequence[Case]) -> Table:
    rows = [_step_row(case, step, cases) for case in cases for step in case.curve()]
    return Table(
        caption="Every step of the search, by its rate.",
        columns=columns(
            "Queue",
            "Phase",
            "Verdict",
            "Why",
            "Offered",
            "Done",
            "Backlog slope",
            "Little's law error",
            figures=4,
        ),
        rows=tuple(rows),
    )


def _step_row(case: Case, step: Step, cases: Sequence[Case]) -> tuple[Piece, ...]:
    reasons = (*step.reasons, *step.generator.reasons)
    return (
        titled(case, cases),
        stored(step.phase),
        stored(step.verdict.replace("_", " ")),
        listed((stored(reason) for reason in reasons), " "),
        rate(step.offered_rate),
        rate(step.goodput),
        number(step.backlog.slope_per_s),
        share(step.littles_law_error),
    )
