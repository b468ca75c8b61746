"""Finds out whether a contender's processes work, by having each of them run a task.

It is the same for every contender: tasks that take a moment are enqueued through the contender's
producer, a few at a time, until the ledger has the pids of as many processes as were asked for and
the queue holds none of them any more. Then the ledger is emptied, so that a step begins blank. A
log line or a look at the process tree would say that a process lives, not that it gets tasks.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
from typing import TYPE_CHECKING, Any, Final, Self

from engine.contenders.contender import ContenderError
from engine.project.ledger import Kind, Record, read_ledger

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from engine.contenders.contender import Contender, Site

FIRST_KEY: Final = 2**60
"""Keys of a roll call begin here, beyond those of any load."""

WORK_MS: Final = 50.0
"""Long enough for another process to come by meanwhile."""

WAITING_PER_PROCESS: Final = 3
_ANSWER_SECONDS: Final = 30.0
_END_SECONDS: Final = 5.0


class RollCallError(ContenderError):
    """The roll call itself failed: one sentence."""


class RollCall:
    """A producer at work, and what the ledger says of its tasks."""

    def __init__(
        self, contender: Contender, site: Site, environment: Mapping[str, str], logs: Path
    ) -> None:
        self._contender = contender
        self._site = site
        self._sent = 0
        self._held_before = contender.held(site)  # a knob may have filled the queue
        command = [str(contender.python()), "-m", "engine.contenders.producers"]
        self._log = logs / "roll-call.log"
        with self._log.open("ab") as log:
            self._producer = subprocess.Popen(
                [*command, contender.producer],
                env=dict(environment),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._producer.communicate(timeout=_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._producer.kill()
            self._producer.communicate()

    def is_complete(self) -> bool:
        """Tell whether every process has answered; if so, the ledger is empty again.

        Enqueues some more if too few wait for the processes that have not answered.

        Raises:
            RollCallError: the producer could not enqueue.
        """
        ended = self._ended()
        if len({record.pid for record in ended}) < self._site.processes:
            while self._sent - len(ended) < WAITING_PER_PROCESS * self._site.processes:
                self._enqueue()
            return False
        if len(ended) < self._sent or self._contender.held(self._site) > self._held_before:
            return False
        self._empty_ledger()
        return True

    def shortfall(self) -> str:
        """Say how many have answered."""
        answered = len({record.pid for record in self._ended()})
        return (
            f"{answered} of {self._site.processes} processes of {self._contender.name} ran one of "
            f"{self._sent} tasks"
        )

    def _ended(self) -> list[Record]:
        records = read_ledger(self._site.ledger)
        return [each for each in records if each.kind == Kind.ENDED and each.key >= FIRST_KEY]

    def _enqueue(self) -> None:
        answer = self._ask({"key": FIRST_KEY + self._sent, "work_ms": WORK_MS})
        if "error" in answer:
            raise RollCallError(f"{self._contender.name} did not take a task: {answer['error']}")
        self._sent += 1

    def _ask(self, line: dict[str, Any]) -> dict[str, Any]:
        questions, answers = self._producer.stdin, self._producer.stdout
        assert questions is not None  # noqa: S101 - a pipe, as asked for
        assert answers is not None  # noqa: S101 - likewise
        with contextlib.suppress(BrokenPipeError):
            questions.write(json.dumps(line) + "\n")
            questions.flush()
        poll = select.poll()
        poll.register(answers, select.POLLIN)
        if not poll.poll(_ANSWER_SECONDS * 1000):
            raise RollCallError(
                f"{self._contender.name} did not take a task within {_ANSWER_SECONDS:.0f} seconds"
            )
        answer = answers.readline()
        if not answer:
            raise RollCallError(f"the producer of {self._contender.name} ended: {self._said()}")
        result: dict[str, Any] = json.loads(answer)
        return result

    def _said(self) -> str:
        lines = self._log.read_text(errors="replace").strip().splitlines()
        return (lines or ["it said nothing"])[-1]

    def _empty_ledger(self) -> None:
        """Empty the files in place: their writers append, and go on at their beginning."""
        for path in self._site.ledger.glob("*.ledger"):
            os.truncate(path, 0)
