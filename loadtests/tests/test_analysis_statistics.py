"""Comparisons of arms, and distributions of durations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hdrh.histogram import HdrHistogram

from loadtests.analysis.statistics import ClaimRule, abba_order, latency_of, merge, ratio
from loadtests.tests.test_analysis_steps import TARGET, flip, unmoved

if TYPE_CHECKING:
    from reports.load_schema import Ratio

STEADY = [(100.0, 131.0), (101.0, 129.0), (99.0, 130.0), (100.0, 128.0), (102.0, 133.0)]


def compare(pairs: list[tuple[float, float]], control: Ratio | None = None, seed: int = 0) -> Ratio:
    """Compare durability, as a flip does."""
    return ratio(
        "durability",
        "goodput",
        pairs,
        target=TARGET,
        before="on",
        after="off",
        control=control,
        seed=seed,
        is_unsafe=True,
    )


@pytest.mark.parametrize("blocks", [1, 2, 5, 6])
def test_each_block_holds_every_arm_once(blocks: int) -> None:
    """Whatever the seed, no arm is left out of a block or runs twice in it."""
    arms = ("A/A", "control", "durability", "workers")
    for seed in range(20):
        order = abba_order(arms, blocks, seed)
        assert len(order) == blocks * len(arms)
        for block in range(blocks):
            assert sorted(arm for own, arm in order if own == block) == sorted(arms)


def test_all_arms_have_the_same_mean_place_over_an_even_number_of_blocks() -> None:
    """A machine that gets slower all the time favours no arm."""
    arms = ("a", "b", "c", "d", "e")
    for seed in range(20):
        order = [arm for _, arm in abba_order(arms, 6, seed)]
        places = {arm: sum(p for p, own in enumerate(order) if own == arm) for arm in arms}
        assert len(set(places.values())) == 1


def test_the_order_depends_on_the_seed_alone() -> None:
    """The same seed gives the same order, and another one mostly another."""
    arms = ("a", "b", "c", "d")
    assert abba_order(arms, 5, 7) == abba_order(arms, 5, 7)
    assert len({abba_order(arms, 5, seed) for seed in range(10)}) > 5


def test_an_effect_that_all_pairs_show_is_claimed() -> None:
    """The median of the ratios lies within an interval that is clear of 1."""
    found = compare(STEADY, unmoved("A/A"))
    assert (found.claim, found.reason) == ("claimed", "")
    assert found.low is not None
    assert found.median is not None
    assert found.high is not None
    assert 1 < found.low <= found.median <= found.high < 1.4
    assert found.ratios[0] == pytest.approx(1.31)
    assert found.is_unsafe


def test_an_interval_that_holds_1_is_no_difference() -> None:
    """Pairs that disagree about the direction claim nothing."""
    found = compare([(100, 103), (100, 98), (100, 101), (100, 97), (100, 102)])
    assert (found.claim, found.reason) == ("no difference", "The interval holds 1.")


def test_an_effect_within_the_control_s_own_spread_is_not_claimed() -> None:
    """What the control does to itself is no effect of a knob."""
    pairs = [(100.0, 103.0), (100.0, 102.0), (100.0, 104.0), (100.0, 103.0), (100.0, 102.0)]
    assert compare(pairs).claim == "claimed"
    found = compare(pairs, unmoved("A/A"))
    assert found.claim == "no difference"
    assert "0.97 to 1.03" in found.reason


def test_too_few_pairs_are_withheld_with_their_median() -> None:
    """Four pairs show something and claim nothing."""
    found = compare(STEADY[:4])
    assert found.claim == "withheld"
    assert found.reason == "4 pairs are too few; 5 are needed."
    assert found.median is not None


def test_no_pairs_at_all_have_no_median() -> None:
    """A comparison that never ran is withheld."""
    found = compare([])
    assert (found.claim, found.median, found.low) == ("withheld", None, None)


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ([*STEADY[:4], (120.0, 130.0)], "The control is unstable"),
        ([*STEADY[:4], (100.0, 180.0)], "The other arm is unstable"),
        ([*STEADY[:4], (100.0, 0.0)], "A step of the other arm has no value"),
        ([*STEADY[:4], (0.0, 130.0)], "A step of the control has no value"),
    ],
)
def test_an_arm_that_varies_too_much_is_withheld(
    pairs: list[tuple[float, float]], words: str
) -> None:
    """A ratio of unstable arms is no statement about the arms."""
    found = compare(pairs)
    assert found.claim == "withheld"
    assert words in found.reason


def test_a_control_that_differs_from_itself_withholds_what_it_controls() -> None:
    """If the same setting twice is a difference, the settings are not what decides."""
    found = compare(STEADY, flip("A/A", 1.2))
    assert found.claim == "withheld"
    assert "differs from itself by a factor of 1.2" in found.reason
    unstable = compare([*STEADY[:4], (120.0, 130.0)])
    assert compare(STEADY, unstable).reason.startswith("The control could not be compared")


def test_a_control_without_an_interval_takes_nothing_back() -> None:
    """There is no spread to be within."""
    bare = flip("A/A", None, claim="no difference")
    assert compare(STEADY, bare).claim == "claimed"


def test_a_laxer_rule_is_possible() -> None:
    """A smoke run may be content with two pairs."""
    found = ratio(
        "durability",
        "goodput",
        STEADY[:2],
        target=TARGET,
        before="on",
        after="off",
        rule=ClaimRule(pairs=2),
    )
    assert found.claim == "claimed"


def test_the_interval_depends_on_the_seed_alone() -> None:
    """Stored pairs give the same interval again."""
    assert compare(STEADY, seed=4) == compare(STEADY, seed=4)


@pytest.mark.parametrize(("pairs", "least"), [(5, 0.88), (7, 0.82), (9, 0.88)])
def test_the_interval_holds_the_true_ratio_about_as_often_as_it_says(
    pairs: int, least: float
) -> None:
    """Of 300 comparisons with a known ratio 87 (of seven pairs) to 94 in 100 hold it."""
    rng = np.random.default_rng(11)
    rule = ClaimRule(resamples=500)
    held = 0
    for seed in range(300):
        arms = rng.lognormal(0, 0.02, size=(pairs, 2)) * [100, 120]
        found = ratio(
            "durability",
            "goodput",
            [(float(base), float(treated)) for base, treated in arms],
            target=TARGET,
            before="on",
            after="off",
            rule=rule,
            seed=seed,
        )
        assert found.low is not None
        assert found.high is not None
        held += found.low <= 1.2 <= found.high
    assert held / 300 >= least


def encoded(values_ms: list[float], highest_us: int = 60_000_000) -> str:
    """Return a histogram as the generator writes it."""
    histogram = HdrHistogram(1, highest_us, 3)
    for value in values_ms:
        histogram.record_value(round(value * 1000))
    text = histogram.encode().decode()
    assert isinstance(text, str)
    return text


def test_a_histogram_of_microseconds_is_told_in_milliseconds() -> None:
    """A thousand values from 1 to 1000 ms have their percentiles where they belong."""
    found = latency_of(encoded([float(value) for value in range(1, 1001)]))
    assert found.count == 1000
    told = (found.p50_ms, found.p90_ms, found.p95_ms, found.p99_ms, found.p999_ms, found.max_ms)
    assert told == pytest.approx((500, 900, 950, 990, 999, 1000), rel=0.002)
    assert found.mean_ms == pytest.approx(500.5, rel=0.002)


def test_merged_percentiles_are_those_of_all_values_and_no_average() -> None:
    """99 quick values and one slow histogram: the p99 is a value, not a mean of two."""
    quick, slow = encoded([1.0] * 990), encoded([800.0] * 10, highest_us=3_600_000_000)
    for hdrs in ([quick, slow], [slow, "", quick]):
        found = merge(hdrs)
        assert found.count == 1000
        assert found.p50_ms == pytest.approx(1, rel=0.01)
        assert found.p99_ms == pytest.approx(1, rel=0.01)
        assert found.p999_ms == pytest.approx(800, rel=0.01)
        assert latency_of(found.hdr).count == 1000


def test_nothing_recorded_has_no_percentiles() -> None:
    """No histogram, or an empty one, counts nothing and names no duration."""
    for found in (merge([]), merge([""]), latency_of(""), latency_of(encoded([]))):
        assert (found.count, found.p50_ms, found.max_ms) == (0, None, None)
