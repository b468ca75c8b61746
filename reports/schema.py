"""The files of a stored run: who writes which, and what every field means.

A run is a folder::

    manifest.json        what ran, on what, with which seed
    plan.json            the workload and the faults, as generated from the seed
    history/*.ndjson     one file per process, one op per line (see Op)
    results.json         the verdict, computed from the history alone
    logs/                what the processes printed
    report.html          the page made from the files above

This module imports the standard library only: harnesses write these shapes and pages read them,
and it is the one thing that they share.
"""

from __future__ import annotations

import dataclasses
import enum
import json
import sys
from typing import TYPE_CHECKING, Any, Final, Literal, Self, get_args

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

SCHEMA_VERSION = 1

OpType = Literal["invoke", "ok", "fail", "info"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Op:
    """One line of a history.

    Attributes:
        time: nanoseconds of CLOCK_MONOTONIC, which is one clock for all processes of a host.
        process: who speaks, "<role>-<pid>"; a process that died never speaks again.
        type: ``invoke``, then ``ok`` (it took effect), ``fail`` (it did not) or ``info``
            (nobody knows). An op that observes a fact has no invoke and is ``ok`` at once.
        f: what was done; ``docs/history.md`` lists the words.
        task: the workload's own key of the task, or None where no task is meant.
        attempt: 1 for the first start of a task, where the subject tells it.
        token: the fencing token of the claim, where the subject has one.
        value: what else is to be known of this op, by name.
        error: the error's class and message, of a ``fail`` or ``info``.
        database_time: seconds since 1970 by the database's clock, where the op was seen there.
    """

    time: int
    process: str
    type: OpType
    f: str
    task: str | None = None
    attempt: int | None = None
    token: int | None = None
    value: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    error: str | None = None
    database_time: float | None = None

    @classmethod
    def from_json(cls, line: str) -> Self:
        """Read one line; raises ValueError or TypeError on a line that is not an op."""
        try:
            fields = json.loads(line)
        except RecursionError as error:
            raise ValueError("it is nested too deeply") from error
        if type(fields) is not dict:
            raise TypeError(f"an op is a JSON object, and this is none: {line[:80]}")
        # A million ops say the same few words: kept once, they take half the memory.
        for name in ("process", "f", "type", "task"):
            if type(text := fields.get(name)) is str:
                fields[name] = sys.intern(text)
        if type(value := fields.get("value")) is dict:
            fields["value"] = {sys.intern(key): each for key, each in value.items()}
        op = cls(**fields)
        op._check()
        return op

    def _check(self) -> None:
        """Raise TypeError or ValueError if a field is not of its type."""
        for name, (types, what) in _TYPES.items():
            # Exactly of the type: JSON's true is no number.
            if type(value := getattr(self, name)) not in types:
                raise TypeError(f"its {name} is {value!r:.40}, and has to be {what}")
        for name in ("time", "database_time"):
            value = getattr(self, name)
            # What is no number is on neither side of a limit.
            if value is not None and not -_LIMIT < value < _LIMIT:
                raise ValueError(f"its {name} is {value!r:.40}, and has to be a finite number")
        if self.type not in _OP_TYPES:
            raise ValueError(f"its type is {self.type!r:.40}, and has to be one of {_OP_TYPES}")

    def to_json(self) -> str:
        """Write the op as one line, without the fields that are at their default."""
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return json.dumps({k: v for k, v in fields.items() if v is not None and v != {}})


_NONE: Final = type(None)
_LIMIT: Final = 2**63
"""No clock shows more nanoseconds."""

_OP_TYPES: Final = get_args(OpType)
_TYPES: Final[Mapping[str, tuple[tuple[type, ...], str]]] = {
    "time": ((int, float), "a number"),
    "process": ((str,), "a text"),
    "type": ((str,), "a text"),
    "f": ((str,), "a text"),
    "task": ((str, _NONE), "a text or null"),
    "attempt": ((int, _NONE), "an integer or null"),
    "token": ((int, _NONE), "an integer or null"),
    "value": ((dict,), "an object"),
    "error": ((str, _NONE), "a text or null"),
    "database_time": ((int, float, _NONE), "a number or null"),
}
"""The types of the fields of an op, as JSON has them."""


class TwoFilesError(ValueError):
    """A process speaks in two files of a history: each has one, so ops were copied or moved."""


class Verdict(enum.StrEnum):
    """What a check, a run or a whole session says; the worst one of several wins."""

    VALID = "VALID"
    UNKNOWN = "UNKNOWN"
    INVALID = "INVALID"

    @property
    def exit_code(self) -> int:
        """0 valid, 1 invalid, 2 unknown."""
        return {"VALID": 0, "INVALID": 1, "UNKNOWN": 2}[self.value]

    @classmethod
    def worst(cls, verdicts: Iterable[Verdict]) -> Verdict:
        """INVALID before UNKNOWN before VALID; UNKNOWN of nothing at all."""
        order = list(cls)
        return max(verdicts, key=order.index, default=cls.UNKNOWN)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Anomaly:
    """One thing that must not happen and did.

    Attributes:
        name: the anomaly's name, as in ``docs/anomalies/``.
        task: the key of the task that it happened to.
        proof: one sentence that proves it, with times and tokens.
        witness: the ops that the sentence rests on, and the faults around them, in order.
    """

    name: str
    task: str | None
    proof: str
    witness: tuple[Op, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What one checker says of a history.

    Attributes:
        name: the checker's name, which is the name of its anomaly.
        verdict: VALID, INVALID, or UNKNOWN when nothing put it to the test, or it crashed.
        exercised: how many opportunities there were to go wrong.
        count: how many anomalies there are, of which ``anomalies`` holds the first ones.
        note: one sentence that explains an UNKNOWN or a special case.
        is_forbidden: whether the contract excludes the anomaly; one that it allows is counted and
            makes no run INVALID.
        is_required: whether the run set out to put the property to the test; one that it did not
            exercise and need not makes no run UNKNOWN.
    """

    name: str
    verdict: Verdict
    exercised: int
    count: int = 0
    note: str = ""
    anomalies: tuple[Anomaly, ...] = ()
    is_forbidden: bool = True
    is_required: bool = True


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """The numbers of a run, in Jepsen's words; durations are milliseconds.

    Attributes:
        attempted: tasks that a producer tried to enqueue, duplicates included.
        acknowledged: enqueues that returned.
        ok: tasks whose effect was seen at least once.
        lost: acknowledged tasks that neither finished nor were dead-lettered.
        duplicated: tasks with an effect too many that nothing justifies.
        unexpected: tasks that ran and that nobody enqueued.
        recovered: tasks whose enqueue nobody knows the end of, and that ran.
        retried: tasks that were started more than once.
        dead_lettered: tasks that ended in the table of failures.
        kills_landed: kills after which the process was seen dead.
        kills_in_body: those of them that interrupted a task's body.
        recovery_ms_p50: median time from a kill to the next start of the task that it interrupted.
        recovery_ms_max: the longest such time.
    """

    attempted: int = 0
    acknowledged: int = 0
    ok: int = 0
    lost: int = 0
    duplicated: int = 0
    unexpected: int = 0
    recovered: int = 0
    retried: int = 0
    dead_lettered: int = 0
    kills_landed: int = 0
    kills_in_body: int = 0
    recovery_ms_p50: float | None = None
    recovery_ms_max: float | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """The content of results.json."""

    verdict: Verdict
    counts: Counts
    checks: tuple[CheckResult, ...]
    schema_version: int = SCHEMA_VERSION


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The content of manifest.json.

    Attributes:
        command: what to type to run the same plan again.
        started_at: UTC, ISO 8601.
        database: ``name``, ``provider``, ``version`` and ``durability`` (a mapping of settings).
        subject: ``name``, ``version`` and ``contract`` (a mapping of what it promises).
        environment: ``python``, ``django``, ``killproof``, ``platform``, ``cpus``, ``commit``.
    """

    scenario: str
    summary: str
    seed: int
    command: str
    started_at: str
    duration_seconds: float
    database: Mapping[str, Any]
    subject: Mapping[str, Any]
    environment: Mapping[str, Any]
    schema_version: int = SCHEMA_VERSION


def write_json(path: Path, document: Manifest | Results) -> None:
    """Write a manifest or results, indented, replacing what was there."""
    path.write_text(json.dumps(dataclasses.asdict(document), indent=2) + "\n", encoding="utf-8")


def read_manifest(folder: Path) -> Manifest:
    """Read a run's manifest.json; raises OSError, ValueError or TypeError if there is none."""
    return Manifest(**json.loads((folder / "manifest.json").read_text(encoding="utf-8")))


def read_results(folder: Path) -> Results:
    """Read a run's results.json; raises OSError, ValueError or TypeError if there is none."""
    document = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    return Results(
        verdict=Verdict(document["verdict"]),
        counts=Counts(**document["counts"]),
        checks=tuple(_check_result(check) for check in document["checks"]),
        schema_version=document["schema_version"],
    )


def read_history(folder: Path) -> list[Op]:
    """Read all ops of a run, in the order of their times.

    A process that was killed may leave half a line at the end of its file: such a last line is
    dropped. A broken line anywhere else raises ValueError with the file and the line number, and a
    process that speaks in two files raises TwoFilesError.
    """
    ops: list[Op] = []
    homes: dict[str, str] = {}
    for path in sorted((folder / "history").glob("*.ndjson")):
        own = _read_ops(path)
        for process in {op.process for op in own}:
            if (home := homes.setdefault(process, path.name)) != path.name:
                raise TwoFilesError(f"{process} speaks in {home} and in {path.name}")
        ops.extend(own)
    return sorted(ops, key=lambda op: op.time)


def _read_ops(path: Path) -> list[Op]:
    lines = path.read_text(encoding="utf-8").split("\n")
    ops = []
    for number, line in enumerate(lines[:-1], start=1):
        try:
            ops.append(Op.from_json(line))
        except (ValueError, TypeError) as error:
            raise ValueError(f"{path}, line {number}: not an op: {error}") from error
    return ops


def _check_result(document: Mapping[str, Any]) -> CheckResult:
    anomalies = tuple(
        Anomaly(**{**anomaly, "witness": tuple(Op(**op) for op in anomaly["witness"])})
        for anomaly in document["anomalies"]
    )
    return CheckResult(
        **{**document, "verdict": Verdict(document["verdict"]), "anomalies": anomalies}
    )
