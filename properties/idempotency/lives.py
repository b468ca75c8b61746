"""One delivery while it runs: what it has done so far, and where it is killed.

A delivery that was killed does nothing any more: every further effect of it is refused, whatever
the task catches on the way.
"""

from __future__ import annotations

import contextlib
import dataclasses
from typing import TYPE_CHECKING

from properties.idempotency.errors import Killed

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """An effect outside the database.

    Attributes:
        what: the words for it.
        call: its arguments, or its key.
        is_keyed: whether the other side knows it again by a key, so that twice is once.
    """

    what: str
    call: str
    is_keyed: bool


class Life:
    """One delivery.

    Attributes:
        effects: the words for each effect that it came to.
        done: its effects outside the database.
        death: where it was killed, as "after COMMIT"; empty if it was not.
        error: what it raised.
        refusal: what it did that cannot be tried out; empty if it did no such thing.
        is_committed: whether an outermost transaction of it was committed.
        has_hooks: whether it left something to ``on_commit``.
    """

    def __init__(self, kill_at: int | None = None) -> None:
        self._kill_at = kill_at
        self.effects: list[str] = []
        self.done: list[Done] = []
        self.death = ""
        self.error: BaseException | None = None
        self.refusal = ""
        self.is_committed = False
        self.has_hooks = False

    def breathe(self) -> None:
        """Go on, unless it is dead."""
        if self.death or self.refusal:
            raise Killed

    def refuse(self, words: str) -> None:
        """End it, as what it is about to do cannot be tried out."""
        self.refusal = words
        raise Killed

    @contextlib.contextmanager
    def effect(self, words: str) -> Iterator[None]:
        """Have an effect; before it is point 2n of the delivery, and after it is 2n + 1."""
        self.breathe()
        number = len(self.effects)
        self.effects.append(words)
        before = self.effects.count(words) - 1
        name = f"{words} (number {before + 1})" if before else words
        self._point(2 * number, f"before {name}")
        yield
        self._point(2 * number + 1, f"after {name}")

    def _point(self, number: int, words: str) -> None:
        self.breathe()
        if number == self._kill_at:
            self.death = words
            raise Killed


_running: list[Life] = []


def current() -> Life | None:
    """Return the delivery that runs."""
    return _running[-1] if _running else None


@contextlib.contextmanager
def running(life: Life) -> Iterator[None]:
    """Make it the delivery that runs."""
    _running.append(life)
    try:
        yield
    finally:
        _running.remove(life)


def effect_point(what: str, *, key: object = None) -> None:
    """Declare an effect outside the database, in the fake that stands for the other side.

    Call it first in the fake: a delivery may be killed right before and right after it. Outside
    ``assert_idempotent`` it does nothing.

    Args:
        what: the words for it, as "charged the card".
        key: the idempotency key that the other side knows it by. Twice with one key is once.
    """
    life = current()
    if life is not None:
        with life.effect(what):
            call = "" if key is None else repr(key)
            life.done.append(Done(what=what, call=call, is_keyed=key is not None))
