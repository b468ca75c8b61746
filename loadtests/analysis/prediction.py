"""Predicts the capacity on more cores from what one task costs; measures nothing.

The basis is the ledger of a task at the hold, below saturation, where no time is spent on waiting
for a core (load.md 8, "2-core reality"). Without that basis nothing is predicted. What a flush
costs with more group commit than was measured is unknown, so none is assumed: such a bound is
one that may be too low, and never one that promises more than was seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reports.load_schema import Prediction

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from reports.load_schema import Knee
    from reports.load_steps import Step, Target

CPU: Final = "cpu_ms_"
ROLES: Final = ("generator", "worker", "database", "broker")
FEWEST_TASKS: Final = 100
"""CPU time is counted in ticks of 10 ms: a ledger of fewer tasks is mostly rounding."""


def predict(
    target: Target,
    knee: Knee,
    steps: Sequence[Step],
    *,
    cores: Sequence[int],
    single_core_roles: Collection[str] = (),
    flush_ms: float | None = None,
) -> tuple[Prediction, ...]:
    """Predict the capacity for each number of cores; () if the hold does not bear it.

    Args:
        target: what is predicted.
        knee: the result of the search; its hold is the basis.
        steps: of the run.
        cores: of the machines to predict.
        single_core_roles: roles that use one core at most, such as Redis.
        flush_ms: how long the disk takes to make one write durable, if commits wait for it.
    """
    hold = next((step for step in steps if step.id == knee.hold_step), None)
    costs = _costs(hold) if hold is not None else {}
    if hold is None or not costs:
        return ()
    # A bound below what was measured is none: its basis over-counts.
    reached = knee.low or 0.0
    limits = [
        limit for limit in _limits(hold, costs, single_core_roles, flush_ms) if limit[0] >= reached
    ]
    return tuple(_prediction(target, count, costs, limits) for count in cores)


def _costs(hold: Step) -> dict[str, float]:
    """Return the CPU milliseconds of one task by role; {} if they are not known."""
    is_sound = hold.verdict != "generator_limited" and hold.counts.completed >= FEWEST_TASKS
    costs = {
        role: hold.per_task[CPU + role] for role in ROLES if hold.per_task.get(CPU + role, 0) > 0
    }
    return costs if is_sound and "worker" in costs else {}


def _limits(
    hold: Step,
    costs: dict[str, float],
    single_core_roles: Collection[str],
    flush_ms: float | None,
) -> list[tuple[float, str, str]]:
    """Return (rate, what binds, basis) of what more cores do not help."""
    limits = [
        (1000 / costs[role], role, f"1000 ms of one core / {costs[role]:.3g} ms of its CPU a task")
        for role in single_core_roles
        if role in costs
    ]
    busy = hold.resources.counters.get("lock_busy_share", 0.0)
    if busy > 0:
        basis = f"{hold.goodput:.4g} tasks/s kept the writer lock busy for {busy:.0%} of the time"
        limits.append((hold.goodput / busy, "writer_lock", basis))
    flushes = hold.per_task.get("fsyncs", 0.0)
    if flush_ms and flushes > 0:
        basis = (
            f"1000 ms / ({flushes:.3g} flushes a task x {flush_ms:.3g} ms), with no more group "
            "commit than was measured"
        )
        limits.append((1000 / (flushes * flush_ms), "commit_flush", basis))
    return limits


def _prediction(
    target: Target, cores: int, costs: dict[str, float], limits: list[tuple[float, str, str]]
) -> Prediction:
    terms = " + ".join(f"{cost:.3g} {role}" for role, cost in costs.items())
    largest = max(costs, key=lambda role: costs[role])
    cpu = (
        cores * 1000 / sum(costs.values()),
        f"cpu of {largest}",
        f"{cores} cores x 1000 ms / ({terms}) ms of CPU a task",
    )
    rate, bound_by, basis = min([cpu, *limits])
    return Prediction(
        target=target, cores=cores, rate=round(rate, 1), bound_by=bound_by, basis=basis
    )
