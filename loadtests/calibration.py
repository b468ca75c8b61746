"""What the generator can do by itself, measured before anything is measured with it."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Final

from loadtests.analysis.statistics import latency_of
from loadtests.fleet import environment_of
from loadtests.generation import Generation, GeneratorError
from loadtests.measuring import Senders, steady
from loadtests.order import Order
from reports.load_schema import Calibration

if TYPE_CHECKING:
    from engine.contenders.contender import Site
    from loadtests.laboratory import Bench
    from loadtests.plans import SenderPlan

NULL_PRODUCER: Final = "loadtests.generator.null"
NULL_FACTOR: Final = 3.0
"""The generator must keep up with so many times the highest rate when the queue costs nothing."""

NULL_SECONDS: Final = 3.0
WARMUP_SECONDS: Final = 1.0


def calibrate(
    bench: Bench, *, plan: SenderPlan, max_rate: float, seed: int
) -> tuple[Calibration, Senders]:
    """Find out how the driver behaves under gevent, choose the senders, and run them into a void.

    Raises:
        GeneratorError: the generator did not report.
    """
    with bench.scratch("calibration") as site:
        driver, is_cooperative, stall_ms = _driver(bench, site)
        senders = _senders(plan, is_cooperative=is_cooperative)
        rate, lag_ms = _null(bench, site, senders, rate=NULL_FACTOR * max_rate, seed=seed)
    calibration = Calibration(
        null_rate=rate,
        null_send_lag_ms_p99=lag_ms,
        driver=driver,
        is_cooperative=is_cooperative,
        driver_stall_ms=stall_ms,
    )
    return calibration, senders


def _senders(plan: SenderPlan, *, is_cooperative: bool) -> Senders:
    """Choose one user in each of several processes for a driver that blocks the event loop."""
    if is_cooperative:
        return Senders(processes=plan.processes, users=plan.users)
    return Senders(processes=plan.blocking_processes, users=1)


def _driver(bench: Bench, site: Site) -> tuple[str, bool, float]:
    if not bench.contender.databases:
        # Clients of brokers are Python all through: gevent replaces the sockets below them.
        return f"the client of {bench.contender.broker}", True, 0.0
    done = subprocess.run(
        [bench.contender.python(), "-m", "loadtests.generator.driver_probe"],
        env=environment_of(bench.contender, site),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise GeneratorError(f"the database driver could not be tested under gevent: {said}")
    told = json.loads(done.stdout.strip().splitlines()[-1])
    return told["driver"], told["is_cooperative"], told["driver_stall_ms"]


def _null(
    bench: Bench, site: Site, senders: Senders, *, rate: float, seed: int
) -> tuple[float, float | None]:
    order = Order(
        producer=NULL_PRODUCER,
        seed=seed,
        arrivals=steady(rate, "poisson", WARMUP_SECONDS + NULL_SECONDS),
        workload={"tasks": [{"name": "null"}]},
        processes=senders.processes,
        users=senders.users,
        warmup_seconds=WARMUP_SECONDS,
        window_seconds=NULL_SECONDS,
        results=str(site.folder / "null.json"),
    )
    environment = environment_of(bench.contender, site)
    with Generation(bench.contender.python(), order, environment) as generation:
        outcome = generation.wait(lambda: None)
    lag = outcome.histograms.get("send_lag")
    return round(outcome.acknowledged / NULL_SECONDS, 1), latency_of(lag).p99_ms if lag else None
