"""``python -m engine.contenders.producers MODULE``: enqueue what standard input asks for.

Each line asks for one task: a JSON object with its ``key`` and whatever differs from a job that
does nothing, such as ``{"key": 7, "work_ms": 20}``. It is answered by one line when the producer's
``enqueue`` has returned: the object, with the ``error`` if there was one. Standard input's end
ends the process.
"""

from __future__ import annotations

import dataclasses
import importlib
import json
import sys
import time
from typing import Any

from engine.project.lifeline import die_with_parent


@dataclasses.dataclass(slots=True, kw_only=True)
class Line:
    """The job that a line asks for."""

    key: int
    work_ms: float = 0.0
    is_cpu: bool = False
    payload_bytes: int = 0
    fails_first: bool = False
    delay_seconds: float = 0.0


def main() -> None:
    """Enqueue until there is nothing more to read."""
    die_with_parent()
    producer = importlib.import_module(sys.argv[1])
    producer.connect()
    for text in sys.stdin:
        line = Line(**json.loads(text))
        sys.stdout.write(json.dumps(_enqueued(producer, line)) + "\n")
        sys.stdout.flush()


def _enqueued(producer: Any, line: Line) -> dict[str, Any]:
    answer = dataclasses.asdict(line)
    try:
        producer.enqueue(line.key, time.monotonic_ns(), line)
    except Exception as error:  # noqa: BLE001 - whoever asked decides what it means
        answer["error"] = f"{type(error).__name__}: {error}"
    return answer


if __name__ == "__main__":
    main()
