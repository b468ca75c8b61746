"""A dossier shows the whole story of its task, and the limits keep the first of every property."""

from __future__ import annotations

import dataclasses

from reports.page.dossier_figure import draw_dossier
from reports.page.dossiers import MOST_DOSSIERS, MOST_OPS, choose, open_dossiers
from reports.page.faults import find_faults
from reports.page.op_values import told_value
from reports.page.timeline import Timeline
from reports.schema import Anomaly, Op
from reports.tests.synthetic_runs import BOOT, OUTAGE, PAUSE, History, broken

RUN = Timeline(zero=BOOT, end=30.0)


def test_the_first_witness_of_every_property_is_shown() -> None:
    """Many anomalies of one property do not push out the only one of another."""
    many = [Anomaly(name="lost", task=f"t{n}", proof="gone") for n in range(50)]
    one = Anomaly(name="stuck", task="s", proof="waits")

    chosen = choose([broken("lost", *many), broken("stuck", one)])

    assert len(chosen) == MOST_DOSSIERS
    assert chosen[0] is many[0]
    assert chosen[-1] is one


def test_a_dossier_knows_more_of_its_task_than_its_witness() -> None:
    """Attempts and leases come from the history, even if the witness names one op only."""
    history = History()
    history.claim(1.0, "a", 1, 1, "w")
    history.start(1.1, 7, "a", 1, 1)
    history.kill(1.5, 1, 7)
    anomaly = Anomaly(name="lost", task="a", proof="gone", witness=(history.ops[0],))

    (dossier,) = open_dossiers([anomaly], history.ops, RUN)

    assert [attempt.outcome for attempt in dossier.attempts] == ["killed"]
    assert len(dossier.leases) == 1
    assert len(dossier.rows) == 1


def test_a_dossier_says_its_moments_in_seconds_of_the_run() -> None:
    """Whatever clock they were read from; and nothing of how a fault is drawn."""
    audit = Op(
        time=BOOT + 2 * 10**9,
        process="audit",
        type="ok",
        f="claim",
        task="a",
        value={"lease_until": 1_700_000_004.5},
        database_time=1_700_000_000.0,
    )
    death = Op(
        time=BOOT + 3 * 10**9,
        process="harness",
        type="ok",
        f="death",
        value={"pid": 7, "alive_at": BOOT + 10**9},
    )
    assert told_value(audit, RUN) == {"lease_until": "6.500 s"}
    assert told_value(death, RUN) == {"pid": 7, "alive_at": "1.000 s"}
    fault = dataclasses.replace(death, process="fault-1", value={"colour": "#000", "role": "x"})
    assert told_value(fault, RUN) == {"role": "x"}


def test_a_claim_that_never_started_is_shown_with_the_next_kill() -> None:
    """The figure reaches to the kill that explains why nothing started."""
    history = History()
    history.claim(1.0, "a", 1, 1, "w")
    history.kill(3.0, 1, 7, in_body=False)
    history.kill(9.0, 2, 8)
    anomaly = Anomaly(name="stuck", task="a", proof="waits")

    (dossier,) = open_dossiers([anomaly], history.ops, RUN)
    drawing = draw_dossier(dossier, [], [], RUN.end)

    assert max(dossier.moments) == 3.0
    assert drawing is not None
    assert "child 7 killed at 3.000 s, between tasks" in drawing
    assert "child 8" not in drawing


def test_an_anomaly_without_a_story_has_no_figure() -> None:
    """An anomaly of the whole run, or of a task that left no op, is told in words alone."""
    anomaly = Anomaly(name="stats", task=None, proof="no kill landed")

    (dossier,) = open_dossiers([anomaly], [], RUN)

    assert draw_dossier(dossier, [], [], RUN.end) is None


def test_a_long_witness_is_cut_and_says_so() -> None:
    """At most so many ops are listed, and the remark tells of how many."""
    history = History()
    for number in range(100):
        history.audit(float(number) / 10, "heartbeat", "a", token=1, value={"row": 1})
    anomaly = Anomaly(name="stuck", task="a", proof="waits", witness=tuple(history.ops))

    (dossier,) = open_dossiers([anomaly], history.ops, RUN)

    assert len(dossier.rows) == MOST_OPS
    assert dossier.remark == "The first 40 of 100 ops are listed."


def test_an_op_of_another_task_says_whose_it_is() -> None:
    """A witness that takes two tasks to prove names the other one in the value."""
    history = History()
    history.enqueue(1.0, "a", 1)
    history.enqueue(2.0, "b", 2)
    anomaly = Anomaly(name="dedupe-violation", task="a", proof="two", witness=tuple(history.ops))

    (dossier,) = open_dossiers([anomaly], history.ops, RUN)

    assert [row.value.startswith("task = b") for row in dossier.rows] == [False, False, True, True]


def test_a_pause_is_hatched_in_the_lane_of_its_process() -> None:
    """A fault that held a process up is seen where that process worked, and nowhere else."""
    history = History()
    history.start(1.0, 7, "a", 1, 1)
    history.fault(1, "sigstop", 1.2, 1.8, pids=(7, 9), **PAUSE)
    history.end(2.0, 7, "a", 1)
    history.start(2.1, 8, "a", 1, 2)
    history.end(2.2, 8, "a", 2)
    (dossier,) = open_dossiers([Anomaly(name="x", task="a", proof="p")], history.ops, RUN)

    drawing = draw_dossier(dossier, [], find_faults(history.ops, RUN), RUN.end)

    assert drawing is not None
    assert drawing.count('class="pause"') == 1
    assert "sigstop from 1.200 s to 1.800 s" in drawing
    assert "outage" not in drawing


def test_an_outage_of_the_database_is_a_band_over_all_lanes() -> None:
    """What disturbs the database disturbs everybody."""
    history = History()
    history.start(1.0, 7, "a", 1, 1)
    history.fault(1, "database_restart", 1.2, 1.8, **OUTAGE)
    history.end(2.0, 7, "a", 1)
    (dossier,) = open_dossiers([Anomaly(name="x", task="a", proof="p")], history.ops, RUN)

    drawing = draw_dossier(dossier, [], find_faults(history.ops, RUN), RUN.end)

    assert drawing is not None
    assert drawing.count('class="outage"') == 1
    assert 'class="pause"' not in drawing


def test_the_audits_other_changes_of_the_task_are_listed_around_the_witness() -> None:
    """Each is there once, in the order of time, and told apart from the witness."""
    history = History()
    token = history.claim(1.0, "a", 1, 1, "w")
    history.start(1.1, 7, "a", 1, 1)
    history.kill(1.5, 1, 7)
    history.audit(2.0, "release", "a", token=token, value={"row": 1})
    history.claim(2.5, "b", 2, 1, "w")
    anomaly = Anomaly(name="lost", task="a", proof="gone", witness=tuple(history.ops[1:4]))

    (dossier,) = open_dossiers([anomaly], history.ops, RUN)

    assert [(row.f, row.kind) for row in dossier.rows] == [
        ("claim", "around"),
        ("attempt", "witness"),
        ("kill", "fault"),
        ("kill", "fault"),
        ("release", "around"),
    ]
    assert "2 other changes" in dossier.remark
