"""One measured step of a load run, and everything below it: a line of steps.ndjson.

Units are in the names; a rate is tasks per second; a share is between 0 and 1. This module imports
the standard library only.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping  # noqa: TC003 - the readers look annotations up
from typing import Any, Literal

StepVerdict = Literal["pass", "fail", "generator_limited", "measured"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """The distribution of one duration over a step's window.

    Attributes:
        count: how many durations were recorded.
        hdr: the HdrHistogram of microseconds, 3 significant digits, in its V2 compressed base64
            form: histograms are merged from these, percentiles never are.
    """

    count: int
    mean_ms: float | None = None
    p50_ms: float | None = None
    p90_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
    p999_ms: float | None = None
    max_ms: float | None = None
    hdr: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a step put under load.

    Attributes:
        contender: the queue, by its name in ``engine.contenders``.
        database: sqlite, postgresql, mysql or mariadb; None for a queue without a database.
        knobs: settings that differ from the profile's, by name: the arm of an intervention.
    """

    contender: str
    database: str | None
    knobs: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Tasks of one step. ``planned`` and the next three count enqueues within the window.

    Attributes:
        planned: arrivals that the schedule held.
        sent: enqueues that were begun.
        acknowledged: enqueues that returned.
        errors: enqueues that raised, by the class of the exception.
        completed: bodies that ended within the window, whenever they were enqueued.
        unfinished: acknowledged tasks of the whole step that had not ended when it was left.
        duplicated: tasks of the whole step whose body ended more than once.
    """

    planned: int
    sent: int
    acknowledged: int
    errors: Mapping[str, int] = dataclasses.field(default_factory=dict)
    completed: int
    unfinished: int
    duplicated: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """Tasks acknowledged and not ended, through a step.

    Attributes:
        slope_per_s: the Theil-Sen slope over the window.
        series: [seconds since the step began, depth], about once a second, drain included.
        drain_rate: bodies ended per second after the load had stopped; None without a drain.
    """

    start: int
    end: int
    slope_per_s: float
    series: tuple[tuple[float, int], ...] = ()
    drain_rate: float | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LocustLine:
    """What Locust itself prints for the same window, for comparison with the truth."""

    requests: int
    failures: int
    rate: float
    p50_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
    max_ms: float | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Generator:
    """How the load generator itself fared: whether a step measures the queue or the generator.

    Attributes:
        processes: Locust processes that sent.
        users: concurrent senders in each.
        cpu_share_max: of one core, of the busiest process.
        loop_lag_ms_p99: how late a timer of 5 ms fired.
        send_lag_ms_p99: how late enqueues were begun.
        is_limit: whether the generator, not the queue, set the pace.
        reasons: one sentence for each gate that it failed.
    """

    processes: int
    users: int
    cpu_share_max: float
    loop_lag_ms_p99: float | None
    send_lag_ms_p99: float | None
    is_limit: bool
    reasons: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One kind of SQL statement, as the database accounts for it over the window."""

    text: str
    calls: int
    total_ms: float
    rows: int | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """What a step used and where its database waited, over the window.

    Attributes:
        cpu_seconds: CPU time by role (generator, worker, database, broker, harness), over whole
            process trees.
        cores: cores of the machine.
        steal_share: of all CPU time, what the hypervisor gave to others.
        idle_share: of all CPU time.
        waits: samples of active sessions by "class:event"; "CPU:CPU" is a session that ran.
        wait_samples: looks that were taken at all sessions.
        statements: those with the most time.
        counters: what the database counted, by name: commits, wal_bytes, fsyncs, dead_tuples,
            deadlocks, round_trips, statements, row_lock_waits, lock_wait_ms_p99,
            lock_hold_ms_p99, lock_busy_share, ...; a counter that a database has not is missing.
    """

    cpu_seconds: Mapping[str, float]
    cores: int
    steal_share: float | None = None
    idle_share: float | None = None
    waits: Mapping[str, int] = dataclasses.field(default_factory=dict)
    wait_samples: int = 0
    statements: tuple[Statement, ...] = ()
    counters: Mapping[str, float] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One offered load, held for a window, and what came of it.

    Attributes:
        id: unique within the run, such as "ramp-3" or "flip-durability-b2".
        phase: ramp, bisect, confirm, hold, flip, bystander, scale, compare or timeline.
        order: 0 for the first step that ran.
        block: which repetition of an interleaved comparison; None outside of one.
        arm: which side of a comparison, such as "control" or "durability"; "" outside of one.
        offered_rate: tasks per second that the schedule held on average over the window.
        goodput: bodies ended per second of the window.
        sent_rate: enqueues begun per second of the window.
        latency: by name: service (send to reply), send_lag (intended to sent), intended
            (intended to reply), end_to_end (intended to the end of the body), and
            bystander_<query> (intended to reply) where a bystander was asked for.
        per_task: the ledger of one task: statements, round_trips, commits, wal_bytes, fsyncs,
            and cpu_ms_<role>; divided by the bodies that ended in the window.
        littles_law_error: |L - lambda W| / L over the window; None if it cannot be told.
        verdict: pass or fail by the rules of the knee; generator_limited if the step measures
            the generator; measured where nothing is judged.
        reasons: one sentence for each rule that failed.
    """

    id: str
    phase: str
    order: int
    target: Target
    block: int | None = None
    arm: str = ""
    offered_rate: float
    warmup_seconds: float
    window_seconds: float
    goodput: float
    sent_rate: float
    counts: Counts
    backlog: Backlog
    latency: Mapping[str, Latency]
    locust: LocustLine | None
    generator: Generator
    resources: Resources
    per_task: Mapping[str, float] = dataclasses.field(default_factory=dict)
    littles_law_error: float | None = None
    verdict: StepVerdict
    reasons: tuple[str, ...] = ()
    started_at: str = ""
