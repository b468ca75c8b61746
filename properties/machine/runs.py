"""Runs of a machine: as many examples as a profile says, each of them made anew.

From the eleventh example on, Hypothesis mostly repeats one that it had, with a part of it copied to
another place. For a machine that is nearly the same example again. So ten are run at a time.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Final
from unittest import mock

from hypothesis import seed, settings
from hypothesis.stateful import run_state_machine_as_test

from background_task import bulk, requeue
from background_task.monitoring import control
from properties.machine import operating

if TYPE_CHECKING:
    from hypothesis.stateful import RuleBasedStateMachine

AT_A_TIME: Final = 10

_BATCHES: Final = (
    (bulk, "ROWS_PER_STATEMENT"),
    (requeue, "BATCH"),
    (control, "BATCH"),
    (operating, "BATCH"),
)
SMALL_BATCH: Final = 2
"""What the engine does in batches it does in so small ones that a few tasks are several."""


def run(
    machine: type[RuleBasedStateMachine],
    profile: settings | None = None,
    *,
    first_seed: int | None = None,
) -> None:
    """Run the machine; the first disagreement ends it, as an AssertionError with its name.

    Args:
        machine: what takes the steps.
        profile: how many examples, of how many steps; that of the command line if it is None.
        first_seed: what the examples are drawn from; None leaves it to the profile.
    """
    profile = profile or settings()
    batch = settings(profile, max_examples=min(AT_A_TIME, profile.max_examples))
    with ExitStack() as stack:
        for module, name in _BATCHES:
            stack.enter_context(mock.patch.object(module, name, SMALL_BATCH))
        _run(machine, profile, batch, first_seed)


def _run(
    machine: type[RuleBasedStateMachine],
    profile: settings,
    batch: settings,
    first_seed: int | None,
) -> None:
    for number in range(-(-profile.max_examples // AT_A_TIME)):
        # A derandomized run draws by the name of the class.
        part = type(f"{machine.__name__}{number}", (machine,), {})
        if first_seed is not None:
            seed(first_seed * profile.max_examples + number)(part)
        run_state_machine_as_test(part, settings=batch)
