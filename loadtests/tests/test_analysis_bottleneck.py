"""Planted bottlenecks are named, and no more is said of them than is known."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest

from loadtests.analysis.bottleneck import WORDS, find_bottleneck
from loadtests.analysis.flips import MEANINGS
from loadtests.tests.test_analysis_steps import (
    TARGET,
    flip,
    knee,
    resources,
    saturated,
    step,
    unmoved,
)
from reports.load_steps import Generator, Statement, Step, Target

if TYPE_CHECKING:
    from reports.load_schema import Bottleneck, Ratio

FULL = {"idle_share": 0.03, "cpu_seconds": {"worker": 12.0, "generator": 3.0, "database": 4.0}}
FLUSHING = {
    "counters": {"fsync_ms": 9200.0},
    "waits": {"IO:WALSync": 70, "CPU:CPU": 30, "Client:ClientRead": 500},
}


def find(*ratios: Ratio, seen: Step | None = None, **more: Any) -> Bottleneck:
    """Find the bottleneck of the step that failed at the knee."""
    steps = [step(), seen or saturated()]
    return find_bottleneck(TARGET, knee(), steps, ratios, **more)


def idle(statements: float) -> Step:
    """Return a step without load in which workers looked for tasks."""
    return step(id="idle", phase="null", resources=resources(counters={"statements": statements}))


@pytest.mark.parametrize(
    ("label", "used", "more"),
    [
        ("python_cpu", FULL, {}),
        (
            "database_cpu",
            {"idle_share": 0.02, "cpu_seconds": {"worker": 3.0, "database": 15.0}},
            {},
        ),
        # One process of a queue that computes all the time, on a machine with idle cores.
        ("python_cpu", {"cpu_seconds": {"worker": 9.5, "database": 1.0}}, {"workers": 1}),
        ("commit_flush", FLUSHING, {}),
        ("commit_flush", {"counters": {"flush_ms": 9000.0}}, {}),
        ("commit_flush", {"waits": {"LWLock:WALWrite": 90, "CPU:CPU": 50}}, {}),
        (
            "commit_flush",
            {"waits": {"IO:WALSync": 90}, "counters": {"fsync_ms": 7700.0}},
            {},
        ),
        ("writer_lock", {"counters": {"lock_busy_share": 0.93, "lock_wait_ms_p99": 40.0}}, {}),
        ("writer_lock", {"counters": {"lock_busy_share": 0.93}}, {}),
        ("table_lock", {"waits": {"Lock:relation": 80, "CPU:CPU": 20}}, {}),
        ("table_lock", {"waits": {"Lock:table metadata lock": 300}}, {}),
        ("row_locks", {"waits": {"Lock:transactionid": 80, "CPU:CPU": 20}}, {}),
        ("row_locks", {"counters": {"row_lock_ms": 24000.0}}, {}),
        ("row_locks", {"counters": {"row_lock_ms": 90.0}, "waits": {"Lock:row": 80}}, {}),
        ("worker_slots", {}, {"workers": 4, "work_ms": 9.9}),
        ("connections", {"counters": {"connections_max": 97.0, "connections_limit": 100.0}}, {}),
        (
            "connections",
            {
                "counters": {
                    "connections_max": 60.0,
                    "connections_limit": 100.0,
                    "connection_errors": 4.0,
                }
            },
            {},
        ),
        ("polling", {"counters": {"statements": 5000.0}}, {"idle": idle(4000.0)}),
        ("network", {"statements": (Statement(text="INSERT", calls=4000, total_ms=800.0),)}, {}),
        ("bloat", {"counters": {"dead_tuples": 90000.0, "xact_age_s_max": 120.0}}, {}),
    ],
)
def test_a_planted_pattern_is_supported_by_sampling_and_not_proven(
    label: str, used: dict[str, Any], more: dict[str, Any]
) -> None:
    """The right suspect comes first, with its evidence, and without a flip it is not proven."""
    found = find(seen=saturated(**used), **more)
    assert (found.label, found.confidence) == (label, "supported")
    assert found.suspects[0].label == label
    assert found.suspects[0].evidence
    assert {each.step for each in found.suspects[0].evidence} <= {"confirm-9", "idle"}
    assert found.sentence.startswith(f"At 452 tasks/s {WORDS[label]} is probably the limit")
    assert "no flip has proven it" in found.sentence


@pytest.mark.parametrize(
    "used",
    [
        {},
        # A busy machine is no full one.
        {"idle_share": 0.15, "cpu_seconds": {"worker": 14.0, "database": 3.0}},
        # No roles at all.
        {"cpu_seconds": {}, "idle_share": None},
        {"counters": {"fsync_ms": 2000.0}},
        {"counters": {"lock_busy_share": 0.5}},
        # A large share of hardly any samples.
        {"waits": {"Lock:relation": 8, "CPU:CPU": 2}},
        {"waits": {"Lock:tuple": 10, "CPU:CPU": 90}},
        {"counters": {"row_lock_ms": 90.0}},
        {"counters": {"connections_max": 50.0, "connections_limit": 100.0}},
        # Dead rows that nothing keeps, and an old transaction that keeps none.
        {"counters": {"dead_tuples": 90000.0, "xact_age_s_max": 0.2}},
        {"counters": {"dead_tuples": 12.0, "xact_age_s_max": 90.0}},
        # A slow way to the server may be Python's if no core is idle.
        {
            "idle_share": 0.2,
            "statements": (Statement(text="INSERT", calls=4000, total_ms=800.0),),
        },
    ],
)
def test_a_pattern_that_is_too_weak_leaves_the_bottleneck_unknown(used: dict[str, Any]) -> None:
    """A little of everything is no explanation."""
    found = find(seen=saturated(**used))
    assert (found.label, found.confidence) == ("unknown", "unknown")
    assert found.sentence == (
        "At 452 tasks/s nothing that was sampled or flipped explains the limit."
    )


def test_an_idle_step_without_statements_supports_no_polling() -> None:
    """A queue that is woken does not poll."""
    assert find(seen=saturated(counters={"statements": 5000.0}), idle=idle(0)).label == "unknown"
    assert find(seen=saturated(), idle=idle(4000)).label == "unknown"
    few = find(seen=saturated(counters={"statements": 9000.0}), idle=idle(500))
    assert few.label == "unknown"


def test_the_processor_share_is_known_from_the_roles_if_the_host_does_not_tell() -> None:
    """19 of 20 core seconds are a full machine, whoever counts them."""
    used = {"idle_share": None, "cpu_seconds": {"worker": 15.0, "database": 4.0}}
    assert find(seen=saturated(**used)).label == "python_cpu"


def test_sampling_and_a_flip_that_moves_the_capacity_prove_a_bottleneck() -> None:
    """The sentence says what was flipped, by how much the capacity moved, and how sure that is."""
    found = find(
        flip("durability", 1.9), unmoved("workers"), unmoved("A/A"), seen=saturated(**FLUSHING)
    )
    assert (found.label, found.confidence) == ("commit_flush", "proven")
    assert found.suspects[0].flips == ("durability",)
    assert found.suspects[0].utilisation == pytest.approx(0.92)
    assert found.sentence == (
        "At 452 tasks/s making commits durable is the limit, in use for 92% of the time: the other "
        "setting instead of the usual setting changed the capacity by a factor of 1.90 "
        "(1.84 to 1.96), and nothing else more."
    )


@pytest.mark.parametrize(
    "ratio",
    [
        unmoved("A/A"),
        flip("durability", 1.05),
        flip("durability", 1.9, claim="withheld"),
        flip("durability", 0.5),
        flip("durability", 1.9, low=None, high=None),
        flip("durability", 1.9, low=0.9, high=2.4),
        flip("durability", None),
        flip("durability", 1.9, metric="end_to_end_p99_ms"),
        flip("durability", 1.9, target=Target(contender="celery", database="postgresql")),
        flip("durability", 1.9, target=Target(contender="background_task", database="sqlite")),
    ],
)
def test_a_flip_that_shows_nothing_proves_nothing(ratio: Ratio) -> None:
    """Too small, withheld, the wrong way, a latency, or another target: not proven by it."""
    assert find(ratio, seen=saturated(**FLUSHING)).confidence != "proven"
    assert find(ratio, unmoved("A/A"), seen=saturated(**FLUSHING)).confidence != "proven"


def test_an_effect_within_the_control_s_spread_proves_nothing() -> None:
    """A claim is taken back if the control moves as far by itself."""
    control = flip("A/A", 1.2, claim="no difference", low=0.8, high=1.6)
    found = find(flip("durability", 1.3), control, seen=saturated(**FLUSHING))
    assert found.confidence == "unknown"
    clear = find(flip("durability", 1.9), control, seen=saturated(**FLUSHING))
    assert clear.confidence == "proven"


def test_a_suspect_whose_flip_moved_nothing_is_cleared() -> None:
    """However much its waits were sampled: flushing was seen, and doing without did not help."""
    found = find(unmoved("durability"), seen=saturated(**FLUSHING))
    assert (found.label, found.confidence) == ("unknown", "unknown")
    assert found.suspects[0].flips == ("durability",)


def test_a_withheld_flip_clears_nobody() -> None:
    """An unstable comparison leaves the suspicion where it was."""
    withheld = flip("durability", None, claim="withheld")
    found = find(withheld, seen=saturated(**FLUSHING))
    assert (found.label, found.confidence) == ("commit_flush", "supported")


def test_a_suspect_is_not_proven_if_another_relief_moves_the_capacity_more() -> None:
    """Two reliefs that help leave open which one is the limit."""
    found = find(flip("durability", 1.3), flip("workers", 1.8), seen=saturated(**FLUSHING))
    confidences = {each.label: each.confidence for each in found.suspects}
    assert confidences["commit_flush"] == "supported"
    assert confidences["python_cpu"] == "supported"
    assert found.confidence == "supported"


def test_a_burden_is_no_rival_of_a_relief() -> None:
    """A longer way to the server lowers any capacity, as far as one likes."""
    found = find(flip("durability", 1.4), flip("network_delay", 0.2), seen=saturated(**FLUSHING))
    assert (found.label, found.confidence) == ("commit_flush", "proven")


def test_a_burden_alone_supports_nothing_and_proves_only_what_was_sampled() -> None:
    """That a delay costs something does not make the network the limit."""
    delay = flip("network_delay", 0.2)
    assert find(delay).label == "unknown"
    statements = (Statement(text="INSERT", calls=4000, total_ms=800.0),)
    seen = saturated(statements=statements)
    assert find(delay, seen=seen).confidence == "proven"
    other = find(delay, flip("durability", 1.3), seen=seen)
    assert {each.label: each.confidence for each in other.suspects}["network"] == "supported"


def test_a_relief_without_any_sample_supports_its_suspect() -> None:
    """What is relieved and helps is a bottleneck, though nothing of it was seen."""
    found = find(flip("durability", 1.9))
    assert (found.label, found.confidence) == ("commit_flush", "supported")
    assert found.suspects[0].utilisation is None
    assert found.sentence.endswith("changed the capacity by a factor of 1.90 (1.84 to 1.96).")


def test_more_workers_on_a_full_machine_clear_nobody() -> None:
    """Where no core is idle a further process cannot help."""
    found = find(unmoved("workers"), seen=saturated(**FULL))
    assert (found.label, found.confidence) == ("python_cpu", "supported")
    roomy = saturated(cpu_seconds={"worker": 9.5, "database": 1.0})
    assert find(unmoved("workers"), seen=roomy, workers=1).confidence == "unknown"


def test_workers_that_sleep_in_bodies_are_short_of_slots_and_not_of_python() -> None:
    """Twice the workers of bodies that wait are twice the capacity: that proves the slots."""
    lazy = saturated(cpu_seconds={"worker": 4.0, "database": 1.0})
    found = find(flip("workers", 1.9), seen=lazy, workers=4, work_ms=9.9)
    assert (found.label, found.confidence) == ("worker_slots", "proven")
    without_cpu = saturated(cpu_seconds={"database": 1.0})
    found = find(flip("workers_doubled", 1.9), seen=without_cpu, workers=4, work_ms=9.9)
    assert found.label == "worker_slots"
    busy = saturated(cpu_seconds={"worker": 38.0, "database": 1.0}, cores=4)
    found = find(flip("workers", 1.9), seen=busy, workers=4, work_ms=9.9)
    assert (found.label, found.confidence) == ("python_cpu", "proven")


def test_a_knob_that_nobody_knows_tests_no_suspect_but_is_a_rival() -> None:
    """An unknown relief that helps more is not ignored."""
    found = find(flip("durability", 1.3), flip("magic", 3.0), seen=saturated(**FLUSHING))
    assert (found.label, found.confidence) == ("commit_flush", "supported")


def test_a_queue_that_was_never_saturated_has_no_bottleneck() -> None:
    """Without a failed step nothing is said of a limit."""
    never = knee(status="not_reached", high=None)
    found = find_bottleneck(TARGET, never, [step()], [])
    assert (found.label, found.confidence) == ("unknown", "unknown")
    assert "No step was saturated" in found.sentence
    assert find_bottleneck(TARGET, knee(), [], []).label == "unknown"


def test_a_generator_that_was_the_limit_is_named() -> None:
    """The queue is not blamed for a weak generator."""
    limited = knee(status="generator_limited", high=None)
    assert find_bottleneck(TARGET, limited, [], []).label == "generator"
    weak = Generator(
        processes=1,
        users=8,
        cpu_share_max=0.99,
        loop_lag_ms_p99=50,
        send_lag_ms_p99=900,
        is_limit=True,
    )
    assert find(seen=dataclasses.replace(saturated(), generator=weak)).label == "generator"


def test_the_step_at_the_high_end_is_looked_at_and_no_other() -> None:
    """Steps of other arms, other targets, other phases and far higher rates are left out."""
    full = resources(**FULL)
    others = [
        dataclasses.replace(saturated(), id="ramp-2", phase="ramp", offered_rate=900.0),
        dataclasses.replace(saturated(), phase="flip", order=50),
        dataclasses.replace(saturated(), target=Target(contender="celery", database=None)),
        dataclasses.replace(saturated(), id="bisect-4", phase="bisect", order=3),
    ]
    steps = [*others, dataclasses.replace(saturated(), resources=full)]
    found = find_bottleneck(TARGET, knee(), steps, [])
    assert found.label == "python_cpu"
    assert found.suspects[0].evidence[0].step == "confirm-9"


def test_an_enqueue_without_a_time_says_nothing_of_the_network() -> None:
    """A ledger without histograms is judged without them."""
    statements = (Statement(text="INSERT", calls=4000, total_ms=800.0),)
    seen = dataclasses.replace(saturated(statements=statements), latency={})
    assert find(seen=seen).label == "unknown"


def test_every_suspect_has_words_for_people() -> None:
    """What a knob can test can be named in the sentence."""
    assert {meaning.label for meaning in MEANINGS.values()} <= set(WORDS)
