"""What sampling says for each possible bottleneck, one function for each: evidence, never proof.

A resource whose use is known is suspected from 80 % on (load.md 3.6; Gregg's USE method). Waits
rank symptoms only (load.md 3.6), so a share of them counts if on average sessions do wait.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

from loadtests.analysis.scene import AT_REST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loadtests.analysis.scene import Scene
    from reports.load_schema import Evidence

BUSY: Final = 0.8
FULL: Final = 0.9
"""Of all CPU time: with less than a tenth idle, the machine is full."""

MOST: Final = 0.5
WAIT_SHARE: Final = 0.3
WAITING_SESSIONS: Final = 0.5
AT_LIMIT: Final = 0.95
ROOMY: Final = 0.3
"""Of all CPU time idle: with so much, time that nobody computes in is spent waiting."""

PYTHON: Final = ("worker", "generator")
FLUSH_WAITS: Final = ("IO:WALSync", "IO:WALWrite", "LWLock:WALWrite", "IO:commit", "IO:waiting for")
TABLE_WAITS: Final = ("Lock:relation", "Lock:table", "Lock:metadata", "Wait:table")
ROW_WAITS: Final = ("Lock:tuple", "Lock:transactionid", "Lock:row")
WRITER_WAITS: Final = ("Lock:writer",)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """What sampling says for one label.

    Attributes:
        utilisation: share of the time that the resource was busy; None if it cannot be known.
        weight: what suspicions are ranked by: the utilisation, or a share that stands for it.
    """

    label: str
    utilisation: float | None
    evidence: tuple[Evidence, ...]
    weight: float
    is_supported: bool


def suspicions(scene: Scene) -> tuple[Suspicion, ...]:
    """Return what is said for each label, the weightiest first."""
    found = (
        _generator(scene),
        _cpu(scene, "python_cpu", PYTHON),
        _cpu(scene, "database_cpu", ("database",)),
        _commit_flush(scene),
        _writer_lock(scene),
        _row_locks(scene),
        _waits(scene, "table_lock", "waited for a lock on a table", TABLE_WAITS),
        _worker_slots(scene),
        _connections(scene),
        _polling(scene),
        _network(scene),
        _bloat(scene),
    )
    present = (each for each in found if each is not None)
    return tuple(sorted(present, key=lambda each: (not each.is_supported, -each.weight)))


def sleeps_mostly(scene: Scene) -> bool:
    """Tell whether the workers' time goes into bodies that wait and not into computing."""
    slots = _worker_slots(scene)
    own = _worker_cpu(scene)
    return slots is not None and slots.weight >= MOST and (own is None or own < MOST)


def is_full(scene: Scene) -> bool:
    """Tell whether the machine has no idle core."""
    return scene.idle_share is not None and scene.idle_share < 1 - FULL


def _known(label: str, utilisation: float, evidence: Sequence[Evidence]) -> Suspicion:
    utilisation = min(1.0, utilisation)
    return Suspicion(
        label=label,
        utilisation=round(utilisation, 4),
        evidence=tuple(evidence),
        weight=utilisation,
        is_supported=utilisation >= BUSY,
    )


def _unknown(
    label: str, weight: float, evidence: Sequence[Evidence], *, is_supported: bool
) -> Suspicion:
    return Suspicion(
        label=label,
        utilisation=None,
        evidence=tuple(evidence),
        weight=min(1.0, weight),
        is_supported=is_supported,
    )


def _generator(scene: Scene) -> Suspicion | None:
    generator = scene.step.generator
    if not generator.is_limit:
        return None
    evidence = scene.evidence(
        "busiest generator process, of a core", generator.cpu_share_max, "share"
    )
    return _unknown("generator", 1.0, [evidence], is_supported=True)


def _cpu(scene: Scene, label: str, roles: Sequence[str]) -> Suspicion | None:
    """Suspect those who hold most of the CPU time of a full machine, or workers of their cores."""
    idle = scene.idle_share
    part = scene.cpu_part(roles)
    own = _worker_cpu(scene) if "worker" in roles else None
    if idle is None or not part:
        return None
    evidence = [
        scene.evidence("CPU time of the machine that was not idle", 1 - idle, "share"),
        scene.evidence(f"part of it spent by {' and '.join(roles)}", part, "share"),
    ]
    if own is not None:
        evidence.append(scene.evidence("a worker process's use of a core", own, "share"))
    machine = 1 - idle if part >= MOST else (1 - idle) * part
    # Between 80 % and 90 % a machine still has time for whoever asks.
    is_held = part >= MOST and is_full(scene)
    utilisation = max(machine, own or 0.0)
    found = _known(label, utilisation, evidence)
    return dataclasses.replace(found, is_supported=is_held or (own or 0.0) >= BUSY)


def _worker_cpu(scene: Scene) -> float | None:
    """Return how much of a core each worker process used."""
    spent = scene.step.resources.cpu_seconds.get("worker")
    if not scene.workers or spent is None:
        return None
    return spent / (scene.workers * scene.step.window_seconds)


def _commit_flush(scene: Scene) -> Suspicion | None:
    waits = _waits(scene, "commit_flush", "waited for a commit to be durable", FLUSH_WAITS)
    spent_ms = scene.counter("fsync_ms") or scene.counter("flush_ms")
    if not spent_ms:
        return waits
    utilisation = spent_ms / scene.window_ms
    evidence = [scene.evidence("time in which the log was being flushed", utilisation, "share")]
    found = _known("commit_flush", utilisation, [*evidence, *(waits.evidence if waits else ())])
    is_waited_for = waits is not None and waits.is_supported
    return dataclasses.replace(found, is_supported=found.is_supported or is_waited_for)


def _writer_lock(scene: Scene) -> Suspicion | None:
    busy = scene.counter("lock_busy_share")
    if busy is None:
        return None
    evidence = [scene.evidence("time in which SQLite's writer lock was held", busy, "share")]
    wait_ms = scene.counter("lock_wait_ms_p99")
    if wait_ms is not None:
        evidence.append(scene.evidence("wait for the writer lock at p99", wait_ms, "ms"))
    return _known("writer_lock", busy, evidence)


def _row_locks(scene: Scene) -> Suspicion | None:
    waits = _waits(scene, "row_locks", "waited for a row that another one had locked", ROW_WAITS)
    waited_ms = scene.counter("row_lock_ms")
    if not waited_ms:
        return waits
    sessions = waited_ms / scene.window_ms
    evidence = [scene.evidence("sessions that waited for a row lock, on average", sessions, "")]
    is_supported = sessions >= WAITING_SESSIONS or (waits is not None and waits.is_supported)
    others = waits.evidence if waits else ()
    return _unknown("row_locks", sessions, [*evidence, *others], is_supported=is_supported)


def _waits(scene: Scene, label: str, what: str, words: Sequence[str]) -> Suspicion | None:
    share, sessions = scene.waiting(words)
    if not share:
        return None
    evidence = [
        scene.evidence(f"samples of busy sessions that {what}", share, "share"),
        scene.evidence(f"sessions that {what}, on average", sessions, ""),
    ]
    is_supported = share >= WAIT_SHARE and sessions >= WAITING_SESSIONS
    return _unknown(label, share, evidence, is_supported=is_supported)


def _worker_slots(scene: Scene) -> Suspicion | None:
    """Suspect the number of workers: bodies that ended x their time / workers (Little's law)."""
    if not scene.workers or not scene.work_ms:
        return None
    busy = scene.step.counts.completed * scene.work_ms / (scene.workers * scene.window_ms)
    return _known(
        "worker_slots", busy, [scene.evidence("workers that were in a body", busy, "share")]
    )


def _connections(scene: Scene) -> Suspicion | None:
    used, limit = scene.counter("connections_max"), scene.counter("connections_limit")
    if used is None or not limit:
        return None
    refused = scene.counter("connection_errors") or 0.0
    evidence = [scene.evidence("connections in use, of those allowed", used / limit, "share")]
    if refused:
        evidence.append(scene.evidence("connections that were refused", refused, ""))
    found = _known("connections", used / limit, evidence)
    return dataclasses.replace(found, is_supported=used / limit >= AT_LIMIT or refused > 0)


def _polling(scene: Scene) -> Suspicion | None:
    """Suspect looks into an empty queue, if they are most of what the database is asked."""
    if scene.idle is None:
        return None
    idle = scene.idle.resources.counters.get("statements", 0.0) / scene.idle.window_seconds
    loaded = (scene.counter("statements") or 0.0) / scene.step.window_seconds
    if not idle or not loaded:
        return None
    evidence = [
        dataclasses.replace(
            scene.evidence("statements per second without any task", idle, "1/s"),
            step=scene.idle.id,
        ),
        scene.evidence("statements per second at the knee", loaded, "1/s"),
    ]
    return _unknown("polling", idle / loaded, evidence, is_supported=idle / loaded >= MOST)


def _network(scene: Scene) -> Suspicion | None:
    """Suspect the way to the server, if most of a usual enqueue is spent neither here nor there.

    The median is compared, as a long way makes every enqueue slow and not a few. What is taken off
    is the time of all of a task's SQL, which is more than the enqueue's own. It counts only while
    cores are idle: otherwise the time may be Python's, waiting for one.
    """
    service = scene.step.latency.get("service")
    statements = scene.step.resources.statements
    if service is None or not service.p50_ms or not statements or not scene.step.counts.completed:
        return None
    server_ms = _server_ms(scene)
    spent = scene.step.resources.cpu_seconds.get("generator", 0.0)
    own_ms = 1000 * spent / max(1, scene.step.counts.sent)
    outside = max(0.0, 1 - (server_ms + own_ms) / service.p50_ms)
    evidence = [
        scene.evidence("median time of an enqueue, at the client", service.p50_ms, "ms"),
        scene.evidence("time of all of a task's SQL, at the server", server_ms, "ms"),
        scene.evidence("CPU time of the generator for a task", own_ms, "ms"),
    ]
    is_supported = outside >= MOST and (scene.idle_share or 0.0) >= ROOMY
    return _unknown("network", outside, evidence, is_supported=is_supported)


def _server_ms(scene: Scene) -> float:
    """Return how long the server was at one task.

    PostgreSQL accounts neither for the flush of a commit nor for the wait for a lock on a table in
    the time of a statement: these are known from samples only.
    """
    step = scene.step
    accounted_ms = sum(each.total_ms for each in step.resources.statements)
    waiting = sum(
        count
        for event, count in step.resources.waits.items()
        if event.partition(":")[0] not in {*AT_REST, "CPU"}
    )
    sampled_ms = scene.window_ms * waiting / max(1, step.resources.wait_samples)
    return max(accounted_ms, sampled_ms) / step.counts.completed


def _bloat(scene: Scene) -> Suspicion | None:
    """Suspect rows that are dead and cannot be removed, since a transaction may still see them."""
    dead, age_s = scene.counter("dead_tuples"), scene.counter("xact_age_s_max")
    if dead is None or age_s is None:
        return None
    evidence = [
        scene.evidence("dead rows", dead, ""),
        scene.evidence("age of the oldest transaction", age_s, "s"),
    ]
    ended = scene.step.counts.completed
    is_supported = age_s >= scene.step.window_seconds and dead >= ended
    weight = dead / (dead + ended) if is_supported else 0.0
    return _unknown("bloat", weight, evidence, is_supported=is_supported)
