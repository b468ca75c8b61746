"""Follows the bodies of tasks while they run, by reading what they write into the history."""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING

from reports.schema import Op

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Bodies:
    """The files ``body-*.ndjson`` of a run.

    Attributes:
        running: the task that each process has started and not ended, by pid.
        pids: every process that ever started one.
        tasks: every task that was ever started.
    """

    def __init__(self, history: Path) -> None:
        self._history = history
        self._offsets: dict[Path, int] = {}
        self._unreported: collections.deque[Op] = collections.deque()
        self.running: dict[int, str] = {}
        self.pids: set[int] = set()
        self.tasks: set[str] = set()

    def new_starts(self) -> Iterator[Op]:
        """Yield each start once, in each process's order."""
        self.catch_up()
        while self._unreported:
            yield self._unreported.popleft()

    def catch_up(self) -> None:
        """Read what was written, for ``running``; starts among it are kept for ``new_starts``."""
        for path in self._history.glob("body-*.ndjson"):
            for op in self._new_ops(path):
                if op.f == "attempt":
                    self._follow(op)

    def _follow(self, op: Op) -> None:
        pid = int(op.process.rpartition("-")[2])
        if op.type == "invoke" and op.task is not None:
            self.running[pid] = op.task
            self.pids.add(pid)
            self.tasks.add(op.task)
            self._unreported.append(op)
        else:
            self.running.pop(pid, None)

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
