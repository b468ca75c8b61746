"""Plays every schedule without faults that there is, where they are few."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from properties.interleaving.schedules import Choices, Schedule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from properties.interleaving.play import Play

SCHEDULE_LIMIT: Final = 2000


def every_schedule(
    play: Callable[[Schedule], Play], *, limit: int = SCHEDULE_LIMIT
) -> Iterator[Play]:
    """Play every schedule without faults that there is, depth first, up to a limit."""
    choices: list[int] = []
    for _ in range(limit):
        played = play(Schedule(policy=Choices(choices=tuple(choices))))
        yield played
        choices += [0] * (len(played.widths) - len(choices))
        while choices and choices[-1] + 1 >= played.widths[len(choices) - 1]:
            choices.pop()
        if not choices:
            return
        choices[-1] += 1
