"""The body of every task of a load test, whichever queue runs it.

It records its start and its end in the ledger, so that the harness needs no queue's word for what
ran. This module imports the standard library only.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Final

from engine.project.ledger import LEDGER, Kind, ledger

_MARKS: Final = "marks"


class PlannedError(Exception):
    """What a task raises that the workload has fail once."""


def work(key: int, intended_ns: int, work_ms: float, is_cpu: bool, fails_first: bool) -> None:
    """Do what a task does: wait or compute for ``work_ms``; raise the first time if asked to."""
    book = ledger()
    if book is not None:
        book.write(Kind.STARTED, key, intended_ns)
    if fails_first and _is_first_time(key):
        if book is not None:
            book.write(Kind.RAISED, key, intended_ns)
        raise PlannedError(f"task {key} fails once, as planned")
    _spend(work_ms / 1000, is_cpu)
    if book is not None:
        book.write(Kind.ENDED, key, intended_ns)


def _spend(seconds: float, is_cpu: bool) -> None:
    if not is_cpu:
        time.sleep(seconds)
        return
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


def _is_first_time(key: int) -> bool:
    """Tell whether nobody asked this about ``key`` before in this step, atomically."""
    folder = os.environ.get(LEDGER)
    if folder is None:
        return False
    marks = Path(folder) / _MARKS
    marks.mkdir(exist_ok=True)
    try:
        os.close(os.open(marks / str(key), os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True
