"""How long a run waits for what may never come."""

from __future__ import annotations

from chaos.stall import Stall


def test_it_is_over_when_nothing_new_was_heard() -> None:
    """The same again is no news."""
    stall = Stall(0.0)
    stall.hear(7)
    stall.hear(7)
    assert stall.is_over


def test_it_is_not_over_before_its_time() -> None:
    """What has not said anything yet has the whole time, from the beginning."""
    assert not Stall(3600.0).is_over


def test_news_begin_it_anew() -> None:
    """However long ago the last ones were."""
    stall = Stall(3600.0)
    stall.hear(7)
    stall._heard_at -= 7200.0
    assert stall.is_over
    stall.hear(7)
    assert stall.is_over
    stall.hear(8)
    assert not stall.is_over
