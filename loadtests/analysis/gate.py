"""Tells whether a step measures the queue or the load generator.

Two questions, which are not the same. *Was the generator strained?* Each gate of load.md 2.5 that
it failed gives a sentence, kept with the step. *Did it set the pace?* Only then is a step
``generator_limited``, for on a small machine, where database, workers and generator share the
cores, a saturated queue strains the generator too: calling all of these steps limited would hide
every knee. The generator set the pace if all of these hold:

* the step failed. A weak generator sends late and can only make a queue look slower: a step that
  passes in spite of it has passed;
* only by lateness or a rate too low. Errors, and a backlog that grows, are the queue's own: it did
  not keep up with what it had acknowledged;
* the queue ended what reached it, the sends were late, and without their lag the latencies would
  have held;
* something of the generator itself was at its end: a process near a whole core; a loop that its
  own callbacks block (loop lag while the machine has idle cores: with none, the machine is what is
  full); fewer senders than the rate needs at the usual service time (Little's law); or a rate that
  it cannot send even to a queue that costs nothing.

All senders waiting for enqueues that have become slow is the queue's doing: senders are too few
only if an enqueue takes about as long as it does under a load that the queue keeps up with, or, if
that is unknown, no longer than the rules allow.

Time that the hypervisor gave to others, or that processes used which are none of the run's, is a
sentence of its own. It voids a failed step where it is as large as the bracket that is looked for:
the failure may then be the neighbour's.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from loadtests.analysis.facts import StepFacts


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """Where a generator is strained, and where it is at its end.

    Attributes:
        send_lag_share: of the limit of the end-to-end latency, for the p99 of the send lag.
        loop_lag_ms: at p99, strained; above ``full_loop_lag_ms`` the loop is blocked: what lags by
            less explains no failure.
        cpu_share: of a core, of the busiest process, strained; ``full_cpu_share`` at its end.
        steal_share: of all CPU time, worth a sentence; ``void_steal_share`` voids a failure.
        foreign_share: likewise, of processes of others; the kernel's own threads, which write to
            the disk for the database, are among them.
        null_factor: how many times the rate it should send to a queue that costs nothing.
        full_occupancy: the share of senders in an enqueue from which on all count as busy.
        slow_service_factor: of the usual service time, from which on the queue is slow.
        idle_share: of all CPU time; with less, the machine is full.
    """

    send_lag_share: float = 0.1
    loop_lag_ms: float = 10.0
    full_loop_lag_ms: float = 50.0
    cpu_share: float = 0.6
    full_cpu_share: float = 0.85
    steal_share: float = 0.02
    void_steal_share: float = 0.1
    foreign_share: float = 0.1
    void_foreign_share: float = 0.3
    null_factor: float = 3.0
    full_occupancy: float = 0.8
    slow_service_factor: float = 2.0
    idle_share: float = 0.1


def strains(facts: StepFacts, slo_ms: float, gate: Gate) -> tuple[str, ...]:
    """Return a sentence for each gate that the generator failed."""
    most_lag_ms = slo_ms * gate.send_lag_share
    candidates = (
        _above("Enqueues were begun late: p99", facts.send_lag_p99_ms, most_lag_ms, " ms"),
        _above(
            "The generator's event loop lagged: p99", facts.loop_lag_p99_ms, gate.loop_lag_ms, " ms"
        ),
        _above("A generator process used much of its core:", facts.cpu_share_max, gate.cpu_share),
        _above("The hypervisor took CPU time away:", facts.steal_share, gate.steal_share),
        _above("Other processes used CPU time:", facts.foreign_share, gate.foreign_share, ""),
        _short_of_headroom(facts, gate),
    )
    return tuple(sentence for sentence in candidates if sentence)


def ends(facts: StepFacts, slo_ms: float, gate: Gate) -> tuple[str, ...]:
    """Return a sentence for each part of the generator that was at its end."""
    candidates = (
        _above("A generator process had no core left:", facts.cpu_share_max, gate.full_cpu_share),
        _blocked(facts, gate),
        _too_few_senders(facts, slo_ms, gate),
        _too_slow_for_nothing(facts),
    )
    return tuple(sentence for sentence in candidates if sentence)


def was_late(facts: StepFacts, slo_ms: float, gate: Gate, goodput_share: float) -> bool:
    """Tell whether enqueues were begun late, or not at all."""
    lag_ms = facts.send_lag_p99_ms or 0.0
    return lag_ms > slo_ms * gate.send_lag_share or facts.sent < goodput_share * facts.planned


def is_void(facts: StepFacts, gate: Gate) -> bool:
    """Tell whether others had so much of the CPU that a failure says nothing."""
    stolen, foreign = facts.steal_share or 0.0, facts.foreign_share or 0.0
    return stolen > gate.void_steal_share or foreign > gate.void_foreign_share


def _above(what: str, value: float | None, limit: float, unit: str = "") -> str:
    if value is None or value <= limit:
        return ""
    return f"{what} {value:.3g}{unit}, above {limit:.3g}{unit}."


def _short_of_headroom(facts: StepFacts, gate: Gate) -> str:
    if facts.null_rate is None or facts.null_rate >= gate.null_factor * facts.offered_rate:
        return ""
    return (
        f"The generator has little to spare: it sends {facts.null_rate:.0f}/s when the queue costs "
        f"nothing, less than {gate.null_factor:g} times the rate of {facts.offered_rate:.0f}/s."
    )


def _blocked(facts: StepFacts, gate: Gate) -> str:
    """Name a loop that its own callbacks block.

    A process with one sender has nothing else to do while it waits, so its loop lag says nothing.
    """
    lag_ms = facts.loop_lag_p99_ms or 0.0
    is_machine_full = facts.idle_share is not None and facts.idle_share < gate.idle_share
    if lag_ms <= gate.full_loop_lag_ms or is_machine_full or facts.users == 1:
        return ""
    return (
        f"The generator's event loop was blocked: p99 {lag_ms:.3g} ms late, though the machine "
        "had idle cores."
    )


def _too_few_senders(facts: StepFacts, slo_ms: float, gate: Gate) -> str:
    usual_ms = facts.usual_service_ms
    slow_ms = slo_ms if usual_ms is None else gate.slow_service_factor * usual_ms
    service_ms = facts.service_mean_ms or 0.0
    if facts.occupancy < gate.full_occupancy or service_ms > slow_ms:
        return ""
    return (
        f"The {facts.processes * facts.users} senders were all busy with enqueues of "
        f"{service_ms:.3g} ms, which is not slow: there were too few of them."
    )


def _too_slow_for_nothing(facts: StepFacts) -> str:
    if facts.null_rate is None or facts.null_rate >= facts.offered_rate:
        return ""
    return (
        f"The generator sends {facts.null_rate:.0f}/s even if the queue costs nothing, and "
        f"{facts.offered_rate:.0f}/s were asked for."
    )
