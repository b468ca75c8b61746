"""Arrivals: right in number and spread, exact at borders, the same in every process."""

from __future__ import annotations

import itertools
import math
import os
import statistics
import subprocess
import sys

import pytest

from loadtests.arrivals import arrival_times, duration_seconds, expected_arrivals
from loadtests.order import Arrivals

PIECES = ((4.0, 50.0), (3.0, 0.0), (5.0, 200.0))
POISSON = Arrivals(kind="poisson", pieces=PIECES)
UNIFORM = Arrivals(kind="uniform", pieces=PIECES)
TRACE = Arrivals(kind="trace", times_seconds=(0.0, 0.5, 0.5, 2.0, 9.0))
EXPECTED = 1200


def together(arrivals: Arrivals, *, seed: int, processes: int) -> list[float]:
    """Return the arrivals of all processes."""
    parts = [
        arrival_times(arrivals, seed=seed, process=process, processes=processes)
        for process in range(processes)
    ]
    return sorted(itertools.chain.from_iterable(parts))


@pytest.mark.parametrize("processes", [1, 3, 7])
def test_poisson_processes_together_arrive_as_often_as_ordered(processes: int) -> None:
    """Over 40 seeds the mean count is the ordered one, and counts vary as Poisson's do."""
    counts = [len(together(POISSON, seed=seed, processes=processes)) for seed in range(40)]

    # The standard error of the mean is 5.5, that of the variance's ratio about 0.23.
    assert abs(statistics.mean(counts) - EXPECTED) < 30
    assert 0.3 < statistics.variance(counts) / EXPECTED < 2.2


def test_poisson_gaps_of_all_processes_together_are_exponential() -> None:
    """Mean and deviation of the gaps are the same, and a share 1/e is longer than the mean."""
    one_rate = Arrivals(kind="poisson", pieces=((400.0, 50.0),))
    times = together(one_rate, seed=5, processes=4)
    gaps = [after - before for before, after in itertools.pairwise(times)]
    mean = statistics.mean(gaps)

    assert math.isclose(mean, 1 / 50, rel_tol=0.05)
    assert math.isclose(statistics.stdev(gaps), mean, rel_tol=0.06)
    assert abs(sum(gap > mean for gap in gaps) / len(gaps) - 1 / math.e) < 0.02


@pytest.mark.parametrize("arrivals", [POISSON, UNIFORM])
def test_each_piece_has_its_own_rate_and_rate_0_is_silence(arrivals: Arrivals) -> None:
    """Arrivals fall into the pieces in proportion to their rates: nothing leaks over a border."""
    times = [time for seed in range(30) for time in together(arrivals, seed=seed, processes=2)]
    first = sum(time < 4 for time in times) / 30
    silent = sum(4 <= time < 7 for time in times)
    last = sum(7 <= time < 12 for time in times) / 30

    assert abs(first - 200) < 15
    assert silent == 0
    assert abs(last - 1000) < 35
    assert len(times) / 30 == first + last


def test_poisson_is_exact_just_behind_a_border() -> None:
    """The first wait after a border is of the new rate, whatever the rate before it was."""
    change = Arrivals(kind="poisson", pieces=((1.0, 0.1), (1.0, 1000.0)))
    waits = [
        next(time - 1 for time in together(change, seed=seed, processes=1) if time >= 1)
        for seed in range(400)
    ]

    assert math.isclose(statistics.mean(waits), 1 / 1000, rel_tol=0.25)


def test_uniform_processes_take_turns_at_the_same_distance() -> None:
    """All processes together send at one distance: never two of them at once."""
    one_rate = Arrivals(kind="uniform", pieces=((10.0, 30.0),))
    times = together(one_rate, seed=3, processes=4)
    gaps = [after - before for before, after in itertools.pairwise(times)]

    assert len(times) == 300
    assert all(math.isclose(gap, 1 / 30, rel_tol=1e-6) for gap in gaps)


def test_uniform_carries_what_is_left_of_an_interval_over_a_border() -> None:
    """Many pieces shorter than an interval still add up to the ordered number."""
    slivers = Arrivals(kind="uniform", pieces=((0.01, 10.0),) * 1000)

    assert abs(len(together(slivers, seed=1, processes=3)) - 100) <= 3


def test_a_trace_is_dealt_out_to_the_processes_in_turn() -> None:
    """Every process takes each n-th arrival; together they take all, once."""
    parts = [list(arrival_times(TRACE, seed=1, process=at, processes=2)) for at in range(2)]

    assert parts == [[0.0, 0.5, 9.0], [0.5, 2.0]]


@pytest.mark.parametrize("arrivals", [POISSON, UNIFORM, TRACE])
def test_times_ascend_and_end_with_the_pieces(arrivals: Arrivals) -> None:
    """No time is before the one before it, below 0, or behind the end."""
    for process in range(3):
        times = list(arrival_times(arrivals, seed=11, process=process, processes=3))
        assert times == sorted(times)
        assert all(0 <= time <= duration_seconds(arrivals) for time in times)


def test_another_seed_and_another_process_arrive_at_other_times() -> None:
    """Neither runs nor processes repeat one another."""
    starts = {
        (seed, process): next(arrival_times(POISSON, seed=seed, process=process, processes=4))
        for seed in range(20)
        for process in range(4)
    }

    assert len(set(starts.values())) == len(starts)


def test_times_are_the_same_in_every_process_whatever_its_hash_seed() -> None:
    """A process with other hashes of strings computes the same times."""
    code = (
        "from loadtests.arrivals import arrival_times\n"
        "from loadtests.order import Arrivals\n"
        "a = Arrivals(kind='poisson', pieces=((2.0, 40.0),))\n"
        "print([list(arrival_times(a, seed=7, process=p, processes=2)) for p in range(2)])\n"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={
                **os.environ,
                "PYTHONHASHSEED": hash_seed,
                "PYTHONPATH": os.pathsep.join(sys.path),
            },
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("0", "1", "77")
    }

    assert len(seen) == 1


def test_a_known_seed_gives_known_times() -> None:
    """Stored seeds stay good: these times were written down once."""
    arrivals = Arrivals(kind="poisson", pieces=((1.0, 10.0),))
    times = itertools.islice(arrival_times(arrivals, seed=7, process=0, processes=1), 3)

    assert [round(time, 6) for time in times] == [0.020772, 0.224403, 0.310594]


def test_length_and_expected_number_of_arrivals() -> None:
    """Both can be told without drawing."""
    assert duration_seconds(POISSON) == 12
    assert expected_arrivals(POISSON) == EXPECTED
    assert duration_seconds(TRACE) == 9
    assert expected_arrivals(TRACE) == 5
    assert duration_seconds(Arrivals(kind="trace")) == 0
