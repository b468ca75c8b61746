"""The search for the knee, driven by simulated queues whose true rate is known."""

from __future__ import annotations

import collections
import random
from typing import TYPE_CHECKING

import pytest

from loadtests.analysis.knee import Answer, KneeSettings, Trial, drive, search
from reports.load_steps import Target

if TYPE_CHECKING:
    from collections.abc import Callable

    from reports.load_schema import Knee
    from reports.load_steps import StepVerdict

    Queue = Callable[[float, random.Random], StepVerdict]

TARGET = Target(contender="simulated", database="sqlite")
SEEDS = range(200)


def dice(seed: int) -> random.Random:
    """Return the chance that a simulated queue is subject to."""
    return random.Random(seed)  # noqa: S311 - chance is no secret here


def exact(capacity: float) -> Queue:
    """Pass up to a rate, never above."""
    return lambda rate, _: "pass" if rate <= capacity else "fail"


def noisy(capacity: float, deviation: float, accidents: float = 0.0) -> Queue:
    """Have another capacity in each step, and fail some steps by accident."""

    def queue(rate: float, rng: random.Random) -> StepVerdict:
        has_accident = rng.random() < accidents
        return "pass" if rate <= capacity * rng.gauss(1, deviation) and not has_accident else "fail"

    return queue


def by_lot(share: float) -> Queue:
    """Pass at any rate with the same chance."""
    return lambda _, rng: "pass" if rng.random() < share else "fail"


def limited_above(rate: float, queue: Queue) -> Queue:
    """Have a generator that is the limit above a rate."""
    return lambda wanted, rng: "generator_limited" if wanted > rate else queue(wanted, rng)


def find(
    queue: Queue, seed: int = 0, settings: KneeSettings | None = None
) -> tuple[Knee, list[Trial]]:
    """Search, and return the knee and the trials that it took."""
    rng = dice(seed)
    trials: list[Trial] = []

    def answer(trial: Trial) -> Answer:
        trials.append(trial)
        return Answer(step=trial.id, verdict=queue(trial.rate, rng))

    return drive(search(settings or KneeSettings(), TARGET, seed), answer), trials


def capacity_of(seed: int) -> float:
    """Draw a true rate between 100 and 2500."""
    return 100 * 25 ** dice(seed).random()


@pytest.mark.parametrize("factor", [1.3, 1.5, 2.0])
def test_a_queue_with_a_sharp_knee_gets_a_narrow_bracket_around_it(factor: float) -> None:
    """Every bracket holds the true rate and is as narrow as asked for, within few trials."""
    settings = KneeSettings(factor=factor)
    for seed in SEEDS:
        capacity = capacity_of(seed)
        knee, trials = find(exact(capacity), seed, settings)
        assert knee.status == "bracketed"
        assert knee.low is not None
        assert knee.high is not None
        assert knee.low <= capacity < knee.high
        assert knee.high <= knee.low * (1 + settings.width) + 1e-9
        assert len(trials) <= settings.max_trials
        assert not knee.note


def test_a_noisy_queue_gets_a_bracket_around_its_knee_nearly_always() -> None:
    """With 2 % of noise nine brackets in ten hold the true rate, and all nearly do."""
    knees = [(capacity_of(seed), find(noisy(capacity_of(seed), 0.02), seed)[0]) for seed in SEEDS]
    brackets = [(true, k.low or 0, k.high or 0) for true, k in knees if k.status == "bracketed"]
    assert len(brackets) >= 0.95 * len(SEEDS)
    assert sum(low <= true <= high for true, low, high in brackets) >= 0.8 * len(brackets)
    assert sum(0.95 * low <= true <= 1.05 * high for true, low, high in brackets) >= 0.98 * len(
        brackets
    )


def test_accidents_of_a_noisy_machine_do_not_lower_the_bracket() -> None:
    """One step in ten that fails by accident leaves the bracket where it was, or leaves none."""
    knees = [
        (capacity_of(seed), find(noisy(capacity_of(seed), 0.02, 0.1), seed)[0]) for seed in SEEDS
    ]
    brackets = [(true, k.high) for true, k in knees if k.status == "bracketed" and k.high]
    assert len(brackets) >= 0.8 * len(SEEDS)
    assert sum(high >= 0.95 * true for true, high in brackets) >= 0.95 * len(brackets)
    assert {k.status for _, k in knees} <= {"bracketed", "unstable"}


def test_a_queue_that_never_saturates_is_not_reached() -> None:
    """The highest rate passes repeatedly: a low end, no high end, no false knee."""
    knee, trials = find(exact(1e9))
    assert knee.status == "not_reached"
    assert (knee.low, knee.high) == (3000.0, None)
    assert "3000/s, passed" in knee.note
    assert sum(trial.rate == 3000.0 for trial in trials) >= 3


def test_a_queue_that_fails_at_every_rate_is_below_the_range() -> None:
    """The search goes down to its floor and says that even that failed; there is no hold."""
    knee, trials = find(exact(0))
    assert knee.status == "below_range"
    assert (knee.low, knee.high, knee.hold_step) == (None, 10.0, None)
    assert "10/s, failed" in knee.note
    assert all(trial.phase != "hold" for trial in trials)


def test_a_knee_below_the_first_rate_is_found_by_going_down() -> None:
    """The range begins where the ramp does, and ends a good deal lower."""
    knee, _ = find(exact(42))
    assert knee.status == "bracketed"
    assert (knee.low or 0) <= 42 < (knee.high or 0)


def test_a_queue_that_passes_by_lot_is_mostly_unstable_and_rarely_bracketed() -> None:
    """Answers that depend on nothing seldom look like a knee, whatever the seed."""
    statuses = collections.Counter(find(by_lot(0.5), seed)[0].status for seed in SEEDS)
    assert statuses["unstable"] >= 0.7 * len(SEEDS)
    assert statuses["bracketed"] <= 0.25 * len(SEEDS)


def test_an_unstable_knee_says_what_contradicts_it() -> None:
    """The note has the share of trials that speak against the bracket, or that time ran out."""
    knees = [find(by_lot(0.5), seed)[0] for seed in SEEDS]
    notes = {knee.note.split(" ")[0] for knee in knees if knee.status == "unstable"}
    assert notes <= {"Of", "The"}
    assert "Of" in notes


def test_a_search_stops_at_its_most_trials_and_says_so() -> None:
    """A budget that does not suffice gives no bracket, and never one trial more but the hold."""
    for budget in range(1, 12):
        knee, trials = find(exact(900), settings=KneeSettings(max_trials=budget))
        searched = [trial for trial in trials if trial.phase != "hold"]
        assert len(searched) == budget
        assert knee.status == "unstable"
        assert f"stopped after {budget} trials" in knee.note


def test_a_generator_that_is_the_limit_gives_at_least_and_no_high_end() -> None:
    """Limited trials are no failures: the low end stands, and nothing is said above it."""
    knee, _ = find(limited_above(700, exact(1e9)))
    assert knee.status == "generator_limited"
    assert knee.low is not None
    assert 600 <= knee.low <= 700
    assert knee.high is None
    assert "the load generator was the limit" in knee.note
    limited = [repeat for repeat in knee.repeats if repeat.generator_limited]
    assert limited
    assert all(repeat.failed == 0 for repeat in limited)


def test_a_knee_below_the_rate_that_the_generator_bears_is_found_all_the_same() -> None:
    """Between the last pass and the limited rate the queue's own failure is looked for."""
    knee, _ = find(limited_above(800, exact(600)))
    assert knee.status == "bracketed"
    assert (knee.low or 0) <= 600 < (knee.high or 0)


def test_a_generator_that_is_always_the_limit_says_nothing_of_the_queue() -> None:
    """Without one trial that was judged there is no low end."""
    knee, _ = find(limited_above(0, exact(1e9)))
    assert (knee.status, knee.low, knee.high) == ("generator_limited", None, None)


def test_one_limited_trial_is_repeated_and_forgotten() -> None:
    """A generator that stumbled once does not end the search."""
    stumbles = iter(["generator_limited"])

    def queue(rate: float, rng: random.Random) -> StepVerdict:
        if rate > 300 and next(stumbles, None):
            return "generator_limited"
        return exact(900)(rate, rng)

    knee, _ = find(queue)
    assert knee.status == "bracketed"
    assert sum(repeat.generator_limited for repeat in knee.repeats) == 1


def test_the_first_failure_of_a_ramp_is_repeated_before_it_is_believed() -> None:
    """One accident on the way up is outvoted by two passes, and the ramp goes on."""
    accidents = iter(["fail"])

    def queue(rate: float, rng: random.Random) -> StepVerdict:
        if rate == 220 and next(accidents, None):
            return "fail"
        return exact(900)(rate, rng)

    knee, trials = find(queue)
    assert knee.status == "bracketed"
    assert [trial.repeat for trial in trials if trial.rate == 220] == [1, 2, 3]


def test_a_low_end_that_fails_its_confirmation_gives_way_to_a_lower_one() -> None:
    """A pass by luck is overturned by the trials of the confirmation."""
    luck = iter(["pass"])

    def queue(rate: float, rng: random.Random) -> StepVerdict:
        if 900 < rate < 1000 and next(luck, None):
            return "pass"
        return exact(900)(rate, rng)

    settings = KneeSettings(start_rate=850, width=0.05, max_rate=1000)
    knee, trials = find(queue, settings=settings)
    assert knee.low is not None
    assert knee.low <= 900
    assert any(trial.phase == "confirm" and trial.rate > 900 for trial in trials)


def test_a_high_end_that_passes_its_confirmation_gives_way_to_a_higher_one() -> None:
    """Two failures in a row, as of a noisy minute, are overturned by later trials."""
    bad_minute = iter(["fail", "fail"])

    def queue(rate: float, rng: random.Random) -> StepVerdict:
        if rate == 500 and next(bad_minute, None):
            return "fail"
        return exact(1500)(rate, rng)

    knee, _ = find(queue, settings=KneeSettings(contradicting_share=0.5))
    assert knee.status == "bracketed"
    assert (knee.low or 0) <= 1500 < (knee.high or 0)


def test_both_ends_are_confirmed_in_an_order_that_the_seed_shuffles() -> None:
    """Each end is tried again, not one after the other, and other seeds give other orders."""
    orders = set()
    for seed in range(20):
        knee, trials = find(exact(900), seed)
        confirmed = [trial.rate for trial in trials if trial.phase == "confirm"]
        assert set(confirmed) == {knee.low, knee.high}
        orders.add(tuple(confirmed))
    assert len(orders) > 2


def test_stored_answers_give_the_same_course_again() -> None:
    """A resumed search asks for the trials that were measured before, and for no other."""
    knee, trials = find(noisy(700, 0.05), seed=3)
    stored = {trial.number: trial for trial in trials}
    rng = dice(3)
    verdicts = {n: noisy(700, 0.05)(trial.rate, rng) for n, trial in stored.items()}

    def answer(trial: Trial) -> Answer:
        assert stored[trial.number] == trial
        return Answer(step=trial.id, verdict=verdicts[trial.number])

    assert drive(search(KneeSettings(), TARGET, 3), answer) == knee


@pytest.mark.parametrize(
    ("verdict", "kept"), [("pass", True), ("fail", False), ("generator_limited", None)]
)
def test_the_hold_is_at_four_fifths_of_the_low_end_and_its_outcome_is_kept(
    verdict: StepVerdict, kept: bool | None
) -> None:
    """The last trial is the hold; that it failed, or measured the generator, is no secret."""
    trials: list[Trial] = []

    def answer(trial: Trial) -> Answer:
        trials.append(trial)
        own = exact(900)(trial.rate, dice(0))
        return Answer(step=trial.id, verdict=verdict if trial.phase == "hold" else own)

    knee = drive(search(KneeSettings(), TARGET, 0), answer)
    assert trials[-1].phase == "hold"
    assert trials[-1].rate == pytest.approx(0.8 * (knee.low or 0), rel=0.03)
    assert (knee.hold_step, knee.hold_passed) == (trials[-1].id, kept)


def test_a_search_without_hold_and_without_repeats_is_short() -> None:
    """A smoke run may ask for one trial of each end and for no hold."""
    settings = KneeSettings(repeats=1, hold_share=0.0)
    knee, trials = find(exact(900), settings=settings)
    assert knee.status == "bracketed"
    assert knee.hold_step is None
    assert {trial.phase for trial in trials} == {"ramp", "bisect"}


def test_rates_are_readable() -> None:
    """Rates that people read have two digits, or three where two would move them too far."""
    _, trials = find(exact(1234))
    assert all(float(f"{trial.rate:.3g}") == trial.rate for trial in trials)
    assert sum(float(f"{trial.rate:.2g}") == trial.rate for trial in trials) > len(trials) / 2


def test_a_bracket_between_neighbours_on_the_grid_is_not_split_further() -> None:
    """A width finer than three digits ends at neighbours instead of going on for ever."""
    knee, _ = find(exact(100.5), settings=KneeSettings(width=0.0001, max_trials=60))
    assert knee.status == "bracketed"
    assert (knee.low, knee.high) == (100.0, 101.0)


def test_a_step_that_was_not_judged_is_refused() -> None:
    """A search that is told no verdict says so at once, and names the step."""
    with pytest.raises(ValueError, match="ramp-1 was measured and not judged"):
        drive(
            search(KneeSettings(), TARGET, 0),
            lambda trial: Answer(step=trial.id, verdict="measured"),
        )


def test_the_hold_may_be_no_lower_than_the_low_end_where_the_grid_is_coarse() -> None:
    """A hold share of 1 holds the low end itself."""
    knee, trials = find(exact(900), settings=KneeSettings(hold_share=1.0))
    assert trials[-1].rate == knee.low
