"""conservation: in one snapshot, the rows that there are differ from those that came and went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chaos.checkers.checker import Checker, Finding, Findings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaos.history import History
    from engine.subjects.contract import Contract
    from reports.schema import Op

BALANCE: Final = (
    ("live", "created", "deleted"),
    ("completed", "finished", None),
    ("failed", "dead_lettered", None),
)
"""A table, and the counts of what came into it and of what went out."""


def find(history: History, _: Contract) -> Findings:
    """Add up every census; a subject that keeps no table of ended rows leaves its number out."""
    counts = [(op, list(_sums(op))) for op in history.ops if op.f == "census"]
    return Findings(
        exercised=sum(bool(sums) for _, sums in counts),
        found=[
            Finding(
                task=None,
                proof=(
                    f"at {history.at(op.time)} one snapshot had {there} {table} rows, and the audit"
                    f" in it accounts for {due} ({account})"
                ),
                moments=(op.time,),
                ops=[op],
            )
            for op, sums in counts
            for table, there, due, account in sums
            if there != due
        ],
    )


def _sums(census: Op) -> Iterator[tuple[str, int, int, str]]:
    """Yield each table that can be added up, with the rows there, those due, and why."""
    for table, came, went in BALANCE:
        there, into = census.value.get(table), census.value.get(came)
        out = 0 if went is None else census.value.get(went)
        if there is not None and into is not None and out is not None:
            account = f"{into} {came}" + (f", {out} {went}" if went else "")
            yield table, int(there), int(into) - int(out), account.replace("_", "-")


CHECKER = Checker(
    name="conservation",
    opportunities="counts of all rows in one snapshot",
    find=find,
)
