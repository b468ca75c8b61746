"""Names of panels: what they show, and an identity that no other panel has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.throughput.pieces import say
from reports.throughput.wording import case_name, run_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.throughput.cases import Case
    from reports.throughput.pieces import Piece


def titled(case: Case, cases: Sequence[Case]) -> Piece:
    """Name a case among others, with its run where the name alone would not tell them apart."""
    same = [c for c in cases if (c.contender, c.database) == (case.contender, case.database)]
    if len(same) == 1:
        return case_name(case, with_run=False)
    return say("{title} ({run})", title=case.title, run=run_name(case.run))


def panel_name(figure: str, number: int) -> str:
    """Return the identity of the nth panel of a figure."""
    return f"{figure}-{number}"
