"""The control subject is caught in the interleaving layer: by each of its known bugs."""

from __future__ import annotations

import os
from pathlib import Path

from engine.databases import open_database
from properties.control.environment import hunted
from properties.zoo.catches import store

DATABASE = os.environ.get("KILLPROOF_TEST_DATABASE", "sqlite")
FOLDER = Path(os.environ.get("KILLPROOF_ZOO", "reports/zoo"))


def test_every_known_bug_of_the_control_is_named(tmp_path: Path) -> None:
    """And where it is right, nothing is."""
    database = open_database(DATABASE, tmp_path)
    database.start()
    try:
        found = hunted(database)
    finally:
        database.stop()
    for row in found:
        store(FOLDER, row)

    assert any(row.wanted for row in found)
    assert [f"{row.named} instead of {row.wanted}" for row in found if not row.is_right] == []
