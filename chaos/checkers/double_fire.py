"""double-fire: two rows were made for one slot of a periodic task."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos.checkers.chains import find_chains
from chaos.checkers.checker import DATABASE_TICK_SECONDS, Checker, Finding, Findings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chaos.checkers.chains import Link
    from chaos.history import History
    from engine.subjects.contract import Contract


def find(history: History, _: Contract) -> Findings:
    """Find the slots with more than one row."""
    chains = find_chains(history)
    return Findings(
        exercised=sum(len(links) for links in chains.values()),
        found=[
            _finding(history, first, second)
            for links in chains.values()
            for first, second in _twins(links)
        ],
    )


def _twins(links: Sequence[Link]) -> Iterator[tuple[Link, Link]]:
    """Yield each row with the first one that was made for its slot before."""
    holder: Link | None = None
    for link in sorted(links, key=lambda link: link.slot):
        if holder is not None and link.slot - holder.slot <= DATABASE_TICK_SECONDS:
            yield holder, link
        else:
            holder = link


def _finding(history: History, first: Link, second: Link) -> Finding:
    ops = first.row.ops
    return Finding(
        task=second.row.task,
        proof=(
            f"row {second.row.id} was created at {history.at(second.created.time)} for the slot at"
            f" {history.at_database(second.slot, second.created)}, for which row {first.row.id} had"
            f" been created at {history.at(first.created.time)}"
        ),
        moments=(first.created.time, second.created.time),
        ops=ops if ops is second.row.ops else [*ops, *second.row.ops],
    )


CHECKER = Checker(
    name="double-fire",
    opportunities="rows of periodic tasks",
    find=find,
    is_promised=lambda contract: contract.periodic,
)
