"""The decisions of the load generator: what counts, when it is due, and who may send."""

from __future__ import annotations

import argparse
import random

from loadtests.generator.guard import TICK_NS, Guard
from loadtests.generator.histograms import LONGEST_US, encode, merge, new_histogram, record_ns
from loadtests.generator.plain import order_of, refused
from loadtests.generator.recording import (
    INTENDED,
    LOOP_LAG,
    SEND_LAG,
    SERVICE,
    UNANSWERED,
    Recording,
    together,
)
from loadtests.generator.roles import Role, processes_of, share_of
from loadtests.generator.stand import Driver
from loadtests.generator.table import table
from loadtests.generator.timetable import SECOND_NS, Timetable, count_planned, intended_times
from loadtests.order import Arrivals, Order, Outcome
from loadtests.workload import Workload

NAMES = (SERVICE, SEND_LAG, INTENDED, LOOP_LAG)


def order(*, processes: int = 1, bystander_rate: float = 0.0) -> Order:
    """Return an order of 200/s for three seconds, of which the middle one is the window."""
    return Order(
        producer="loadtests.generator.null",
        seed=3,
        arrivals=Arrivals(kind="poisson", pieces=((3.0, 200.0),)),
        workload=Workload().to_document(),
        bystander_rate=bystander_rate,
        processes=processes,
        users=2,
        warmup_seconds=1.0,
        window_seconds=1.0,
        results="",
    )


def test_merging_the_accounts_of_processes_equals_recording_in_one() -> None:
    """Percentiles come from merged histograms, so it must not matter who recorded what."""
    timetable = Timetable.of(order(), 0)
    parts = [Recording(timetable, NAMES) for _ in range(3)]
    whole = Recording(timetable, NAMES)
    rng = random.Random(1)  # noqa: S311 - a test, no secret
    for number in range(900):
        intended = rng.randrange(0, 3 * SECOND_NS)
        sent = intended + rng.randrange(10**7)
        for recording in (parts[number % 3], whole):
            recording.sent(intended, sent)
            if number % 10:
                recording.acknowledged(intended, sent, sent + number * 10**6)
            else:
                recording.refused(intended, TimeoutError())

    merged = together(part.account() for part in parts)

    assert merged == together([whole.account()])
    assert 200 < merged.sent == merged.acknowledged + merged.errors["TimeoutError"] < 400


def test_only_what_is_intended_in_the_window_counts() -> None:
    """A warm-up enqueue that is answered in the window is no enqueue of the window."""
    timetable = Timetable.of(order(), 0)
    recording = Recording(timetable, NAMES)
    times = (SECOND_NS - 1, SECOND_NS, 2 * SECOND_NS - 1, 2 * SECOND_NS)
    for intended in times:
        recording.sent(intended, 5 * SECOND_NS)
        recording.acknowledged(intended, 5 * SECOND_NS, 6 * SECOND_NS)

    account = recording.account()

    assert (account.sent, account.acknowledged) == (2, 2)
    assert merge([account.histograms[INTENDED]]).get_total_count() == 2


def test_what_was_never_answered_is_an_error_of_its_own() -> None:
    """Sent is always acknowledged plus errors."""
    timetable = Timetable.of(order(), 0)
    recording = Recording(timetable, NAMES)
    recording.sent(SECOND_NS, SECOND_NS)

    assert together([recording.account()]).errors == {UNANSWERED: 1}


def test_durations_out_of_range_are_kept_at_its_ends() -> None:
    """Nothing that was sent is missing from a histogram."""
    histogram = new_histogram()
    record_ns(histogram, -5)
    record_ns(histogram, 2 * LONGEST_US * 1000)

    assert merge([encode(histogram)]).get_total_count() == 2


def test_what_was_planned_is_the_same_whoever_counts() -> None:
    """The coordinator counts the arrivals of all processes, those that died included."""
    ordered = order(processes=3)
    timetable = Timetable.of(ordered, 7_000)
    in_window = [
        intended
        for process in range(3)
        for intended in intended_times(ordered, process, 7_000)
        if timetable.has_in_window(intended)
    ]

    assert count_planned(ordered, timetable, timetable.closes_ns) == len(in_window) > 100
    half = timetable.opens_ns + SECOND_NS // 2
    assert count_planned(ordered, timetable, half) == sum(each < half for each in in_window)
    assert count_planned(ordered, timetable, 0) == 0


def test_bystanders_have_processes_of_their_own_and_do_not_arrive_in_step() -> None:
    """With a driver that blocks, a bystander beside a sender would measure the sender."""
    ordered = order(processes=2, bystander_rate=100.0)

    roles = [share_of(ordered, process).role for process in range(processes_of(ordered))]

    assert roles == [Role.ENQUEUE, Role.ENQUEUE, Role.READ, Role.WRITE]
    times = [tuple(intended_times(ordered, process, 0)) for process in range(4)]
    assert len(set(times)) == 4
    assert processes_of(order(processes=2)) == 2


def test_a_blocked_loop_counts_as_late_for_as_long_as_it_is_blocked() -> None:
    """One stall of a second is two hundred late ticks and not a single one."""
    timetable = Timetable.of(order(), -5 * SECOND_NS)
    recording = Recording(timetable, (LOOP_LAG,))
    guard = Guard(timetable, recording, free_since_ns=lambda: 0, on_open=lambda: None)

    guard.run()

    lags = merge([recording.account().histograms[LOOP_LAG]])
    assert lags.get_total_count() == SECOND_NS // TICK_NS
    assert guard.cpu_share() >= 0


def test_several_users_beside_a_blocking_driver_are_refused_with_the_way_out() -> None:
    """The sentence names the driver and the options that work."""
    blocking = Driver(name="sqlite3 3.40.1", is_cooperative=False)
    cooperative = Driver(name="psycopg 3.3.9", is_cooperative=True)

    sentence = refused(blocking, processes=1, users=4) or ""

    assert "sqlite3 3.40.1" in sentence
    assert "--processes 4 -u 4" in sentence
    assert refused(blocking, processes=4, users=4) is None
    assert refused(cooperative, processes=1, users=4) is None
    assert "-u 2" in (refused(cooperative, processes=2, users=1) or "")


def test_a_persons_options_become_an_order() -> None:
    """The warm-up is part of the seconds that were asked for."""
    options = argparse.Namespace(rate=50.0, arrivals="uniform", load_seconds=20.0, num_users=3)

    made = order_of(options, "loadtests.generator.null", processes=2)

    assert made.arrivals == Arrivals(kind="uniform", pieces=((20.0, 50.0),))
    assert (made.warmup_seconds, made.window_seconds, made.users) == (2.0, 18.0, 2)


def test_the_table_shows_the_truth_beside_locusts_own_line() -> None:
    """A person who reads the last table must see both."""
    recording = Recording(Timetable.of(order(), 0), NAMES)
    recording.sent(SECOND_NS, SECOND_NS)
    recording.acknowledged(SECOND_NS, SECOND_NS, SECOND_NS + 50 * 10**6)
    account = recording.account()
    outcome = Outcome(
        begun_ns=0,
        window_ns=(SECOND_NS, 2 * SECOND_NS),
        histograms=account.histograms,
        planned=1,
        sent=1,
        acknowledged=1,
        errors={},
        cpu_share_max=0.25,
        pids=(1,),
        locust={"p50_ms": 49, "p95_ms": 49, "p99_ms": 49, "max_ms": 49.9},
    )

    text = table("a queue", order(), outcome)

    rows = {line[:14].strip(): line[14:54].split() for line in text.splitlines()}
    assert rows["intended"][0] == "50.0"
    assert rows["loop lag"] == ["-"] * 4
    assert rows["Locust's own"] == ["49.0", "49.0", "49.0", "49.9"]
    assert "25% of a core" in text
