"""What the engine's tests share: the queue's database, a worker's terms, and real workers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from background_task.enqueue import queue_database
from background_task.terms import Terms
from engine.tests.workers import Workers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from background_task.databases import QueueDatabase
    from engine.tests.gates import Gates


@pytest.fixture
def database(transactional_db: None) -> QueueDatabase:
    """The queue's database, with empty tables, and commits that are real."""
    return queue_database()


@pytest.fixture
def terms() -> Terms:
    """The conditions under which a worker of the tests claims."""
    return Terms(owner="host:1", lease_seconds=60.0, max_attempts=3, timeout_seconds=30.0)


@pytest.fixture
def workers(database: QueueDatabase, tmp_path: Path) -> Iterator[Workers]:
    """Start real workers on the test database; they are gone at the end of the test."""
    started = Workers(tmp_path)
    yield started
    started.end()


@pytest.fixture
def gates(tmp_path: Path) -> Gates:
    """The folder of this test's tasks."""
    # This file is read before Django is set up, and the tasks import models.
    from engine.tests.gates import Gates

    return Gates(tmp_path)
