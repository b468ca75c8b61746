"""What the checkers say of the canaries: as it was when somebody read it last."""

from __future__ import annotations

import pytest

from properties.canaries import CANARIES, Canary
from properties.canary_findings import HEALTHY, kept, said, said_of_health


@pytest.mark.parametrize("canary", CANARIES, ids=lambda canary: canary.name)
def test_a_canary_is_told_in_the_words_that_somebody_has_read(canary: Canary) -> None:
    """Task, times, extent and sentence; ``python -m properties.canary_findings`` writes them."""
    assert said(canary) == kept()[canary.name]


def test_the_checkers_look_at_as_much_of_the_healthy_run_as_ever() -> None:
    """A count that fell tells of a checker that began to overlook something."""
    assert said_of_health() == kept()[HEALTHY]


def test_nothing_is_kept_of_a_canary_that_is_gone() -> None:
    """The file holds what there is."""
    assert set(kept()) == {HEALTHY, *(canary.name for canary in CANARIES)}
