"""The facts of the machine."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from loadtests.probes import machine_facts

if TYPE_CHECKING:
    from pathlib import Path


def test_the_facts_of_the_manifest_are_told(tmp_path: Path) -> None:
    """All that LoadManifest names of the machine, as JSON, and nothing is left in the folder."""
    facts = machine_facts(tmp_path)

    assert facts.keys() == {
        "cpu_model",
        "cpus",
        "memory_bytes",
        "kernel",
        "platform",
        "filesystem",
        "fsync_us_p50",
    }
    assert json.loads(json.dumps(facts)) == facts
    assert facts["cpus"] >= 1
    assert facts["memory_bytes"] > 2**20
    assert facts["fsync_us_p50"] > 0
    assert list(tmp_path.iterdir()) == []
