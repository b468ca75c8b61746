"""Runs of a machine: as many examples as a profile says, each of them made anew.

From the eleventh example on, Hypothesis mostly repeats one that it had, with a part of it copied to
another place. For a machine that is nearly the same example again. So ten are run at a time.
"""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING, Final

from hypothesis import Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from properties.machine.small_batches import small_batches

if TYPE_CHECKING:
    from hypothesis.stateful import RuleBasedStateMachine

AT_A_TIME: Final = 10
FIXED: Final = settings(derandomize=True, database=None, phases=[Phase.generate])


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
    with small_batches():
        for number in range(-(-profile.max_examples // AT_A_TIME)):
            # A derandomized run draws by the name of the class.
            part = type(f"{machine.__name__}{number}", (machine,), {})
            if first_seed is not None:
                seed(first_seed * profile.max_examples + number)(part)
            run_state_machine_as_test(part, settings=batch)


def unreached(
    machine: type[RuleBasedStateMachine], happenings: frozenset[str], *, examples: int
) -> set[str]:
    """Return what never happens, of all that may, in a run that is always the same.

    The machine counts in ``happened``, a Counter of its class.
    """
    happened: collections.Counter[str] = collections.Counter()
    surveyed = type("Surveyed", (machine,), {"happened": happened})
    run(surveyed, settings(FIXED, max_examples=examples, stateful_step_count=40))
    return {*happenings} - {*happened}
