"""Stored load runs for the tests of the throughput report, made and not measured.

They follow one queueing model, so that rates, backlogs and latencies belong together; the same
arguments give the same bytes.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from reports.load_schema import (
    Calibration,
    ContenderFacts,
    Findings,
    Knee,
    LoadManifest,
    Repeat,
    Semantics,
    append_step,
    write_document,
)
from reports.load_steps import Backlog, Generator, Step
from reports.tests.synthetic_findings import bottlenecks, bystanders, fit, flips, predictions, ratio
from reports.tests.synthetic_steps import (
    LARGE,
    MARIADB,
    POSTGRESQL,
    PROFILE,
    RABBITMQ,
    REDIS,
    RIVAL,
    SMALL,
    SQLITE,
    Maker,
    Model,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


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
            usl=fit(),
            ratios=flips(),
            bottlenecks=bottlenecks(maker.steps[3].id),
            predictions=predictions(),
            bystanders=bystanders(maker),
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
