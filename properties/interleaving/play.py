"""What became of a schedule."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from properties.interleaving.ladder import ladder

if TYPE_CHECKING:
    from properties.interleaving.ladder import Step
    from properties.interleaving.session import Ended


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """What became of a schedule.

    Attributes:
        ends: how each program ended.
        steps: what was done, in this order.
        widths: how many sessions could have gone on, at each step.
    """

    names: tuple[str, ...]
    ends: tuple[Ended, ...]
    steps: tuple[Step, ...]
    widths: tuple[int, ...]

    @property
    def values(self) -> list[Any]:
        """What the programs returned; None for one that was killed.

        Raises:
            BaseException: what the first program raised that raised.
        """
        for end in self.ends:
            if end.error is not None:
                raise end.error
        return [end.value for end in self.ends]

    def ladder(self) -> str:
        """Return the steps as people read them."""
        return ladder(self.steps, self.names)
