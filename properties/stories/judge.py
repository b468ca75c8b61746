"""Judges a story: the first anomaly in it, by its name in ``docs/anomalies``, or none.

Safety is judged by what was told, and by the tables as they were left; then everybody who is left
recovers, and liveness is judged by the tables in the end.
"""

from __future__ import annotations

import itertools
from collections import Counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from properties.stories.story import Event, Story
    from properties.stories.tables import Tables

ENDS: Final = ("finished", "failed", "released")
GIVEN_BACK: Final = (*ENDS, "reaped")


def safety(story: Story, left: Tables) -> str | None:
    """Return the anomaly in what was told so far, and in the tables as they were left, or None."""
    return next(itertools.chain(_of_story(story), _of_tables(story, left)), None)


def liveness(story: Story, recovered: Tables) -> str | None:
    """Return the anomaly in the tables after everybody recovered, or None."""
    return next(itertools.chain(_of_story(story), _of_end(story, recovered)), None)


def _of_story(story: Story) -> Iterator[str]:
    for row in story.rows():
        events = [event for event in story.events if event.row == row]
        yield from _claims(events, story.unheard)
        yield from _zombies(events)
        yield from _starts(events)
        finishes = [event for event in events if event.what == "finished"]
        if len(finishes) > 1:
            yield f"double-finish: row {row} was finished under tokens {_tokens(finishes)}"


def _claims(events: Sequence[Event], unheard: set[str]) -> Iterator[str]:
    claims = [event for event in events if event.what == "claimed"]
    for one, other in itertools.pairwise(claims):
        if other.token is not None and one.token is not None and other.token <= one.token:
            yield f"double-claim: row {one.row} was claimed under tokens {_tokens([one, other])}"
        if one.by not in unheard and _is_live(one, other, events):
            yield (
                f"double-claim: {other.by} claimed row {one.row} under token {other.token} while"
                f" {one.by} had its lease, under token {one.token}"
            )
    for claim in claims:
        if claim.attempt is not None and claim.attempt > (claim.max_attempts or claim.attempt):
            yield f"attempt-overrun: row {claim.row} was claimed for attempt {claim.attempt}"


def _is_live(one: Event, other: Event, events: Sequence[Event]) -> bool:
    """Tell whether a claim was neither given back nor over when another one was made."""
    between = events[events.index(one) + 1 : events.index(other)]
    renewed = [event for event in between if event.what == "renewed" and event.token == one.token]
    until = max(event.at + event.lease for event in [one, *renewed])
    ended = any(event.what in GIVEN_BACK and event.token in (one.token, None) for event in between)
    return not ended and other.at < until


def _zombies(events: Sequence[Event]) -> Iterator[str]:
    owner: int | None = None
    for event in events:
        if event.what == "claimed":
            owner = event.token
        elif event.what == "reaped":
            owner = None
        elif event.what in (*ENDS, "renewed"):
            if event.token != owner:
                kind = "zombie-heartbeat" if event.what == "renewed" else "zombie-finish"
                yield (
                    f"{kind}: {event.by} {event.what} row {event.row} under token {event.token},"
                    f" and the token was {owner}"
                )
            owner = owner if event.what == "renewed" else None


def _starts(events: Sequence[Event]) -> Iterator[str]:
    starts = Counter(event.token for event in events if event.what == "started")
    for token, count in starts.items():
        if count > 1:
            yield f"double-claim: row {events[0].row} ran {count} times under token {token}"
    over = [number for number, event in enumerate(events) if event.what == "finished"]
    if over and any(event.what == "claimed" for event in events[over[0] :]):
        yield f"unjustified-redelivery: row {events[0].row} was claimed after it had finished"


def _of_tables(story: Story, left: Tables) -> Iterator[str]:
    # By the hash of the call, as an engine may lose the one that is unique; all tasks of races are.
    hashes = Counter(row.task_hash for row in left.live.values() if row.task_hash is not None)
    for hash_, count in hashes.items():
        if count > 1:
            yield f"dedupe-violation: {count} live tasks have the hash {hash_}"
    chains = Counter(row.task_name for row in left.live.values() if row.is_periodic)
    for name, count in chains.items():
        if count > 1:
            yield f"double-fire: {count} runs of the chain {name} are live"
    for row in sorted({event.row for event in story.of("enqueued")}):
        places = left.places(row)
        if len(places) > 1:
            yield f"conservation: row {row} is in {' and '.join(places)}"
    for event in story.of("finished"):
        if event.row in left.live:
            yield f"zombie-finish: row {event.row} is live again, after it had finished"


def _of_end(story: Story, recovered: Tables) -> Iterator[str]:
    # SQLite gives the id of a row that was rolled back to the next one; whose that is, a producer
    # that was killed in its call could not tell.
    aborted = {event.row for event in story.of("aborted")} if not story.calling else set()
    aborted -= {event.row for event in story.of("enqueued")}
    for event in story.of("claimed"):
        if event.row in aborted:
            yield f"aborted-enqueue-executed: row {event.row} was rolled back, and claimed"
    for row in sorted({event.row for event in story.of("enqueued", "duplicate")} - aborted):
        yield from _of_row(row, story, recovered)
    if recovered.unfinished:
        yield f"stuck: rows {sorted(recovered.live)} are live after everybody recovered"


def _of_row(row: int, story: Story, recovered: Tables) -> Iterator[str]:
    if not recovered.places(row) and row not in recovered.deleted:
        yield f"lost: row {row} was acknowledged and is in no table"
    starts = [e for e in story.of("started") if e.row == row]
    effects = [e for e in story.of("effect") if e.row == row]
    ended = recovered.completed.get(row) or recovered.failed.get(row)
    if row in recovered.completed and not effects:
        yield f"lost: row {row} is completed, and its body never had its effect"
    if ended is not None and ended.attempts < len(starts):
        yield f"uncounted-attempt: row {row} ran {len(starts)} times for {ended.attempts} attempts"


def _tokens(events: Sequence[Event]) -> str:
    return " and ".join(str(event.token) for event in events)
