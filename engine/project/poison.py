"""Tasks that harm the process that runs them, or what its worker has to keep, every time they run.

None of them harms the machine: what they take is bounded, and what they start ends by itself.
"""

from __future__ import annotations

import ctypes
import os
import resource
import subprocess
import sys
import threading
import time
from typing import Any, Final, NoReturn

from background_task import background
from engine.project.recorder import is_first_time
from engine.project.tasks import effect, observed

MEMORY_BYTES: Final = 512 << 20
"""The address space in which an endless allocation ends."""

PIECE_BYTES: Final = 16 << 20
RESULT_CHARACTERS: Final = 3 << 20


class UnprintableError(Exception):
    """An error that raises when it is to be shown."""

    def __str__(self) -> NoReturn:
        raise RuntimeError("this error has no text")

    __repr__ = __str__


class _Unprintable:
    def __repr__(self) -> NoReturn:
        raise RuntimeError("this result has no text")


@background(schedule=0)
def exit_process(order: str, status: int) -> None:
    """Leave by ``os._exit``, past every handler: with 0 it looks like a success."""
    with observed(order, status):
        os._exit(status)


@background(schedule=0)
def read_nowhere(order: str) -> None:
    """Crash with a segmentation fault."""
    with observed(order):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        ctypes.string_at(0)


@background(schedule=0)
def loop_for_ever(order: str) -> None:
    """Never come back; gentle to the machine."""
    with observed(order):
        while True:
            time.sleep(0.001)


@background(schedule=0)
def hold_gil(order: str, seconds: float) -> None:
    """Sit in a C call that lets no other thread of the process run, and no signal handler."""
    with observed(order, seconds):
        until = time.monotonic() + seconds
        usleep = ctypes.PyDLL(None).usleep
        while (left := until - time.monotonic()) > 0:
            usleep(int(left * 1e6))
        effect(order)


@background(schedule=0)
def allocate_for_ever(order: str) -> None:
    """Take memory until there is no more, within bounds that this sets itself."""
    with observed(order):
        former = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, former[1]))
        try:
            taken = []
            while True:
                taken.append(bytearray(PIECE_BYTES))
        finally:
            resource.setrlimit(resource.RLIMIT_AS, former)


@background(schedule=0)
def need_memory(order: str, seconds: float) -> None:
    """Wait for ``seconds`` the first time, so that a fault can strike; then take some memory."""
    is_first = is_first_time(order)
    with observed(order, seconds):
        if is_first:
            time.sleep(seconds)
        bytearray(4 * PIECE_BYTES)
        effect(order)


@background(schedule=0)
def need_files(order: str, seconds: float) -> None:
    """Wait for ``seconds`` the first time, so that a fault can strike; then open some files."""
    is_first = is_first_time(order)
    with observed(order, seconds):
        if is_first:
            time.sleep(seconds)
        for descriptor in [os.open(os.devnull, os.O_RDONLY) for _ in range(3)]:
            os.close(descriptor)
        effect(order)


@background(schedule=0)
def return_no_json(order: str) -> Any:
    """Return what neither JSON nor pickle nor ``repr`` can write."""
    with observed(order):
        effect(order)
    return [_Unprintable(), threading.Lock()]


@background(schedule=0)
def return_too_much(order: str) -> str:
    """Return a result of megabytes."""
    with observed(order):
        effect(order)
    return "x" * RESULT_CHARACTERS


@background(schedule=0)
def raise_unprintable(order: str) -> None:
    """Raise an error whose ``str`` and ``repr`` raise errors."""
    with observed(order):
        raise UnprintableError


@background(schedule=0)
def recurse_for_ever(order: str) -> None:
    """Call itself until Python has enough of it."""

    def deeper(depth: int) -> int:
        return deeper(depth + 1) + 1

    with observed(order):
        deeper(0)


@background(schedule=0)
def leave_by_sys_exit(order: str) -> None:
    """Raise SystemExit, as programs do that were made into tasks."""
    with observed(order):
        sys.exit(3)


@background(schedule=0)
def interrupt_itself(order: str) -> None:
    """Raise what Ctrl-C raises."""
    with observed(order):
        raise KeyboardInterrupt


@background(schedule=0)
def leave_child_behind(order: str, seconds: float) -> None:
    """Start a process that holds nothing of the worker's, and die before it does."""
    with observed(order, seconds):
        nothing = subprocess.DEVNULL
        subprocess.Popen(["sleep", str(seconds)], stdin=nothing, stdout=nothing, stderr=nothing)
        os._exit(1)


@background(schedule=0)
def close_descriptors(order: str) -> None:
    """Close everything that is open, the worker's own things as well."""
    with observed(order):
        os.closerange(0, 1024)


@background(schedule=0)
def leave_thread_behind(order: str, seconds: float) -> None:
    """Return while a thread of it goes on."""
    with observed(order, seconds):
        threading.Thread(target=time.sleep, args=(seconds,), daemon=True).start()
        effect(order)
