"""The benchmark of the checkers: what it measures is a legal history that tests them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from chaos.benchmarks.checkers import measure, table_of
from chaos.benchmarks.story import write_story

if TYPE_CHECKING:
    from pathlib import Path

EXERCISED = ("lost", "unjustified-redelivery", "overlap", "double-claim", "corruption", "stale-key")


def test_the_long_history_is_legal_and_exercises_the_checkers(tmp_path: Path) -> None:
    """So its figures are those of a healthy run, with retries, deaths and duplicates."""
    written = write_story(tmp_path, 3_000)
    assert 3_000 <= written <= 3_100
    told = measure(tmp_path, 1)
    assert {name: one["found"] for name, one in told["findings"].items() if one["found"]} == {}
    assert all(told["findings"][name]["exercised"] for name in EXERCISED)
    assert told["seconds"].keys() >= {"reading", "building", "counts", *EXERCISED}
    document = {"events": written, "file_megabytes": 1.0, "python": "3", **told}
    assert table_of(json.loads(json.dumps(document))).row_count == len(told["seconds"]) + 1
