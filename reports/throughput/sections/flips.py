"""One knob at a time, in interleaved pairs: what each did to the capacity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.throughput.blocks import Figure, Panel, Paragraph, Section
from reports.throughput.confidence import CONTROL
from reports.throughput.pieces import plain, say
from reports.throughput.quantities import number, several
from reports.throughput.sections.forest import KEYS, draw_forest, ratio_table
from reports.throughput.sections.missing import missing
from reports.throughput.sections.naming import panel_name, titled

if TYPE_CHECKING:
    from reports.load_schema import Ratio
    from reports.throughput.cases import Case
    from reports.throughput.context import Context


def section(context: Context) -> Section:
    """Show one forest for each queue whose knobs were flipped."""
    found = [(case, flips_of(case)) for case in context.cases]
    found = [(case, flips) for case, flips in found if any(f.name != CONTROL for f in flips)]
    if not found:
        blocks: tuple[Paragraph | Figure, ...] = (missing("flips", "A flip of a knob"),)
    else:
        flips = [flip for _, own in found for flip in own]
        blocks = (_say_counts(flips), _figure(found))
    return Section(id="flips", title="Flips: one knob at a time", blocks=blocks)


def flips_of(case: Case) -> list[Ratio]:
    """Return the ratios of a case that compare settings, the control against itself first."""
    own = [
        ratio
        for ratio in case.run.findings.ratios
        if case.holds(ratio.target) and ratio.name != case.contender
    ]
    return sorted(own, key=lambda ratio: (ratio.name != CONTROL, -abs((ratio.median or 1) - 1)))


def _say_counts(flips: list[Ratio]) -> Paragraph:
    withheld = sum(flip.claim == "withheld" for flip in flips)
    unsafe = sum(flip.is_unsafe for flip in flips)
    return Paragraph(
        text=say(
            "{n}, of which {unsafe} are unsafe and {withheld} are withheld. An unsafe setting "
            "loses tasks that were acknowledged: it is flipped to prove a cause and is no advice. "
            "The control against itself shows how much is noise.",
            n=several(len(flips), "comparison"),
            unsafe=number(unsafe),
            withheld=number(withheld),
        )
    )


def _figure(found: list[tuple[Case, list[Ratio]]]) -> Figure:
    cases = [case for case, _ in found]
    panels = tuple(
        Panel(
            title=titled(case, cases),
            drawing=draw_forest(panel_name("flips", place), f"Flips of {plain(case.title)}", flips),
        )
        for place, (case, flips) in enumerate(found)
    )
    return Figure(
        title="Ratio to the control, by flip",
        caption="Right of the line is faster, left of it slower. What crosses the line is no "
        "difference; what is wider than the rule allows is withheld and has no median.",
        panels=panels,
        keys=KEYS,
        table=ratio_table(
            "Every flip, with the number of its pairs.", [f for _, own in found for f in own]
        ),
    )
