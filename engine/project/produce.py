"""``python -m engine.project.produce PLAN N``: enqueue what the plan gives to producer N.

Calls the tasks as a view would, each at its planned time, and records what it was told.
"""

from __future__ import annotations

import datetime
import importlib
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import django

from engine.project.lifeline import die_with_parent
from engine.project.recorder import digest, recorder

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.project.recorder import Recorder

JsonCall = dict[str, Any]


class RolledBackError(Exception):
    """What ends a transaction that was never meant to commit."""


def main() -> None:
    """Enqueue everything, then exit."""
    die_with_parent()
    django.setup()
    history = recorder("producer")
    if history is None:
        raise SystemExit("set KILLPROOF_HISTORY to the folder of the history")
    plan = json.loads(Path(sys.argv[1]).read_text())
    producer = int(sys.argv[2])
    begun = time.monotonic()
    begun_at = datetime.datetime.now(tz=datetime.UTC)
    for calls in _groups(plan["calls"]):
        if calls[0]["producer"] == producer:
            time.sleep(max(0.0, begun + calls[0]["at_seconds"] - time.monotonic()))
            _enqueue(calls, begun_at, history)


def _groups(calls: Sequence[JsonCall]) -> Iterator[list[JsonCall]]:
    """Yield what is called at once: the calls of a batch, or a single one."""
    batches: dict[str, list[JsonCall]] = {}
    for call in calls:
        if call["batch"] is not None:
            batches.setdefault(call["batch"], []).append(call)
    for call in calls:
        if call["batch"] is None:
            yield [call]
        elif call is batches[call["batch"]][0]:
            yield batches[call["batch"]]


def _enqueue(calls: list[JsonCall], begun_at: datetime.datetime, history: Recorder) -> None:
    from django.db import close_old_connections

    # As Django does between two requests: a connection that broke is opened again.
    close_old_connections()
    for call in calls:
        history.write("invoke", "enqueue", task=call["key"], value=_invoked(call, begun_at))
    try:
        answers = _call(calls, begun_at)
    except RolledBackError as error:
        _end_all(history, calls, "fail", f"{type(error).__name__}: {error}")
    except Exception as error:  # noqa: BLE001
        # The row may have been committed before the error: nobody knows.
        _end_all(history, calls, "info", f"{type(error).__name__}: {error}")
    else:
        for call, answer in zip(calls, answers, strict=True):
            history.write("ok", "enqueue", task=call["key"], value=answer)


def _invoked(call: JsonCall, begun_at: datetime.datetime) -> JsonCall:
    told = ("kind", "delay_seconds", "unique", "priority", "batch", "aborts", "repeat_seconds")
    value = {name: call[name] for name in told if call[name] is not None}
    if not _goes_in_bulk(call):
        value.pop("batch", None)
    if call["due_at_seconds"] is not None:
        value["due_at"] = _schedule(call, begun_at).timestamp()
    return {**value, "digest": digest([call["key"], *call["args"]])}


def _end_all(history: Recorder, calls: list[JsonCall], type_: str, error: str) -> None:
    for call in calls:
        history.write(type_, "enqueue", task=call["key"], error=error)


def _call(calls: list[JsonCall], begun_at: datetime.datetime) -> list[JsonCall]:
    from django.db import transaction

    first = calls[0]
    function = _function(first["kind"])
    options = _options(first, begun_at)
    if _goes_in_bulk(first):
        del options["schedule"]
        arguments = [(call["key"], *call["args"]) for call in calls]
        made = function.enqueue_many(arguments, **options)
        return [{"row": each.id, "duplicate": each.is_duplicate} for each in made]
    if not first["aborts"]:
        return [_answer(function(call["key"], *call["args"], **options)) for call in calls]
    with transaction.atomic():
        for call in calls:
            function(call["key"], *call["args"], **options)
        raise RolledBackError("the producer rolled its transaction back, as planned")


def _goes_in_bulk(call: JsonCall) -> bool:
    """Tell whether the calls of its batch are one, which not every subject can do."""
    return call["batch"] is not None and hasattr(_function(call["kind"]), "enqueue_many")


def _function(kind: str) -> Any:
    """Return the task of that name, of the shop or by its dotted path."""
    module, _, name = kind.rpartition(".")
    return getattr(importlib.import_module(module or "engine.project.tasks"), name)


def _options(call: JsonCall, begun_at: datetime.datetime) -> dict[str, Any]:
    options: dict[str, Any] = {"schedule": _schedule(call, begun_at)}
    if call["priority"]:
        options["priority"] = call["priority"]
    if not call["unique"]:
        options["unique"] = False
    if call["repeat_seconds"]:
        last = datetime.timedelta(seconds=call["repeat_for_seconds"])
        options |= {"repeat": call["repeat_seconds"], "repeat_until": begun_at + last}
    return options


def _schedule(call: JsonCall, begun_at: datetime.datetime) -> Any:
    if call["due_at_seconds"] is None:
        return datetime.timedelta(seconds=call["delay_seconds"])
    return begun_at + datetime.timedelta(seconds=call["due_at_seconds"])


def _answer(task: Any) -> JsonCall:
    return {"row": task.pk, "duplicate": getattr(task, "is_duplicate", False)}


if __name__ == "__main__":
    main()
