"""Workloads: draws that follow their distributions, repeat, and survive JSON."""

from __future__ import annotations

import collections
import json
import math
import os
import random
import statistics
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from loadtests.distributions import (
    Choice,
    Constant,
    Distribution,
    Exponential,
    Lognormal,
    Uniform,
    distribution,
)
from loadtests.workload import TaskKind, Workload

if TYPE_CHECKING:
    from engine.contenders.contender import Job

DISTRIBUTIONS = [
    Constant(value=7.5),
    Uniform(low=2.0, high=6.0),
    Exponential(mean_value=20.0),
    Exponential(mean_value=20.0, maximum=30.0),
    Lognormal(median=20.0, p95=80.0),
    Lognormal(median=20.0, p95=80.0, maximum=60.0),
    Lognormal(median=20.0, p95=20.0),
    Lognormal(median=20.0, p95=20.0, maximum=10.0),
    Choice(values=(1.0, 5.0, 9.0)),
    Choice(values=(1.0, 5.0), weights=(3.0, 1.0)),
]
MIX = Workload(
    tasks=(
        TaskKind(name="mail", weight=3.0, work_ms=Constant(value=4.0), retry_share=0.2),
        TaskKind(
            name="report",
            weight=1.0,
            work_ms=Lognormal(median=20.0, p95=80.0, maximum=500.0),
            is_cpu=True,
            payload_bytes=Uniform(low=100.0, high=2000.0),
            scheduled_share=0.5,
            delay_seconds=Exponential(mean_value=30.0),
        ),
        TaskKind(name="never", weight=0.0, work_ms=Constant(value=1e6)),
    )
)


def seeded(seed: int) -> random.Random:
    """Return a generator that repeats itself."""
    return random.Random(seed)  # noqa: S311 - draws of a test, no secret


def drawn(spread: Distribution, number: int = 40_000) -> list[float]:
    """Draw many values."""
    rng = seeded(3)
    return [spread.draw(rng) for _ in range(number)]


@pytest.mark.parametrize("spread", DISTRIBUTIONS, ids=str)
def test_the_mean_that_is_told_is_the_mean_of_the_draws(spread: Distribution) -> None:
    """``mean()`` holds for cut and weighted distributions, too."""
    assert math.isclose(statistics.mean(drawn(spread)), spread.mean(), rel_tol=0.03)


@pytest.mark.parametrize("spread", DISTRIBUTIONS, ids=str)
def test_a_distribution_survives_json(spread: Distribution) -> None:
    """What is read back is equal."""
    assert distribution(json.loads(json.dumps(spread.to_document()))) == spread


def test_a_lognormal_has_its_median_and_its_95th_percentile() -> None:
    """Half of the draws are below the one, one in twenty above the other."""
    values = drawn(Lognormal(median=20.0, p95=80.0))

    assert abs(sum(value < 20 for value in values) / len(values) - 0.5) < 0.015
    assert abs(sum(value > 80 for value in values) / len(values) - 0.05) < 0.006


def test_draws_stay_within_their_limits() -> None:
    """Neither a maximum nor an end of a range is passed."""
    assert max(drawn(Lognormal(median=20.0, p95=80.0, maximum=60.0))) == 60
    assert max(drawn(Exponential(mean_value=20.0, maximum=30.0))) == 30
    assert min(drawn(Uniform(low=2.0, high=6.0))) >= 2
    assert max(drawn(Uniform(low=2.0, high=6.0))) <= 6


def test_kinds_come_as_often_as_their_weights_say() -> None:
    """Three of four are mails, none is of the kind with weight 0."""
    rng = seeded(1)
    jobs = [MIX.draw(rng) for _ in range(20_000)]
    kinds = collections.Counter(job.is_cpu for job in jobs)

    assert abs(kinds[False] / len(jobs) - 0.75) < 0.02
    assert max(job.work_ms for job in jobs) <= 500


def test_shares_of_failing_and_scheduled_tasks_are_kept() -> None:
    """A fifth of the mails fails first, half of the reports is for later, all else is at once."""
    rng = seeded(2)
    jobs = [MIX.draw(rng) for _ in range(20_000)]
    mails = [job for job in jobs if not job.is_cpu]
    reports = [job for job in jobs if job.is_cpu]

    assert abs(statistics.mean(job.fails_first for job in mails) - 0.2) < 0.02
    assert not any(job.fails_first for job in reports)
    assert abs(statistics.mean(job.delay_seconds > 0 for job in reports) - 0.5) < 0.03
    assert not any(job.delay_seconds for job in mails)


def test_payloads_are_whole_bytes() -> None:
    """A payload's size can be used as it is."""
    rng = seeded(2)

    assert all(isinstance(MIX.draw(rng).payload_bytes, int) for _ in range(100))


def test_a_job_is_what_contenders_take() -> None:
    """The type checker holds it against the protocol."""
    job: Job = Workload().draw(seeded(1))

    assert (job.work_ms, job.fails_first, job.delay_seconds) == (0, False, 0)


def test_the_mean_work_is_weighted() -> None:
    """Three parts of 4 ms and one of the report's mean."""
    report = MIX.tasks[1].work_ms.mean()

    assert math.isclose(MIX.mean_work_ms(), (3 * 4 + report) / 4)


def test_a_workload_survives_json() -> None:
    """The generator draws from what the harness wrote."""
    again = Workload.from_document(json.loads(json.dumps(MIX.to_document())))

    assert again == MIX
    assert again.draw(seeded(9)) == MIX.draw(seeded(9))


def test_a_document_may_leave_defaults_out() -> None:
    """A task with a name alone is an empty one."""
    assert Workload.from_document({"tasks": [{"name": "empty"}]}) == Workload()


def test_the_same_seed_draws_the_same_jobs_in_every_process() -> None:
    """Hashes of strings have no say."""
    code = (
        "import json, random, sys\n"
        "from loadtests.workload import Workload\n"
        "workload = Workload.from_document(json.load(sys.stdin))\n"
        "rng = random.Random('seed 1')\n"
        "print([workload.draw(rng) for _ in range(50)])\n"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={
                **os.environ,
                "PYTHONHASHSEED": hash_seed,
                "PYTHONPATH": os.pathsep.join(sys.path),
            },
            input=json.dumps(MIX.to_document()),
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("0", "5")
    }

    assert len(seen) == 1


def test_what_the_generator_imports_is_in_the_standard_library() -> None:
    """Workload and arrivals import nothing that a contender's environment may lack."""
    code = (
        "import sys\n"
        "import loadtests.workload, loadtests.arrivals, loadtests.order\n"
        "names = {name.partition('.')[0] for name in sys.modules}\n"
        "print(sorted(names - set(sys.stdlib_module_names)))\n"
    )
    folders = [folder for folder in sys.path if folder and "site-packages" not in folder]
    ran = subprocess.run(
        [sys.executable, "-S", "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(folders)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert ran.stdout.strip() == "['__main__', 'loadtests']"
