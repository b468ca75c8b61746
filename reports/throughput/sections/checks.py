"""The confidence of an answer: the level, the rule for it, and every check."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reports.throughput.blocks import Fold, Table, columns
from reports.throughput.confidence import FAILS_MOST
from reports.throughput.pieces import Mark, listed, say
from reports.throughput.quantities import number, several

if TYPE_CHECKING:
    from reports.throughput.confidence import Check, Confidence
    from reports.throughput.pieces import Piece

_QUESTIONS: Final = {
    "bracketed": "Does a rate that passed lie below one that failed?",
    "confirmed": "Were both ends of the bracket confirmed by repeats?",
    "held": "Was most of the capacity held for longer?",
    "generator": "Was the generator never the limit (steps in which it was)?",
    "calibration": "Does the generator alone manage many times the highest rate (times)?",
    "control": "Does the control against itself show no difference?",
    "stable": "Is no comparison withheld (withheld ones)?",
    "little": "Do depth, rate and waiting time agree (largest error, as a share)?",
    "complete": "Did the run end, analysis included?",
    "same_machine": "Is this the machine that the forecast names?",
}
_TONES: Final = {"high": "good", "medium": "warn", "low": "bad"}
_YES: Final = Mark(text="yes", tone="good")
_NO: Final = Mark(text="no", tone="bad")
_NOT_KNOWN: Final = Mark(text="not known", tone="quiet")


def say_confidence(confidence: Confidence) -> Piece:
    """Say the level and what lowers it."""
    level = Mark(text=confidence.level, tone=_TONES[confidence.level])
    failed = [c for c in confidence.checks if c.holds is False]
    unknown = [c for c in confidence.checks if c.holds is None]
    held = len(confidence.checks) - len(failed) - len(unknown)
    said: list[Piece] = [say("{n} held", n=several(held, "check"))]
    said += [say("{n} failed: {names}", n=number(len(failed)), names=_names(failed))] * bool(failed)
    said += [say("{n} not known: {names}", n=number(len(unknown)), names=_names(unknown))] * bool(
        unknown
    )
    return say("{level} ({said})", level=level, said=listed(said, "; "))


def _names(checks: list[Check]) -> Piece:
    return listed(check.name.replace("_", " ") for check in checks)


def confidence_fold(confidence: Confidence) -> Fold:
    """Show all checks, folded."""
    rows = tuple(
        (
            check.name.replace("_", " "),
            _QUESTIONS[check.name],
            _NOT_KNOWN if check.holds is None else _YES if check.holds else _NO,
            "" if check.value is None else number(check.value),
            "" if check.limit is None else number(check.limit),
        )
        for check in confidence.checks
    )
    rule = say(
        "High if every check held; low if more than {most} failed, or one of bracketed, complete "
        "and generator; medium otherwise.",
        most=number(FAILS_MOST),
    )
    table = Table(
        caption=rule,
        columns=columns("Check", "Question", "Held", "Value", "Limit", figures=2),
        rows=rows,
    )
    return Fold(title="How the confidence was found", blocks=(table,))
