"""Ties a process to the one that started it, so that none is left behind."""

import ctypes
import os
import signal
import sys
from typing import Final

PARENT: Final = "KILLPROOF_PARENT"
"""The environment variable with the pid of the process to die with."""

_PR_SET_PDEATHSIG: Final = 1


def die_with_parent(number: signal.Signals = signal.SIGKILL) -> None:
    """Have the kernel send this process a signal when its parent dies, where it can (Linux).

    Does nothing unless the environment names the parent.
    """
    parent = os.environ.get(PARENT)
    if parent is None or sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, number)
    if os.getppid() != int(parent):
        sys.exit("the process that started this one is gone")
