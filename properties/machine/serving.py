"""Whole lives of tasks in one step, so that what comes after a life is common, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

from properties.machine.calls import MOSTLY, calls
from properties.machine.claiming import TERMS
from properties.machine.ending import Ending, ends
from properties.machine.operating import Operating
from properties.machine.producing import Producing
from properties.machine.steps import step

if TYPE_CHECKING:
    from properties.machine.ending import End
    from properties.model import Call


class Serving(Producing, Ending, Operating):
    """What becomes of calls that are worked off before anything else happens."""

    @step(
        3,
        call=calls,
        all_ends=st.lists(ends, min_size=1, max_size=3),
        is_kept=MOSTLY,
        is_requeued=st.booleans(),
    )
    def serve(self, call: Call, all_ends: list[End], is_kept: bool, is_requeued: bool) -> None:
        """The same call again and again, each time worked off; and what failed is requeued."""
        for end in all_ends:
            self.enqueue(call, (0,))
            self.tables_agree()
            self.work_off(TERMS, 0, end, is_kept)
            self.tables_agree()
        if is_requeued:
            self.requeue(None, is_repeated=False)
