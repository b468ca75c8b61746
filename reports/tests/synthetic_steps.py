"""Steps of a synthetic load run: what a queue of a known capacity would have been seen to do."""

from __future__ import annotations

import dataclasses
import random
from typing import Any

from hdrh.histogram import HdrHistogram

from reports.load_steps import (
    Backlog,
    Counts,
    Generator,
    Latency,
    LocustLine,
    Resources,
    Statement,
    Step,
    Target,
)

SMALL = {"cpu_model": "Example Xeon at two cores", "cpus": 2, "memory_bytes": 8_232_000_000}
LARGE = {"cpu_model": "Example EPYC", "cpus": 16, "memory_bytes": 65_811_000_000}
SAMPLES = 300
MIX = {
    "background_task": {"generator": 0.30, "worker": 1.02, "database": 0.45, "harness": 0.02},
    "django_tasks_db": {"generator": 0.33, "worker": 1.60, "database": 0.62, "harness": 0.02},
    "celery-redis-everysec-late": {"generator": 0.52, "worker": 0.80, "broker": 0.12},
    "celery-rabbitmq-late": {"generator": 0.61, "worker": 0.98, "broker": 0.48},
}
WAITS = {
    "postgresql": {"CPU:CPU": 4, "IO:WALSync": 3, "LWLock:WALWrite": 2, "Client:ClientRead": 6},
    "mariadb": {"CPU:CPU": 5, "io:innodb_log_file": 3, "lock:row": 1},
    "sqlite": {},
}
PROFILE = {
    "name": "knee-1000",
    "rates": {"start": 100, "factor": 1.5, "most": 1600},
    "rules": {"goodput_share": 0.99, "end_to_end_p99_ms": 500, "error_share": 0.001},
    "workload": {"arrivals": "poisson", "payload_bytes": 256, "work_ms": 0},
    "workers": 2,
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A queue on a machine: the rate at which it saturates and what its tasks cost."""

    contender: str
    database: str | None
    capacity: float
    cores: int = 2

    @property
    def target(self) -> Target:
        """The target of its steps."""
        return Target(contender=self.contender, database=self.database)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A rate that is held for a window of seconds, and the goodput that a model makes of it."""

    model: Model
    rate: float
    window: float
    goodput: float

    @property
    def load(self) -> float:
        """The share of the capacity that is asked for."""
        return self.rate / self.model.capacity

    @property
    def excess(self) -> float:
        """The tasks per second that there is no capacity for."""
        return max(0.0, self.rate - self.model.capacity)

    @property
    def is_over(self) -> bool:
        """Whether more is asked for than there is capacity."""
        return self.excess > 0

    @property
    def tasks(self) -> int:
        """How many tasks the window has."""
        return int(self.rate * self.window)

    @property
    def waited_ms(self) -> float:
        """How long a task waits in the backlog, on average."""
        return 1000 * self.window * (1 - 1 / self.load) / 2 if self.is_over else 0.0


class Maker:
    """Makes the steps of one run, numbered and seeded."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - seeded data, no secret
        self.steps: list[Step] = []

    def latency(self, middle_ms: float, spread: float) -> Latency:
        """A log-normal distribution around a middle."""
        values = sorted(
            max(1, int(middle_ms * 1000 * self.random.lognormvariate(0.0, spread)))
            for _ in range(SAMPLES)
        )
        histogram = HdrHistogram(1, 3_600_000_000, 3)
        for value in values:
            histogram.record_value(value)
        at = {
            p: values[min(SAMPLES - 1, int(SAMPLES * p / 100))] / 1000
            for p in (50, 90, 95, 99, 99.9, 100)
        }
        return Latency(
            count=SAMPLES,
            mean_ms=sum(values) / SAMPLES / 1000,
            p50_ms=at[50],
            p90_ms=at[90],
            p95_ms=at[95],
            p99_ms=at[99],
            p999_ms=at[99.9],
            max_ms=at[100],
            hdr=histogram.encode().decode("ascii"),
        )

    def step(
        self, model: Model, phase: str, rate: float, *, window: float = 20.0, **changes: Any
    ) -> Step:
        """One step at a rate; below its capacity a model passes, above it fails."""
        goodput = min(rate, model.capacity) * self.random.uniform(0.995, 1.0)
        held = Held(model=model, rate=rate, window=window, goodput=goodput)
        step = dataclasses.replace(self.seen(held, phase), **changes)
        self.steps.append(step)
        return step

    def seen(self, held: Held, phase: str) -> Step:
        """What is seen of a rate that is held."""
        latency = self.latencies(held)
        return Step(
            id=f"{phase}-{len(self.steps)}",
            phase=phase,
            order=len(self.steps),
            target=held.model.target,
            offered_rate=held.rate,
            warmup_seconds=4.0,
            window_seconds=held.window,
            goodput=held.goodput,
            sent_rate=held.rate * 0.999,
            counts=counts(held),
            backlog=backlog(held),
            latency=latency,
            locust=locust_line(held, latency["service"]),
            generator=generator(held),
            resources=resources(held),
            per_task=ledger(held.model),
            littles_law_error=0.02 + 0.01 * held.load,
            verdict="fail" if held.is_over else "pass",
            reasons=("Goodput was below its share of the offered rate.",) if held.is_over else (),
            started_at=f"2026-11-24T09:{len(self.steps):02d}:00+00:00",
        )

    def latencies(self, held: Held) -> dict[str, Latency]:
        """The four distributions of a step, by name; their order is that of the random numbers."""
        load, waited = held.load, held.waited_ms
        end_to_end = self.latency(6 / max(0.06, 1 - min(load, 0.97)) + waited, 0.45)
        return {
            "service": self.latency(1.6 + 3 * load**3, 0.35),
            "send_lag": self.latency(0.4 + load, 0.5),
            "intended": self.latency(2 + 3 * load**3 + waited / 3, 0.5),
            "end_to_end": end_to_end,
        }


def counts(held: Held) -> Counts:
    """All are sent; those end that there is capacity for."""
    return Counts(
        planned=held.tasks,
        sent=held.tasks,
        acknowledged=held.tasks,
        completed=int(held.goodput * held.window),
        unfinished=0,
        duplicated=0,
    )


def backlog(held: Held) -> Backlog:
    """A depth that grows by the excess and then drains."""
    rising = [
        (float(second), int(held.rate * 0.02 + held.excess * second))
        for second in range(int(held.window))
    ]
    return Backlog(
        start=rising[0][1], end=rising[-1][1], slope_per_s=held.excess, series=(*rising,)
    )


def locust_line(held: Held, service: Latency) -> LocustLine:
    """What Locust itself counts, in whole milliseconds."""
    return LocustLine(
        requests=held.tasks,
        failures=0,
        rate=held.rate * 0.999,
        p50_ms=round(service.p50_ms or 0),
        p95_ms=round(service.p95_ms or 0),
        p99_ms=round(service.p99_ms or 0),
        max_ms=round(service.max_ms or 0),
    )


def generator(held: Held) -> Generator:
    """A generator that is never the limit."""
    return Generator(
        processes=1,
        users=32,
        cpu_share_max=min(0.58, held.rate / 2500),
        loop_lag_ms_p99=2.1 + held.load,
        send_lag_ms_p99=1.4 + held.load,
        is_limit=False,
    )


def resources(held: Held) -> Resources:
    """CPU by role up to the cores; waits that grow with the load."""
    model, goodput, window, load = held.model, held.goodput, held.window, held.load
    mix = MIX.get(model.contender, MIX["background_task"])
    used = {role: ms * goodput * window / 1000 for role, ms in mix.items()}
    scale = min(1.0, 0.97 * model.cores * window / max(1e-9, sum(used.values())))
    waits = {
        name: int(weight * 20 * min(1.2, load) ** (1 if "CPU" in name else 2))
        for name, weight in WAITS.get(model.database or "", {}).items()
    }
    task = ledger(model)
    return Resources(
        cpu_seconds={role: seconds * scale for role, seconds in used.items()},
        cores=model.cores,
        steal_share=0.004,
        idle_share=max(0.02, 1 - sum(used.values()) / (model.cores * window)),
        waits=waits,
        wait_samples=200,
        statements=(
            Statement(text="UPDATE task SET lease = ...", calls=int(goodput * 9), total_ms=900),
            Statement(text="INSERT INTO task VALUES ...", calls=int(goodput * 9), total_ms=510),
        ),
        counters={
            "commits": task.get("commits", 0) * goodput * window,
            "wal_bytes": task.get("wal_bytes", 0) * goodput * window,
            "lock_wait_ms_p99": 3.7 * load,
            "connections": 12.0,
        },
    )


def ledger(model: Model) -> dict[str, float]:
    """What one task of a model costs."""
    mix = MIX.get(model.contender, MIX["background_task"])
    costs = {f"cpu_ms_{role}": ms for role, ms in mix.items() if role != "harness"}
    if model.database is None:
        return {"round_trips": 1.0, **costs}
    return {
        "statements": 6.1,
        "round_trips": 7.2,
        "commits": 3.0,
        "fsyncs": 1.4,
        "wal_bytes": 1730.0,
        **costs,
    }


POSTGRESQL = Model(contender="background_task", database="postgresql", capacity=780)
SQLITE = Model(contender="background_task", database="sqlite", capacity=2600)
MARIADB = Model(contender="background_task", database="mariadb", capacity=560)
RIVAL = Model(contender="django_tasks_db", database="postgresql", capacity=330)
REDIS = Model(contender="celery-redis-everysec-late", database=None, capacity=960)
RABBITMQ = Model(contender="celery-rabbitmq-late", database=None, capacity=730)
