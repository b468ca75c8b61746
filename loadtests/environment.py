"""What a run is stored with: versions, the machine, the commit."""

from __future__ import annotations

import importlib.metadata
import platform
from typing import TYPE_CHECKING, Any, Final

from engine.provenance import commit
from loadtests.probes.machine import machine_facts

if TYPE_CHECKING:
    from pathlib import Path

    from engine.databases import Database

_PACKAGES: Final = ("django", "killproof", "locust", "gevent", "hdrhistogram")


def environment(folder: Path) -> dict[str, Any]:
    """Return the facts of this environment; the disk's are measured in ``folder``."""
    versions = {name: importlib.metadata.version(name) for name in _PACKAGES}
    return {
        "python": platform.python_version(),
        **versions,
        **machine_facts(folder),
        "commit": commit(),
    }


def database_facts(database: Database) -> dict[str, Any]:
    """Return what is to be known of a database under load."""
    return {
        "name": database.name,
        "provider": database.provider,
        "version": database.version(),
        "durability": database.durability(),
    }
