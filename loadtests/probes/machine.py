"""Facts of the machine that a run's figures depend on."""

from __future__ import annotations

import os
import platform
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

_FLUSHES = 50
_BLOCK = bytes(8192)


def machine_facts(folder: Path) -> dict[str, Any]:
    """Tell what is known of the machine and of a folder's disk; what the system hides is None."""
    return {
        "cpu_model": cpu_model(),
        "cpus": os.cpu_count() or 1,
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "kernel": f"{platform.system()} {platform.release()}",
        "platform": platform.platform(),
        "filesystem": filesystem(folder),
        "fsync_us_p50": fsync_us_p50(folder),
    }


def cpu_model() -> str | None:
    """Read the processor's name."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return next(iter(names), platform.processor() or None)


def filesystem(folder: Path) -> str | None:
    """Read the type of the filesystem that a folder is on."""
    path = Path("/proc/self/mountinfo")
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []
    home = folder.resolve()
    found: tuple[int, str | None] = (-1, None)
    for line in lines:
        before, _, after = line.partition(" - ")
        point = Path(before.split()[4].replace("\\040", " "))
        # Of two on one folder, the later one is in effect.
        if home.is_relative_to(point) and len(point.parts) >= found[0]:
            found = (len(point.parts), after.split()[0])
    return found[1]


def fsync_us_p50(folder: Path) -> float:
    """Append 8 kB and flush it, 50 times, in a file that is gone afterwards."""
    flush = getattr(os, "fdatasync", os.fsync)
    times = []
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        for _ in range(_FLUSHES):
            begun = time.perf_counter_ns()
            file.write(_BLOCK)
            flush(file.fileno())
            times.append(time.perf_counter_ns() - begun)
    return round(statistics.median(times) / 1000, 1)
