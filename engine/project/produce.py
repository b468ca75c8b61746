"""``python -m engine.project.produce PLAN N``: enqueue what the plan gives to producer N.

Calls the tasks as a view would, each at its planned time, and records what it was told.
"""

from __future__ import annotations

import datetime
import json
import sys
import time
from pathlib import Path
from typing import Any

import django

from engine.project.lifeline import die_with_parent


def main() -> None:
    """Enqueue everything, then exit."""
    die_with_parent()
    django.setup()
    plan = json.loads(Path(sys.argv[1]).read_text())
    producer = int(sys.argv[2])
    begun = time.monotonic()
    begun_at = datetime.datetime.now(tz=datetime.UTC)
    for call in plan["calls"]:
        if call["producer"] == producer:
            time.sleep(max(0.0, begun + call["at_seconds"] - time.monotonic()))
            _enqueue(call, begun_at)


def _schedule(call: dict[str, Any], begun_at: datetime.datetime) -> Any:
    if call["due_at_seconds"] is None:
        return datetime.timedelta(seconds=call["delay_seconds"])
    return begun_at + datetime.timedelta(seconds=call["due_at_seconds"])


def _enqueue(call: dict[str, Any], begun_at: datetime.datetime) -> None:
    from engine.project import tasks
    from engine.project.recorder import recorder

    history = recorder("producer")
    if history is None:
        raise SystemExit("set KILLPROOF_HISTORY to the folder of the history")
    value = {"kind": call["kind"], "delay_seconds": call["delay_seconds"], "unique": True}
    history.write("invoke", "enqueue", task=call["key"], value=value)
    function = getattr(tasks, call["kind"])
    try:
        task = function(call["key"], *call["args"], schedule=_schedule(call, begun_at))
    except Exception as error:  # noqa: BLE001
        # The row may have been committed before the error: nobody knows.
        message = f"{type(error).__name__}: {error}"
        history.write("info", "enqueue", task=call["key"], error=message)
    else:
        is_duplicate = getattr(task, "is_duplicate", False)
        value = {"row": task.pk, "duplicate": is_duplicate}
        history.write("ok", "enqueue", task=call["key"], value=value)


if __name__ == "__main__":
    main()
