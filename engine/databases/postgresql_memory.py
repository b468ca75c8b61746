"""Give back the System V memory of a PostgreSQL server that was killed: its guardian's farewell.

Run as a program: ``postgresql_memory.py DATA_FOLDER``. The server guards its data folder with a
few bytes of shared memory, which outlive it unless it is stopped or started again.
"""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path

_IPC_RMID = 0
_SHARED_MEMORY_LINE = 6


def main() -> None:
    """Remove the memory that the folder of the argument tells of, if it tells of any."""
    try:
        lines = (Path(sys.argv[1]) / "postmaster.pid").read_text().splitlines()
        identity = int(lines[_SHARED_MEMORY_LINE].split()[1])
    except (OSError, IndexError, ValueError):
        return
    if sys.platform == "linux":
        ctypes.CDLL(None).shmctl(identity, _IPC_RMID, None)


if __name__ == "__main__":
    main()
