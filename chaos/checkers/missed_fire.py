"""missed-fire: a periodic task ran out of runs, or left out a slot that had not passed yet.

Slots that passed before the run of the slot before them had ended were missed, and one run stands
for them all: that is the policy, and no anomaly.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

from chaos.checkers.chains import find_chains
from chaos.checkers.checker import DATABASE_TICK_SECONDS, Checker, Finding, Findings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chaos.checkers.chains import Link
    from chaos.history import History
    from engine.subjects.contract import Contract
    from reports.schema import Op


def find(history: History, _: Contract) -> Findings:
    """Find the chains that ended although they go on, and the slots that were left out."""
    chains = find_chains(history)
    found = [
        finding
        for links in chains.values()
        for finding in (*_broken(history, links), *_skipped(history, links))
    ]
    return Findings(exercised=sum(len(links) for links in chains.values()), found=found)


def _broken(history: History, links: Sequence[Link]) -> Iterator[Finding]:
    """Yield the chain's end, if its last row was run and nothing followed it."""
    last = links[-1]
    ended = last.row.first("finish", "dead-letter") or last.gone
    # Who deletes a row that waits ends the chain, and means to.
    if ended is None or not last.row.claims or _is_last(history, last, ended):
        return
    if last.created.value.get("repeats"):
        word = "deleted" if ended.f == "deleted" else f"ended with a {ended.f}"
        yield _finding(
            history,
            last,
            ended,
            f"was {word} at {history.at(ended.time)}, and no row was made for the slot after it",
        )


def _is_last(history: History, link: Link, ended: Op) -> bool:
    """Tell whether the first slot after the run's end is later than the chain is to go on."""
    until = link.created.value.get("repeat_until")
    seconds = _rhythm(history, link)
    if until is None or seconds is None or ended.database_time is None:
        return False
    passed = max(0, math.floor((ended.database_time - link.slot) / seconds))
    return link.slot + (passed + 1) * seconds > float(until) - DATABASE_TICK_SECONDS


def _skipped(history: History, links: Sequence[Link]) -> Iterator[Finding]:
    """Yield each row whose successor is not for the first slot after its end."""
    for link, successor in itertools.pairwise(links):
        seconds = _rhythm(history, link)
        if seconds is None or link.gone is None or link.gone.database_time is None:
            continue
        # The latest slot before the successor's that the rhythm has.
        left_out = successor.slot - seconds
        passed = max(link.slot + seconds / 2, link.gone.database_time + DATABASE_TICK_SECONDS)
        if left_out > passed:
            yield _finding(
                history,
                link,
                successor.created,
                f"ended at {history.at(link.gone.time)}, and the row after it was made for the"
                f" slot at {history.at_database(successor.slot, successor.created)}, so the one at"
                f" {history.at_database(left_out, successor.created)} was left out",
            )


def _rhythm(history: History, link: Link) -> float | None:
    """Return the seconds from slot to slot; None if nobody told, or two calls said otherwise."""
    enqueues = history.tasks[link.row.task].enqueues if link.row.task is not None else []
    told = {enqueue.invoke.value.get("repeat_seconds") for enqueue in enqueues}
    seconds = told.pop() if len(told) == 1 else None
    return float(seconds) if seconds else None


def _finding(history: History, link: Link, moment: Op, reason: str) -> Finding:
    return Finding(
        task=link.row.task,
        proof=(
            f"row {link.row.id}, made for the slot at"
            f" {history.at_database(link.slot, link.created)}, {reason}"
        ),
        moments=(link.created.time, moment.time),
        ops=link.row.ops,
    )


CHECKER = Checker(
    name="missed-fire",
    opportunities="rows of periodic tasks",
    find=find,
    is_promised=lambda contract: contract.periodic,
)
