"""What became of an operation that something went wrong in, in a few words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from properties.interleaving import Refusal
from properties.races.race import Anomaly

if TYPE_CHECKING:
    from properties.crash_points.points import Take

UNDONE: Final = "undone"
REFUSED: Final = "refused"
DONE: Final = "done"
UNHEARD: Final = "done, and unheard"
NEXT_TRY: Final = "done at the next try"
BEGUN: Final = "begun, then taken over"
REPEATED: Final = "begun, then repeated"


def outcome_of(take: Take, quiet: Take) -> str:
    """Return the outcome of a play, compared to the one in which nothing went wrong.

    Raises:
        Anomaly: its caller was told that it is done, and it is not.
    """
    (end,) = take.played.ends
    is_told = not end.is_killed and end.error is None
    if is_told and take.left != quiet.left:
        raise Anomaly(f"lost: {take.operation.name} was told to be done, and is not")
    if is_told:
        return NEXT_TRY if len(take.steps()) > len(quiet.steps()) else DONE
    if take.left == quiet.before:
        return REFUSED if isinstance(take.faults[0], Refusal) else UNDONE
    if take.left == quiet.left:
        return UNHEARD
    return REPEATED if take.effects > quiet.effects else BEGUN
