"""Stored load runs for the tests of the throughput report, made and not measured.

They follow one queueing model, so that rates, backlogs and latencies belong together; the same
arguments give the same bytes.
"""

from __future__ import annotations

import dataclasses
import random
from typing import TYPE_CHECKING, Any

from hdrh.histogram import HdrHistogram

from reports.load_schema import (
    Backlog,
    Bottleneck,
    Bystander,
    Calibration,
    Claim,
    ContenderFacts,
    Counts,
    Evidence,
    Findings,
    Generator,
    Knee,
    Latency,
    LoadManifest,
    LocustLine,
    Prediction,
    Ratio,
    Repeat,
    Resources,
    ScalabilityFit,
    Semantics,
    Statement,
    Step,
    Suspect,
    Target,
    append_step,
    write_document,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

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
        order = len(self.steps)
        load = rate / model.capacity
        goodput = min(rate, model.capacity) * self.random.uniform(0.995, 1.0)
        done, excess = int(goodput * window), max(0.0, rate - model.capacity)
        is_fail = excess > 0
        waited = 1000 * window * (1 - 1 / load) / 2 if is_fail else 0.0
        end_to_end = self.latency(6 / max(0.06, 1 - min(load, 0.97)) + waited, 0.45)
        service = self.latency(1.6 + 3 * load**3, 0.35)
        step = Step(
            id=f"{phase}-{order}",
            phase=phase,
            order=order,
            target=model.target,
            offered_rate=rate,
            warmup_seconds=4.0,
            window_seconds=window,
            goodput=goodput,
            sent_rate=rate * 0.999,
            counts=Counts(
                planned=int(rate * window),
                sent=int(rate * window),
                acknowledged=int(rate * window),
                completed=done,
                unfinished=0,
                duplicated=0,
            ),
            backlog=self.backlog(rate, excess, window),
            latency={
                "service": service,
                "send_lag": self.latency(0.4 + load, 0.5),
                "intended": self.latency(2 + 3 * load**3 + waited / 3, 0.5),
                "end_to_end": end_to_end,
            },
            locust=LocustLine(
                requests=int(rate * window),
                failures=0,
                rate=rate * 0.999,
                p50_ms=round(service.p50_ms or 0),
                p95_ms=round(service.p95_ms or 0),
                p99_ms=round(service.p99_ms or 0),
                max_ms=round(service.max_ms or 0),
            ),
            generator=Generator(
                processes=1,
                users=32,
                cpu_share_max=min(0.58, rate / 2500),
                loop_lag_ms_p99=2.1 + load,
                send_lag_ms_p99=1.4 + load,
                is_limit=False,
            ),
            resources=self.resources(model, goodput, window, load),
            per_task=ledger(model),
            littles_law_error=0.02 + 0.01 * load,
            verdict="fail" if is_fail else "pass",
            reasons=("Goodput was below its share of the offered rate.",) if is_fail else (),
            started_at=f"2026-11-24T09:{order:02d}:00+00:00",
        )
        step = dataclasses.replace(step, **changes)
        self.steps.append(step)
        return step

    def backlog(self, rate: float, excess: float, window: float) -> Backlog:
        """A depth that grows by the excess and then drains."""
        rising = [
            (float(second), int(rate * 0.02 + excess * second)) for second in range(int(window))
        ]
        return Backlog(start=rising[0][1], end=rising[-1][1], slope_per_s=excess, series=(*rising,))

    def resources(self, model: Model, goodput: float, window: float, load: float) -> Resources:
        """CPU by role up to the cores; waits that grow with the load."""
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


def search(maker: Maker, model: Model, *, most: float = 1600.0) -> Knee:
    """A ramp, a bisection, confirmations and a hold around a model's capacity."""
    rates: list[float] = []
    rate = 100.0
    while rate <= most and (not rates or rates[-1] <= model.capacity):
        rates.append(rate)
        rate *= 1.5
    for ramp_rate in rates:
        maker.step(model, "ramp", ramp_rate)
    low, high = round(model.capacity * 0.97), round(model.capacity * 1.05)
    if rates[-1] <= model.capacity:
        tried = tuple(Repeat(rate=r, passed=1, failed=0) for r in rates)
        note = "No rate of the profile failed."
        return Knee(
            target=model.target,
            status="not_reached",
            low=rates[-1],
            high=None,
            repeats=tried,
            note=note,
        )
    for tried_rate in (low, high, high, low, low, high):
        maker.step(model, "confirm", tried_rate)
    hold = maker.step(model, "hold", round(low * 0.8), window=60.0)
    repeats = [Repeat(rate=r, passed=int(r <= low), failed=int(r > low)) for r in rates]
    confirmed = [Repeat(rate=low, passed=3, failed=0), Repeat(rate=high, passed=0, failed=3)]
    return Knee(
        target=model.target,
        status="bracketed",
        low=float(low),
        high=float(high),
        repeats=tuple(sorted((*repeats, *confirmed), key=lambda repeat: repeat.rate)),
        hold_step=hold.id,
        hold_passed=True,
    )


def ratio(
    model: Model, name: str, middle: float, *, spread: float = 0.02, seed: int = 1, **words: Any
) -> Ratio:
    """Five paired ratios around a middle; far apart ones are withheld."""
    chance = random.Random(f"{name}-{model.contender}-{seed}")  # noqa: S311 - no secret
    ratios = tuple(middle * (1 + chance.uniform(-spread, spread)) for _ in range(5))
    low, high, median = min(ratios), max(ratios), sorted(ratios)[2]
    claim: Claim = "no difference" if low <= 1 <= high else "claimed"
    if spread > 0.1:
        claim = "withheld"
        words.setdefault("reason", "The pairs differ by more than the rule allows.")
    defaults = {"metric": "goodput", "before": "as in the profile", "after": "changed"}
    return Ratio(
        name=name,
        target=model.target,
        ratios=ratios,
        median=median,
        low=low,
        high=high,
        claim=claim,
        **{**defaults, **words},
    )


def facts(name: str, title: str) -> ContenderFacts:
    """A contender's own words."""
    is_broker = name.startswith("celery")
    broker = {"broker": "redis 7.0.15" if "redis" in name else "rabbitmq 3.10.8"}
    return ContenderFacts(
        name=name,
        title=title,
        version="5.7.0" if is_broker else "0.1.0",
        packages={"celery": "5.7.0"} if is_broker else {"Django": "5.2.19", "psycopg": "3.3.9"},
        services=broker if is_broker else {},
        durability={"appendfsync": "everysec"} if is_broker else {"synchronous_commit": "on"},
        delivery="late acknowledgement" if is_broker else "lease, at least once",
        worker="celery worker -c 2" if is_broker else "manage.py process_tasks --processes 2",
    )


TITLES = {
    "background_task": "background_task",
    "django_tasks_db": "django-tasks-db",
    "celery-redis-everysec-late": "Celery, Redis everysec, late ack",
    "celery-rabbitmq-late": "Celery, RabbitMQ, late ack",
}


def manifest(models: Sequence[Model], **changes: Any) -> LoadManifest:
    """A manifest of a run over models, on the small machine unless told otherwise."""
    names = dict.fromkeys(model.contender for model in models)
    databases = dict.fromkeys(model.database for model in models if model.database)
    made = LoadManifest(
        profile="knee-1000",
        summary="Ramps through a thousand tasks per second.",
        profile_document=PROFILE,
        profile_digest="sha256:5d1c0ffee",
        seed=7,
        command="nox -s loadtests -- --profile knee-1000 --seed 7",
        started_at="2026-11-24T09:00:00+00:00",
        duration_seconds=561.0,
        status="complete",
        contenders=tuple(facts(name, TITLES.get(name, name)) for name in names),
        databases=tuple(
            {"name": name, "version": "17.2", "settings": {"max_connections": "100"}}
            for name in databases
        ),
        calibration=(
            Calibration(
                null_rate=6400.0,
                null_send_lag_ms_p99=1.1,
                driver="psycopg 3.3.9",
                is_cooperative=True,
                driver_stall_ms=0.9,
            ),
        ),
        environment={
            "python": "3.13.1",
            "django": "5.2.19",
            "killproof": "0.1.0",
            "locust": "2.47.0",
            "platform": "Linux",
            "kernel": "6.18",
            "filesystem": "ext4",
            "fsync_us_p50": 137.0,
            "commit": "c0ffee1",
            **SMALL,
        },
    )
    return dataclasses.replace(made, **changes)


def store(
    folder: Path,
    run_manifest: LoadManifest,
    steps: Sequence[Step] = (),
    findings: Findings | None = None,
) -> Path:
    """Write a run's folder; without findings it looks as an interrupted run does."""
    folder.mkdir(parents=True)
    write_document(folder / "manifest.json", run_manifest)
    for step in steps:
        append_step(folder, step)
    if findings is not None:
        write_document(folder / "findings.json", findings)
    return folder


POSTGRESQL = Model(contender="background_task", database="postgresql", capacity=780)
SQLITE = Model(contender="background_task", database="sqlite", capacity=2600)
MARIADB = Model(contender="background_task", database="mariadb", capacity=560)
RIVAL = Model(contender="django_tasks_db", database="postgresql", capacity=330)
REDIS = Model(contender="celery-redis-everysec-late", database=None, capacity=960)
RABBITMQ = Model(contender="celery-rabbitmq-late", database=None, capacity=730)


def knee_run(folder: Path) -> Path:
    """The main run: three databases, a bracket, one not reached, one unstable."""
    maker = Maker(7)
    knees = [search(maker, POSTGRESQL), search(maker, SQLITE), _unstable(maker)]
    _generator_limited(maker)
    return store(
        folder,
        manifest((POSTGRESQL, SQLITE, MARIADB)),
        maker.steps,
        Findings(
            knees=tuple(knees),
            usl=_fit(),
            ratios=_flips(),
            bottlenecks=_bottlenecks(maker.steps[3].id),
            predictions=_predictions(),
            bystanders=_bystanders(maker),
        ),
    )


def _unstable(maker: Maker) -> Knee:
    knee = search(maker, MARIADB)
    note = "Repeats of one rate neither passed nor failed in most cases."
    return dataclasses.replace(knee, status="unstable", note=note, hold_step=None, hold_passed=None)


def _generator_limited(maker: Maker) -> None:
    reason = "The busiest sender used more of its core than the rule allows."
    generator = Generator(
        processes=1,
        users=32,
        cpu_share_max=0.93,
        loop_lag_ms_p99=14.0,
        send_lag_ms_p99=61.0,
        is_limit=True,
        reasons=(reason,),
    )
    maker.step(SQLITE, "ramp", 1708.6, generator=generator, verdict="generator_limited")


def _fit() -> ScalabilityFit:
    points = ((1, 255.0), (2, 470.0), (3, 640.0), (4, 760.0), (6, 820.0), (8, 790.0))
    return ScalabilityFit(
        lambda_=262.0,
        sigma=0.062,
        kappa=0.0131,
        r_squared=0.991,
        peak="observed",
        intervals={"lambda": (251.0, 275.0), "sigma": (0.03, 0.09), "kappa": (0.008, 0.018)},
        points=tuple((float(workers), rate) for workers, rate in points),
    )


def _flips() -> tuple[Ratio, ...]:
    durable: dict[str, Any] = {"before": "synchronous_commit on", "after": "synchronous_commit off"}
    return (
        ratio(POSTGRESQL, "A/A", 1.0),
        ratio(POSTGRESQL, "workers", 1.31, before="2 processes", after="4 processes"),
        ratio(POSTGRESQL, "durability", 1.04, spread=0.015, is_unsafe=True, **durable),
        ratio(POSTGRESQL, "network_delay", 0.44, before="none", after="1 ms"),
        ratio(POSTGRESQL, "polling", 1.003, before="0.5 s", after="1 s"),
        ratio(POSTGRESQL, "history", 1.0, spread=0.3, before="empty", after="a million rows"),
        ratio(SQLITE, "A/A", 1.0, spread=0.015),
        ratio(SQLITE, "durability", 1.52, is_unsafe=True, before="FULL", after="NORMAL"),
        ratio(MARIADB, "A/A", 1.01, spread=0.2),
        ratio(MARIADB, "durability", 1.2, spread=0.25, is_unsafe=True),
    )


def _bottlenecks(step: str) -> tuple[Bottleneck, ...]:
    evidence = (
        Evidence(name="CPU of the workers", value=1.86, unit="cores", step=step),
        Evidence(name="samples in WALSync", value=0.18, unit="share", step=step),
    )
    suspects = (
        Suspect(
            label="python_cpu",
            confidence="proven",
            utilisation=0.93,
            evidence=evidence[:1],
            flips=("workers",),
        ),
        Suspect(
            label="commit_flush",
            confidence="unknown",
            utilisation=0.21,
            evidence=evidence[1:],
            flips=("durability",),
        ),
    )
    return (
        Bottleneck(
            target=POSTGRESQL.target,
            label="python_cpu",
            confidence="proven",
            sentence="The workers' Python used 93 % of the cores, and more of them raised it.",
            suspects=suspects,
        ),
        Bottleneck(
            target=MARIADB.target,
            label="unknown",
            confidence="unknown",
            sentence="No suspect was busy enough and no flip was stable.",
        ),
    )


def _predictions() -> tuple[Prediction, ...]:
    basis = "cores divided by the CPU time of one task over all roles but the generator"
    return tuple(
        Prediction(
            target=POSTGRESQL.target,
            cores=cores,
            rate=cores * 1000 / 1.47,
            bound_by="worker",
            basis=basis,
        )
        for cores in (2, 4, 8)
    )


def _bystanders(maker: Maker) -> tuple[Bystander, ...]:
    made = []
    for share, middle in ((0.0, 1.3), (0.5, 1.7), (0.8, 2.9)):
        rate = 757 * share
        latency = {
            "bystander_read": maker.latency(middle, 0.3),
            "bystander_write": maker.latency(middle * 1.8, 0.4),
        }
        step = maker.step(POSTGRESQL, "bystander", max(rate, 1.0), verdict="measured")
        made.append(
            Bystander(
                target=POSTGRESQL.target, load_share=share, rate=rate, step=step.id, latency=latency
            )
        )
    return tuple(made)


def baselines_run(folder: Path) -> Path:
    """The contenders on the same machine, with ratios against the reference and kills."""
    maker = Maker(11)
    models = (POSTGRESQL, RIVAL, REDIS, RABBITMQ)
    knees = tuple(search(maker, model) for model in models[1:])
    ratios = (
        ratio(POSTGRESQL, "A/A", 1.0),
        ratio(RIVAL, "django_tasks_db", 0.43, before="background_task", after="django_tasks_db"),
        ratio(REDIS, "celery-redis-everysec-late", 1.24, before="background_task", after="redis"),
        ratio(RABBITMQ, "celery-rabbitmq-late", 0.96, spread=0.21, before="background_task"),
    )
    semantics = tuple(
        Semantics(
            target=model.target,
            fault="child" if fault == "child" else "worker",
            kills=20,
            acknowledged=4000,
            lost=lost,
            stuck=stuck,
            duplicated=duplicated,
            dead_lettered=0 if model.database else None,
            recovered=20 - lost - stuck,
            recovery_ms_p50=recovery,
            recovery_ms_max=None if recovery is None else recovery * 2.4,
            patience_seconds=60.0,
        )
        for model, fault, lost, stuck, duplicated, recovery in (
            (POSTGRESQL, "child", 0, 0, 0, 640.0),
            (POSTGRESQL, "worker", 0, 0, 0, 15_300.0),
            (REDIS, "child", 20, 0, 0, None),
            (REDIS, "worker", 0, 20, 0, None),
            (RABBITMQ, "worker", 0, 0, 3, 210.0),
        )
    )
    return store(
        folder,
        manifest(models, command="nox -s loadtests -- --compare --seed 11", seed=11),
        maker.steps,
        Findings(knees=knees, ratios=ratios, semantics=semantics),
    )


def burst_run(folder: Path) -> Path:
    """A timeline: a burst that builds a backlog, which then drains."""
    maker = Maker(13)
    for model in (POSTGRESQL, MARIADB):
        depths = [max(0, min(s, 30) * 320 - max(0, s - 30) * 410) for s in range(61)]
        series = tuple((float(second), depth) for second, depth in enumerate(depths))
        backlog = Backlog(
            start=0,
            end=depths[30],
            slope_per_s=320.0,
            series=series,
            drain_rate=model.capacity * 0.9,
        )
        maker.step(model, "timeline", 700.0, window=60.0, backlog=backlog, verdict="measured")
    document = {**PROFILE, "name": "burst", "burst_factor": 3.0}
    changes = {"profile": "burst", "profile_document": document, "profile_digest": "sha256:b0b0"}
    command = "nox -s loadtests -- --profile burst"
    made = manifest((POSTGRESQL, MARIADB), command=command, **changes)
    return store(folder, made, maker.steps, Findings())


def large_run(folder: Path) -> Path:
    """The same profile on another machine."""
    maker = Maker(17)
    large = dataclasses.replace(POSTGRESQL, capacity=1230.0, cores=16)
    knee = search(maker, large)
    environment = {**manifest(()).environment, **LARGE, "label": "the large one"}
    made = manifest((large,), environment=environment, command="nox -s loadtests -- --large")
    return store(folder, made, maker.steps, Findings(knees=(knee,)))


def interrupted_run(folder: Path) -> Path:
    """A ramp that somebody stopped: no findings."""
    maker = Maker(19)
    for rate in (100.0, 150.0, 225.0):
        maker.step(RIVAL, "ramp", rate)
    changes = {"status": "interrupted", "reason": "It was stopped with Ctrl-C.", "seed": 19}
    return store(folder, manifest((RIVAL,), **changes), maker.steps)


def standard_set(folder: Path) -> list[Path]:
    """All of the above, as a team would have them."""
    return [
        knee_run(folder / "knee"),
        baselines_run(folder / "baselines"),
        burst_run(folder / "burst"),
        large_run(folder / "large"),
        interrupted_run(folder / "interrupted"),
    ]


def forecast(folder: Path, text: str) -> Path:
    """A forecast file."""
    path = folder / "forecast.toml"
    path.write_text(text, encoding="utf-8")
    return path


def scaled(value: Any, factor: float) -> Any:
    """The same JSON with every number multiplied, kinds of numbers kept."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        return round(value * factor)
    if isinstance(value, float):
        return value * factor
    if isinstance(value, dict):
        return _scaled_mapping(value, factor)
    return [scaled(entry, factor) for entry in value]


def _scaled_mapping(value: Mapping[str, Any], factor: float) -> dict[str, Any]:
    fixed = {"schema_version", "order", "hdr"}
    return {k: v if k in fixed else scaled(v, factor) for k, v in value.items()}
