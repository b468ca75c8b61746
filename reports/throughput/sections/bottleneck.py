"""What limits each queue, and how far that is proven."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.throughput.blocks import Paragraph, Section, Table, columns
from reports.throughput.pieces import code, listed, say, stored
from reports.throughput.quantities import number, share
from reports.throughput.sections.missing import missing
from reports.throughput.wording import CONFIDENCES, label, run_name, words

if TYPE_CHECKING:
    from reports.load_schema import Evidence, Suspect
    from reports.throughput.blocks import Block
    from reports.throughput.cases import Case
    from reports.throughput.context import Context
    from reports.throughput.pieces import Piece


def section(context: Context) -> Section:
    """Show the label of every queue, then its suspects with their evidence."""
    found = [case for case in context.cases if case.bottleneck() is not None]
    if not found:
        blocks: list[Block] = [missing("bottleneck", "An analysis of the bottleneck")]
    else:
        blocks = [
            Paragraph(
                text="A label is proven only if its resource was busy and a flip of its knob moved "
                "the capacity; supported if only the samples speak for it; else unknown."
            )
        ]
        blocks += [block for case in found for block in _blocks(case)]
    return Section(id="bottleneck", title="The bottleneck", blocks=tuple(blocks))


def _blocks(case: Case) -> list[Block]:
    found = case.bottleneck()
    if found is None:
        return []
    name = label(found.label)
    is_known = found.label != "unknown"
    said = say(
        "{case} ({run}) is limited by {label}: {confidence}. {sentence}"
        if is_known
        else "What limits {case} ({run}) is {confidence}. {sentence}",
        case=case.title,
        run=run_name(case.run),
        label=name,
        confidence=CONFIDENCES[found.confidence],
        sentence=stored(found.sentence),
    )
    if not found.suspects:
        return [Paragraph(text=said)]
    table = Table(
        caption=say("Suspects of {case}.", case=case.title),
        columns=columns("Suspect", "Confidence", "Busy at the knee", "Evidence", "Flips"),
        rows=tuple(_row(suspect) for suspect in found.suspects),
    )
    return [Paragraph(text=said), table]


def _row(suspect: Suspect) -> tuple[Piece, ...]:
    return (
        label(suspect.label),
        CONFIDENCES[suspect.confidence],
        share(suspect.utilisation),
        listed((_say_evidence(entry) for entry in suspect.evidence), "; "),
        listed(words(name) for name in suspect.flips),
    )


def _say_evidence(entry: Evidence) -> Piece:
    return say(
        "{name}: {value} {unit} (step {step})",
        name=stored(entry.name),
        value=number(entry.value),
        unit=stored(entry.unit),
        step=code(entry.step),
    )
