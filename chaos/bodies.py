"""Follows the bodies of tasks while they run, by reading what they write into the history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.schema import Op

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Bodies:
    """The files ``body-*.ndjson`` of a run.

    Attributes:
        running: the task that each process has started and not ended, by pid.
    """

    def __init__(self, history: Path) -> None:
        self._history = history
        self._offsets: dict[Path, int] = {}
        self.running: dict[int, str] = {}

    def new_starts(self) -> Iterator[Op]:
        """Yield the starts written since the last call, in each process's order."""
        for path in self._history.glob("body-*.ndjson"):
            for op in self._new_ops(path):
                if op.f != "attempt":
                    continue
                pid = int(op.process.rpartition("-")[2])
                if op.type == "invoke" and op.task is not None:
                    self.running[pid] = op.task
                    yield op
                else:
                    self.running.pop(pid, None)

    def catch_up(self) -> None:
        """Read what was written, for ``running``; starts among it are not reported again."""
        for _ in self.new_starts():
            pass

    def _new_ops(self, path: Path) -> Iterator[Op]:
        offset = self._offsets.get(path, 0)
        with path.open("rb") as file:
            file.seek(offset)
            text = file.read()
        complete = text.rpartition(b"\n")[0]
        if complete:
            self._offsets[path] = offset + len(complete) + 1
            for line in complete.decode().split("\n"):
                yield Op.from_json(line)
