"""Reads the ``[[tasks]]`` of a file into a workload; every error names file, line and key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from loadtests.bounds import Bounds
from loadtests.distributions import distribution
from loadtests.toml_table import Table, open_toml
from loadtests.workload import TaskKind, Workload

if TYPE_CHECKING:
    from pathlib import Path

    from loadtests.distributions import Distribution

TASKS: Final = "tasks"
_NOT_NEGATIVE: Final = Bounds(at_least=0)
_POSITIVE: Final = Bounds(above=0)
_SHARE: Final = Bounds(at_least=0, at_most=1)
_SHAPES: Final = (("low", "high"), ("mean",), ("median", "p95"), ("values",))
_KEYS: Final = ("low", "high", "mean", "median", "p95", "maximum", "values", "weights")
_WANTED: Final = {
    "work_ms": "a number of milliseconds, or a table such as {median = 20, p95 = 80}",
    "payload_bytes": "a number of bytes, or a table such as {low = 100, high = 2000}",
    "delay_seconds": "a number of seconds, or a table such as {mean = 30}",
}


def load_workload(path: Path) -> Workload:
    """Read the ``[[tasks]]`` of a file of tasks, or of a profile, whose other keys are left alone.

    Raises:
        ProfileError: it cannot be used; one sentence with file, line and key.
    """
    return workload_of(open_toml(path))


def workload_of(table: Table) -> Workload:
    """Read the tasks of a whole file."""
    tables = table.tables(TASKS)
    if not tables:
        table.fail(TASKS, "write at least one [[tasks]]")
    workload = Workload(tasks=tuple(_task(task, at) for at, task in enumerate(tables)))
    if not any(task.weight for task in workload.tasks):
        raise table.source.error((TASKS,), "every weight is 0, so that no task is ever drawn")
    return workload


def _task(table: Table, at: int) -> TaskKind:
    default = TaskKind(name=f"task {at}")
    table.check_keys(default.to_document())
    return TaskKind(
        name=table.text("name", default.name),
        weight=_number(table, "weight", default.weight, _NOT_NEGATIVE),
        work_ms=_distribution(table, "work_ms", default.work_ms),
        is_cpu=table.flag("is_cpu", default.is_cpu),
        payload_bytes=_distribution(table, "payload_bytes", default.payload_bytes),
        retry_share=_number(table, "retry_share", default.retry_share, _SHARE),
        scheduled_share=_number(table, "scheduled_share", default.scheduled_share, _SHARE),
        delay_seconds=_distribution(table, "delay_seconds", default.delay_seconds),
    )


def _number(table: Table, key: str, default: float, bounds: Bounds) -> float:
    return table.number(key, table.values.get(key, default), bounds)


def _distribution(table: Table, key: str, default: Distribution) -> Distribution:
    value = table.values.get(key)
    if value is None:
        return default
    if isinstance(value, dict):
        return distribution(_spread(table.table(key), _WANTED[key]))
    if not isinstance(value, int | float) or isinstance(value, bool):
        table.fail(key, f"write {_WANTED[key]}")
    return distribution(table.number(key, value, _NOT_NEGATIVE))


def _spread(table: Table, wanted: str) -> dict[str, Any]:
    """Check the table of a distribution; its numbers are checked on the way."""
    table.check_keys(_KEYS)
    shape = next((shape for shape in _SHAPES if set(shape) & set(table.values)), None)
    if shape is None:
        raise table.source.error(
            table.path, f"{table.name_of()} is no distribution; write {wanted}"
        )
    document = {key: _part(table, key) for key in (*shape, *_more(shape)) if key in table.values}
    for key in (*shape, *table.values):
        if key not in document:
            _refuse(table, key, shape)
    _check_sense(table, document)
    return document


def _more(shape: tuple[str, ...]) -> tuple[str, ...]:
    if shape == ("values",):
        return ("weights",)
    return () if shape[0] == "low" else ("maximum",)


def _part(table: Table, key: str) -> float | list[float]:
    if key in {"values", "weights"}:
        return list(table.numbers(key, _NOT_NEGATIVE))
    is_scale = key in {"mean", "median", "p95", "maximum"}
    return table.number(key, table.values[key], _POSITIVE if is_scale else _NOT_NEGATIVE)


def _refuse(table: Table, key: str, shape: tuple[str, ...]) -> None:
    """Refuse a table that has half of one shape, or a key of another."""
    if key in shape:
        table.fail(key, f"it needs {' and '.join(shape)}")
    table.fail(key, f"it does not go with {' and '.join(shape)}")


def _check_sense(table: Table, document: dict[str, Any]) -> None:
    if "low" in document and document["low"] > document["high"]:
        table.fail("high", f"it must not be below low, which is {document['low']:g}")
    if "median" in document and document["p95"] < document["median"]:
        table.fail("p95", f"it must not be below the median, which is {document['median']:g}")
    if document.get("values") == []:
        table.fail("values", "write at least one number")
    weights = document.get("weights")
    if weights is not None and len(weights) != len(document["values"]):
        table.fail("weights", "write one weight for each of the values")
    if weights is not None and not any(weights):
        table.fail("weights", "at least one must be above 0")
