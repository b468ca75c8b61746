"""The facts of one measured step that decide whether it passed, and what its generator did."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reports.load_steps import Resources, Step


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class StepFacts:
    """What is judged; None for what could not be measured.

    Attributes:
        planned: arrivals that the schedule held within the window.
        sent: enqueues of these that were begun, though it may have been after the window.
        errors: enqueues that raised.
        backlog_growth: tasks that the queue held more at the window's end than at its begin.
        end_to_end_p99_ms: from the intended enqueue to the end of the body; a task that had not
            ended counts with the time that it had waited by then.
        usual_service_ms: the mean time of an enqueue under a load that the queue kept up with.
        foreign_share: of all CPU time, what processes used that are none of the run's.
        null_rate: what the generator sends when the queue costs nothing.
    """

    window_seconds: float
    planned: int
    sent: int
    acknowledged: int
    errors: int
    completed: int
    backlog_slope_per_s: float
    end_to_end_mean_ms: float | None
    end_to_end_p99_ms: float | None
    intended_p99_ms: float | None
    service_mean_ms: float | None
    usual_service_ms: float | None
    send_lag_p99_ms: float | None
    loop_lag_p99_ms: float | None
    processes: int
    users: int
    cpu_share_max: float
    idle_share: float | None
    steal_share: float | None
    foreign_share: float | None
    null_rate: float | None
    backlog_growth: int | None = None

    @property
    def reached(self) -> int:
        """Tasks that reached the queue within the window; late sends after its end did not."""
        if self.backlog_growth is None:
            return self.sent
        return self.completed + self.backlog_growth

    @property
    def offered_rate(self) -> float:
        """Arrivals per second, as they were in fact planned."""
        return self.planned / self.window_seconds

    @property
    def occupancy(self) -> float:
        """The share of the senders that were waiting for an enqueue, on average (Little's law)."""
        busy_seconds = self.sent * (self.service_mean_ms or 0.0) / 1000
        return busy_seconds / (self.processes * self.users * self.window_seconds)


def facts_of(
    step: Step, *, null_rate: float | None = None, usual_service_ms: float | None = None
) -> StepFacts:
    """Take the facts from a step that has not been judged yet, or that is judged again."""
    latency, generator = step.latency, step.generator
    service, intended = latency.get("service"), latency.get("intended")
    end_to_end = latency.get("end_to_end")
    return StepFacts(
        window_seconds=step.window_seconds,
        planned=step.counts.planned,
        sent=step.counts.sent,
        acknowledged=step.counts.acknowledged,
        errors=sum(step.counts.errors.values()),
        completed=step.counts.completed,
        backlog_slope_per_s=step.backlog.slope_per_s,
        end_to_end_mean_ms=end_to_end.mean_ms if end_to_end else None,
        end_to_end_p99_ms=end_to_end.p99_ms if end_to_end else None,
        intended_p99_ms=intended.p99_ms if intended else None,
        service_mean_ms=service.mean_ms if service else None,
        usual_service_ms=usual_service_ms,
        send_lag_p99_ms=generator.send_lag_ms_p99,
        loop_lag_p99_ms=generator.loop_lag_ms_p99,
        processes=generator.processes,
        users=generator.users,
        cpu_share_max=generator.cpu_share_max,
        idle_share=step.resources.idle_share,
        steal_share=step.resources.steal_share,
        foreign_share=_foreign_share(step.resources, step.window_seconds),
        null_rate=null_rate,
        backlog_growth=step.backlog.end - step.backlog.start,
    )


def _foreign_share(resources: Resources, seconds: float) -> float | None:
    """Return the share of all CPU time that was neither idle, nor stolen, nor of a known role."""
    idle, steal = resources.idle_share, resources.steal_share
    if idle is None or steal is None or not resources.cpu_seconds:
        return None
    own = sum(resources.cpu_seconds.values()) / (resources.cores * seconds)
    return max(0.0, 1.0 - idle - steal - own)
