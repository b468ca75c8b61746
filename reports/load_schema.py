"""The files of a stored load run: who writes which, and what every field means.

A load run is a folder::

    manifest.json     what ran, on what, with which seed: a LoadManifest
    steps.ndjson      one line for each measured step, in the order in which they ran: a Step
    findings.json     what was computed from the steps: a Findings
    load.html         the page of this run alone

``loadtests`` writes these shapes and ``reports`` reads them. Units are in the names; a rate is
tasks per second; a share is between 0 and 1. It needs the standard library only.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping  # noqa: TC003 - the readers look annotations up
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from reports.documents import from_document
from reports.load_steps import Latency, Step, Target

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOAD_SCHEMA_VERSION = 1

MANIFEST = "manifest.json"
STEPS = "steps.ndjson"
FINDINGS = "findings.json"

Status = Literal["complete", "interrupted", "failed"]
KneeStatus = Literal["bracketed", "not_reached", "below_range", "unstable", "generator_limited"]
Confidence = Literal["proven", "supported", "unknown"]
Claim = Literal["claimed", "no difference", "withheld"]

_Document = TypeVar("_Document")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """How often one rate passed."""

    rate: float
    passed: int
    failed: int
    generator_limited: int = 0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ScalabilityFit:
    """Gunther's Universal Scalability Law, X(N) = lambda N / (1 + sigma (N-1) + kappa N (N-1)).

    Attributes:
        peak: "observed" within the range, else "not observed".
        intervals: 95 % bootstrap intervals by parameter.
    """

    lambda_: float
    sigma: float
    kappa: float
    r_squared: float
    peak: Literal["observed", "not observed"]
    intervals: Mapping[str, tuple[float, float]]
    points: tuple[tuple[float, float], ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Knee:
    """The highest rate that a queue sustains, as a bracket.

    Attributes:
        target: what was put under load.
        low: the highest rate that passed in most repeats; None if none did.
        high: the lowest rate above it that failed in most repeats; None if none did.
        repeats: every rate that was tried, ascending.
        hold_step: the id of the step that held 80 % of ``low``.
        note: one sentence that explains a status other than "bracketed".
    """

    target: Target
    status: KneeStatus
    low: float | None
    high: float | None
    repeats: tuple[Repeat, ...]
    hold_step: str | None = None
    hold_passed: bool | None = None
    note: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """A comparison of two arms over interleaved pairs: treated divided by control.

    Attributes:
        name: the knob, the contender, or "A/A" for the control against itself.
        metric: goodput, drain_rate, end_to_end_p99_ms, ...
        before: the control's setting in words; ``after`` the other one's.
        ratios: one for each pair, in the order in which they ran.
        low: of the 95 % bootstrap interval of the median; ``high`` its other end.
        claim: "claimed" if the interval is clear of 1; "no difference" if it holds 1; "withheld" if
            the pairs are too unstable or too few, with the ``reason``.
        is_unsafe: whether the setting loses acknowledged tasks: for the laboratory only.
    """

    name: str
    metric: str
    target: Target
    before: str
    after: str
    ratios: tuple[float, ...]
    median: float | None
    low: float | None
    high: float | None
    claim: Claim
    reason: str = ""
    is_unsafe: bool = False


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One observation that speaks for a suspect: a sentence around one stored number."""

    name: str
    value: float
    unit: str
    step: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """One possible bottleneck: commit durability, worker CPU, locks, ...

    Attributes:
        label: commit_flush, database_cpu, python_cpu, row_locks, table_lock, writer_lock, polling,
            connections, network, bloat, worker_slots, generator.
        utilisation: share of the time that the resource was busy at the knee; None if unknown.
        flips: names of the ratios that tested it.
    """

    label: str
    confidence: Confidence
    utilisation: float | None
    evidence: tuple[Evidence, ...] = ()
    flips: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Bottleneck:
    """What limits a target at its knee; ``label`` is "unknown" if nothing is known."""

    target: Target
    label: str
    confidence: Confidence
    sentence: str
    suspects: tuple[Suspect, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """Capacity computed from the ledger of a task, not measured.

    Attributes:
        cores: of the machine that is predicted.
        rate: tasks per second at full use of what binds.
        bound_by: the role or resource that binds.
        basis: the formula in words.
    """

    target: Target
    cores: int
    rate: float
    bound_by: str
    basis: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Semantics:
    """What kills under load did to a contender's tasks.

    Attributes:
        fault: "child" kills the process that runs the body; "worker" its whole process tree,
            which is then started again.
        kills: that were seen to land in the middle of a body.
        acknowledged: tasks of the trial.
        lost: tasks that never ended, that the queue no longer holds and that it did not give up.
        stuck: tasks that had not ended after ``patience_seconds`` and that the queue still holds.
        duplicated: tasks whose body ended more than once.
        dead_lettered: tasks that the queue gave up by its own rules and kept where people find
            them; None if it keeps no such list: then they are lost.
        recovery_ms_p50: from the kill to the next start of the task that it interrupted.
    """

    target: Target
    fault: Literal["child", "worker"]
    kills: int
    acknowledged: int
    lost: int
    stuck: int
    duplicated: int
    dead_lettered: int | None
    recovered: int
    recovery_ms_p50: float | None
    recovery_ms_max: float | None
    patience_seconds: float


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Bystander:
    """The application's own queries beside the queue at one load.

    Attributes:
        load_share: of the lower end of the bracket; 0 for an idle queue.
        step: the step whose ``bystander_*`` latencies these are.
    """

    target: Target
    load_share: float
    rate: float
    step: str
    latency: Mapping[str, Latency]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """The content of findings.json: what was computed from the steps."""

    knees: tuple[Knee, ...] = ()
    usl: ScalabilityFit | None = None
    ratios: tuple[Ratio, ...] = ()
    bottlenecks: tuple[Bottleneck, ...] = ()
    predictions: tuple[Prediction, ...] = ()
    semantics: tuple[Semantics, ...] = ()
    bystanders: tuple[Bystander, ...] = ()
    schema_version: int = LOAD_SCHEMA_VERSION


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ContenderFacts:
    """A contender as it ran.

    Attributes:
        packages: name to version of what decides its speed.
        durability: the settings on which an acknowledged enqueue's survival depends.
        delivery: what it promises when a worker dies, in a few words.
        worker: the command line of its worker.
    """

    name: str
    title: str
    version: str
    packages: Mapping[str, str]
    services: Mapping[str, str]
    durability: Mapping[str, str]
    delivery: str
    worker: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What the generator can do when the queue costs nothing, and how its driver behaves.

    Attributes:
        null_rate: sends per second that it kept up with no queue behind it.
        null_send_lag_ms_p99: at the highest rate of the profile.
        driver: the database driver's name and version.
        is_cooperative: whether the event loop runs on while the driver waits.
        driver_stall_ms: the longest time that the loop stood still in that test.
    """

    null_rate: float
    null_send_lag_ms_p99: float | None
    driver: str
    is_cooperative: bool
    driver_stall_ms: float


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LoadManifest:
    """The content of manifest.json of a load run.

    Attributes:
        kind: always "load": what tells this folder from a chaos run.
        profile: the profile's name; ``profile_document`` is all of it, defaults included.
        profile_digest: of the document: runs are compared only if it is the same.
        command: what to type to run it again.
        status: "interrupted" and "failed" runs keep what was measured; ``reason`` says why.
        environment: python, django, killproof, locust, platform, kernel, cpu_model, cpus,
            memory_bytes, filesystem, fsync_us_p50, commit.
    """

    profile: str
    summary: str
    profile_document: Mapping[str, Any]
    profile_digest: str
    seed: int
    command: str
    started_at: str
    duration_seconds: float
    status: Status
    reason: str = ""
    contenders: tuple[ContenderFacts, ...]
    databases: tuple[Mapping[str, Any], ...]
    calibration: tuple[Calibration, ...] = ()
    environment: Mapping[str, Any]
    kind: str = "load"
    schema_version: int = LOAD_SCHEMA_VERSION


def write_document(path: Path, document: LoadManifest | Findings) -> None:
    """Write a manifest or findings, indented, replacing what was there at once."""
    fresh = path.with_suffix(".partial")
    fresh.write_text(json.dumps(dataclasses.asdict(document), indent=1) + "\n", encoding="utf-8")
    fresh.replace(path)


def append_step(folder: Path, step: Step) -> None:
    """Add one step to a run's steps."""
    with (folder / STEPS).open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(dataclasses.asdict(step)) + "\n")


def read_load_manifest(folder: Path) -> LoadManifest:
    """Read a load run's manifest; raises OSError, ValueError, KeyError or TypeError."""
    return _read(LoadManifest, folder / MANIFEST)


def read_findings(folder: Path) -> Findings:
    """Read a load run's findings; raises OSError, ValueError, KeyError or TypeError."""
    return _read(Findings, folder / FINDINGS)


def read_steps(folder: Path) -> Iterator[Step]:
    """Read a load run's steps; half a line at the end, of a killed harness, is dropped.

    Raises:
        ValueError: another line is not a step; the message has its number.
    """
    path = folder / STEPS
    lines = path.read_text(encoding="utf-8").split("\n") if path.exists() else [""]
    for number, line in enumerate(lines[:-1], start=1):
        try:
            yield from_document(Step, json.loads(line))
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError(f"{path}, line {number}: not a step: {error}") from error


def _read(kind: type[_Document], path: Path) -> _Document:
    return from_document(kind, json.loads(path.read_text(encoding="utf-8")))
