"""A pidfile that cannot be stale: what counts is a lock that the kernel drops with its holder."""

from __future__ import annotations

import contextlib
import fcntl
import os
from typing import TYPE_CHECKING

from background_task.exceptions import PidfileInUseError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextlib.contextmanager
def pidfile(path: Path | None) -> Iterator[None]:
    """Hold ``path`` with this process's pid inside the block, and remove it afterwards.

    A file that a dead process left behind is taken over.

    Raises:
        PidfileInUseError: a living process holds it.
        OSError: the file cannot be written.
    """
    if path is None:
        yield
        return
    descriptor = _open_locked(path)
    try:
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
    finally:
        os.close(descriptor)


def _open_locked(path: Path) -> int:
    """Return a locked descriptor of the file that has this name."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            _lock(descriptor, path)
            # Its last holder may have removed the file between the two steps.
            if _has_name(descriptor, path):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _has_name(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _lock(descriptor: int, path: Path) -> None:
    # A lock of the process and not of the descriptor: forked children do not inherit it.
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
        raise PidfileInUseError(str(path), holder) from None
