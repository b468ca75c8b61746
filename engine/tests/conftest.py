"""What the engine's tests share: the queue's database, and a worker to claim with."""

from __future__ import annotations

import pytest
from background_task.claims import Terms
from background_task.databases import QueueDatabase
from background_task.enqueue import queue_database


@pytest.fixture
def database(transactional_db: None) -> QueueDatabase:
    """The queue's database, with empty tables, and commits that are real."""
    return queue_database()


@pytest.fixture
def terms() -> Terms:
    """The conditions under which a worker of the tests claims."""
    return Terms(owner="host:1", lease_seconds=60.0, max_attempts=3, timeout_seconds=30.0)
