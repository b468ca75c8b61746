"""Reads a stored run and refuses, in one sentence, what cannot be made into a page.

What gets past this module has the types that the schema promises: no later step has to doubt them.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from reports.schema import SCHEMA_VERSION, read_history, read_manifest, read_results

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from reports.schema import Anomaly, CheckResult, Manifest, Op, Results


class BadRunError(Exception):
    """A folder is not a run that can be shown; the message says why and what to do."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class StoredRun:
    """What a run's folder says of it, without its history."""

    folder: Path
    manifest: Manifest
    results: Results


def read_run(folder: Path) -> StoredRun:
    """Read the manifest and the results of a run; raises BadRunError."""
    if not folder.is_dir():
        raise BadRunError(f"{folder} is not a folder: name the folder of a stored run.")
    for name in ("manifest.json", "results.json"):
        _check_version(folder / name)
    try:
        run = StoredRun(folder=folder, manifest=read_manifest(folder), results=read_results(folder))
        _check_types(run)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise BadRunError(
            f"{folder} has a manifest or results that do not follow the schema "
            f"({_reason(error)}): run the scenario again."
        ) from error
    return run


def read_ops(folder: Path) -> tuple[Op, ...]:
    """Read a run's history in the order of time; raises BadRunError at a broken line."""
    try:
        ops = tuple(read_history(folder))
        _check_ops(ops)
    except (OSError, ValueError, TypeError) as error:
        raise BadRunError(
            f"The history of {folder} cannot be read ({_reason(error)}): "
            "repair or remove that line, or run the scenario again."
        ) from error
    return ops


def _check_version(path: Path) -> None:
    document = _read_document(path)
    found = document.get("schema_version")
    if found != SCHEMA_VERSION:
        raise BadRunError(
            f"{path} has the schema_version {found!r} and this Killproof reads {SCHEMA_VERSION}: "
            "use the version that wrote it."
        )


def _read_document(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BadRunError(
            f"{path.parent} has no {path.name}: name the folder of a run that has ended."
        ) from error
    except (OSError, ValueError) as error:
        raise BadRunError(
            f"{path} cannot be read as JSON ({_reason(error)}): run the scenario again."
        ) from error
    if not isinstance(document, dict):
        raise BadRunError(f"{path} does not hold a JSON object: run the scenario again.")
    return document


def _check_types(run: StoredRun) -> None:
    manifest = run.manifest
    for name in ("scenario", "summary", "command", "started_at"):
        _require(name, getattr(manifest, name), str)
    for name in ("database", "subject", "environment"):
        _require(name, getattr(manifest, name), Mapping)
    _require("duration_seconds", manifest.duration_seconds, int, float)
    for field in dataclasses.fields(run.results.counts):
        kinds = (int, float, type(None)) if field.default is None else (int,)
        _require(field.name, getattr(run.results.counts, field.name), *kinds)
    for check in run.results.checks:
        _check_result(check)


def _check_result(check: CheckResult) -> None:
    for name in ("name", "note"):
        _require(f"check.{name}", getattr(check, name), str)
    for name in ("count", "exercised"):
        _require(f"check.{name}", getattr(check, name), int)
    for anomaly in check.anomalies:
        _check_anomaly(anomaly)


def _check_anomaly(anomaly: Anomaly) -> None:
    _require("anomaly.name", anomaly.name, str)
    _require("anomaly.task", anomaly.task, str, type(None))
    _require("anomaly.proof", anomaly.proof, str)
    _check_ops(anomaly.witness)


def _check_ops(ops: Iterable[Op]) -> None:
    for op in ops:
        if not _is_sound(op):
            _complain(op)


def _is_sound(op: Op) -> bool:
    """Say in one breath what is true of nearly every op: a history may have a million."""
    return (
        type(op.time) is int
        and type(op.process) is str
        and type(op.type) is str
        and type(op.f) is str
        and type(op.value) is dict
        and (op.task is None or type(op.task) is str)
        and (op.error is None or type(op.error) is str)
    )


def _complain(op: Op) -> None:
    _require("op.time", op.time, int)
    for name in ("process", "type", "f"):
        _require(f"op.{name}", getattr(op, name), str)
    for name in ("task", "error"):
        _require(f"op.{name}", getattr(op, name), str, type(None))
    _require("op.value", op.value, Mapping)


def _require(name: str, value: object, *kinds: type) -> None:
    if not isinstance(value, kinds):
        wanted = " or ".join(kind.__name__ for kind in kinds)
        raise TypeError(f"{name} is {value!r:.80} and should be of the type {wanted}")


def _reason(error: Exception) -> str:
    """The error's message on one line, without the class unless there is nothing else."""
    return " ".join(str(error).split()) or type(error).__name__
