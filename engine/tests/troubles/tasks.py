"""Tasks that wait, fail, exit or die when a test says so. What they did is read from files."""

from __future__ import annotations

import math
import multiprocessing
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from background_task import background, current_task

_LONGEST_SECONDS = 60.0


class UnprintableError(Exception):
    """An error that cannot even be shown."""

    def __str__(self) -> str:
        raise ValueError("no text for you")


@background
def note(folder: str, key: str) -> str:
    """Write that it ran, and with which attempt."""
    task = current_task()
    with Path(folder, f"{key}.ran").open("a") as file:
        file.write(f"{task.attempt if task else 0}\n")
    return key


@background
def pass_gate(folder: str, key: str) -> str:
    """Note that it ran, then wait until the gate of ``key`` is open."""
    return _pass_gate(folder, key)


@background(timeout=_LONGEST_SECONDS)
def pass_gate_patiently(folder: str, key: str) -> str:
    """Do the same, with more time than a worker of the tests gives."""
    return _pass_gate(folder, key)


@background(timeout=0.2)
def pass_gate_hastily(folder: str, key: str) -> str:
    """Do the same, with less time than a worker of the tests gives."""
    return _pass_gate(folder, key)


@background
def die_first(folder: str, key: str) -> None:
    """Kill its process at the first attempt, and note that it ran at each."""
    note.now(folder, key)
    task = current_task()
    if task is None or task.attempt == 1:
        os.kill(os.getpid(), signal.SIGKILL)


@background
def close_everything(folder: str, key: str) -> None:
    """Close every descriptor at the first attempt, and stay; note that it ran at each."""
    note.now(folder, key)
    task = current_task()
    if task is None or task.attempt == 1:
        os.closerange(3, 256)
        time.sleep(_LONGEST_SECONDS)


@background
def terminate_a_process() -> int | None:
    """Start a process as ``multiprocessing`` does, terminate it, and return its exit code."""
    process = multiprocessing.get_context("fork").Process(target=time.sleep, args=[60.0])
    process.start()
    process.terminate()
    process.join()
    return process.exitcode


@background
def raise_error(message: str) -> None:
    """Raise."""
    raise RuntimeError(message)


@background
def raise_unprintable() -> None:
    """Raise an error whose text cannot be had."""
    raise UnprintableError


@background
def exit_politely() -> None:
    """Ask the interpreter to exit."""
    sys.exit("enough")


@background
def exit_at_once(status: int) -> None:
    """Leave without any farewell."""
    os._exit(status)


@background
def die_at_once() -> None:
    """Kill its own process."""
    os.kill(os.getpid(), signal.SIGKILL)


@background
def describe(kind: str) -> Any:
    """Return what JSON has no word for."""
    results: dict[str, Any] = {
        "object": Path("invoice.pdf"),
        "tuple keys": {(1, 2): "three"},
        "long": "x" * 2_000_000,
        "nothing": None,
        "not a number": {"share": math.nan},
        "infinity": [-math.inf],
    }
    results["circle"] = [results]
    return results[kind]


@background
def measure(text: str) -> int:
    """Return the length of its argument."""
    return len(text)


def _pass_gate(folder: str, key: str) -> str:
    note.now(folder, key)
    deadline = time.monotonic() + _LONGEST_SECONDS
    while not Path(folder, f"{key}.open").exists():
        if time.monotonic() > deadline:
            raise TimeoutError(f"nobody opened {key}")
        time.sleep(0.005)
    return key
