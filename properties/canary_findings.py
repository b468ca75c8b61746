"""What its checker says of every canary, word for word, and how much checkers look at.

``python -m properties.canary_findings`` writes it anew into ``canary_findings.txt``: who changes a
sentence, a time or a count sees it there before a reader of a report does.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Final

from chaos.checkers import CHECKERS
from chaos.history import History
from properties.canaries import CANARIES
from properties.healthy_run import CONTRACT, healthy_run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaos.checkers.checker import Findings
    from properties.canaries import Canary

KEPT: Final = Path(__file__).with_name("canary_findings.txt")
HEALTHY: Final = "healthy"


def sections() -> dict[str, str]:
    """Return what is said of the healthy run and of each canary, by name."""
    return {HEALTHY: said_of_health(), **{canary.name: said(canary) for canary in CANARIES}}


@functools.cache
def kept() -> dict[str, str]:
    """Read the same from the file."""
    blocks = KEPT.read_text(encoding="utf-8").strip("\n").split("\n\n")
    return dict(block.split("\n", 1) for block in blocks)


def said_of_health() -> str:
    """Return how much each checker looked at in the healthy run."""
    history = History(healthy_run())
    looked = [(checker.name, checker.find(history, CONTRACT)) for checker in CHECKERS]
    return "\n".join(f"  {name}: {findings.exercised}" for name, findings in looked)


def said(canary: Canary) -> str:
    """Return what the checker that has to name a canary found in it, or missed."""
    (checker,) = (checker for checker in CHECKERS if checker.name == canary.anomaly)
    history = History(canary.ops())
    return "\n".join(_lines(history, checker.find(history, canary.contract)))


def _lines(history: History, findings: Findings) -> Iterator[str]:
    if findings.missing:
        yield f"  missing: {findings.missing}"
    for found in findings.found:
        moments = ", ".join(history.at(moment) for moment in found.moments)
        yield f"  {found.task} at {moments}, {len(found.ops)} ops: {found.proof}"


if __name__ == "__main__":
    blocks = (f"{name}\n{text}\n" for name, text in sections().items())
    KEPT.write_text("\n".join(blocks), encoding="utf-8")
