"""The profiles of Hypothesis: dev on every save, ci on every push, nightly for the long run."""

from __future__ import annotations


import pytest
from background_task.databases import QueueDatabase
from background_task.enqueue import queue_database
from hypothesis import HealthCheck, settings

_COMMON = {
    # The machine is shared, so no example may fail for being slow.
    "deadline": None,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    "print_blob": True,
}

settings.register_profile("dev", max_examples=30, stateful_step_count=25, **_COMMON)
settings.register_profile(
    "ci", max_examples=120, stateful_step_count=40, derandomize=True, database=None, **_COMMON
)
settings.register_profile("nightly", max_examples=3000, stateful_step_count=80, **_COMMON)
settings.load_profile("dev")


@pytest.fixture
def database(transactional_db: None) -> QueueDatabase:
    """The queue's database, with empty tables, and commits that are real."""
    return queue_database()
