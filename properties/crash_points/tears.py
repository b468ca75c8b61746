"""Says what is wrong with tables that an operation left half done, by the anomaly's name.

An operation is done, or not begun, or it stands at a moment between its acts, each of which is one
transaction; ``legal`` are the snapshots of these. Anything else is a tear.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from properties.crash_points.snapshot import Call

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from properties.crash_points.snapshot import Snapshot


def tear(legal: Sequence[Snapshot], left: Snapshot, *, had_effect: bool) -> str | None:
    """Return the anomaly in the tables as they were left, with its proof; None if all is well."""
    if left in legal:
        return None
    found = out_of_bounds(legal, left, had_effect=had_effect) or next(_tears(legal, left), None)
    return found or f"illegal-transition: the tables were left as {left}, and never are so"


def out_of_bounds(legal: Sequence[Snapshot], left: Snapshot, *, had_effect: bool) -> str | None:
    """Return what is wrong with the tables at any later moment too, or None."""
    return next(_bounds(legal, left, had_effect=had_effect), None)


def _bounds(legal: Sequence[Snapshot], left: Snapshot, *, had_effect: bool) -> Iterator[str]:
    places = Counter(row.id for row in left.rows)
    for id_, count in places.items():
        if count > 1:
            yield f"conservation: the task with rank {id_} is in {count} tables"
    yield from _chains(legal, left)
    gone = "vanished" if had_effect else "lost"
    for call, least in _least([_calls(one) for one in legal]).items():
        if _calls(left)[call] < least:
            yield f"{gone}: {_words(call)} is in no table"
    most = _most([_unfinished(one) for one in legal])
    for call, count in _unfinished(left).items():
        if count > max(most[call], 1):
            yield f"dedupe-violation: {_words(call)} is there {count} times"


def _chains(legal: Sequence[Snapshot], left: Snapshot) -> Iterator[str]:
    runs = [_runs(one) for one in legal]
    for call, least in _least(runs).items():
        if _runs(left)[call] < least:
            yield f"missed-fire: the chain of {_words(call)} has no run"
    for call, count in _runs(left).items():
        if count > max(_most(runs)[call], 1):
            yield f"double-fire: the chain of {_words(call)} has {count} runs"


def _tears(legal: Sequence[Snapshot], left: Snapshot) -> Iterator[str]:
    before, after = legal[0], legal[-1]
    new = _calls(after) - _calls(before)
    written = [call for call in new if _calls(left)[call]]
    if 0 < len(written) < len(new):
        yield f"torn-batch: {len(written)} of {len(new)} calls of a batch are there"
    charged = {row[:1] + row[3:4]: row.attempts for one in legal for row in one.live if row.lease}
    for row in left.live:
        if row.lease and row.attempts < charged.get((row.id, row.token), row.attempts):
            yield f"uncounted-attempt: {_words(row.call)} is claimed and not charged"
    yield from _halves(before, after, left)


def _halves(before: Snapshot, after: Snapshot, left: Snapshot) -> Iterator[str]:
    """Tell of an end without what belongs to it, and the other way round."""
    is_over = len(left.completed) > len(before.completed)
    if after.mails != before.mails and not is_over and left.mails != before.mails:
        yield "duplicated-effect: a body's work is there, and its task will run again"
    if is_over and left.mails != after.mails:
        yield "lost: a task is completed, and its body's work is not there"
    if is_over and len(left.held) < len(after.held):
        yield "dedupe-violation: a task is completed, and its window has not begun"
    if len(left.completed) not in (len(before.completed), len(after.completed)):
        yield f"torn-batch: {len(left.completed)} of {len(after.completed)} tasks of a batch ended"


def _calls(one: Snapshot) -> Counter[Call]:
    return Counter(row.call for row in one.rows)


def _unfinished(one: Snapshot) -> Counter[Call]:
    return Counter(row.call for row in one.live) + Counter(row.call for row in one.failed)


def _runs(one: Snapshot) -> Counter[Call]:
    return Counter(row.call for row in one.live if row.is_periodic)


def _least(counts: Sequence[Counter[Call]]) -> dict[Call, int]:
    return {call: min(count[call] for count in counts) for call in counts[0]}


def _most(counts: Sequence[Counter[Call]]) -> Counter[Call]:
    most = Counter[Call]()
    for count in counts:
        most |= count
    return most


def _words(call: Call) -> str:
    return f"{call[0]}{call[1]}"
