"""The profiles of Hypothesis: dev on every save, ci on every push, nightly for the long run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import connection
from hypothesis import HealthCheck, settings

from background_task.enqueue import queue_database
from properties.durability import relax_durability
from properties.interleaving import Sessions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django import DjangoDbBlocker

    from background_task.databases import QueueDatabase

# Where the variable CI is set, Hypothesis derandomizes what does not say otherwise.
_COMMON = settings(
    # The machine is shared, so no example may fail for being slow.
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    print_blob=True,
)

settings.register_profile("dev", parent=_COMMON, max_examples=30, stateful_step_count=25)
settings.register_profile(
    "ci",
    parent=_COMMON,
    max_examples=120,
    stateful_step_count=40,
    derandomize=True,
    database=None,
)
settings.register_profile(
    "nightly",
    parent=_COMMON,
    max_examples=3000,
    stateful_step_count=80,
    derandomize=False,
)
settings.load_profile("dev")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Prepare the test database, and do not wait for its disk."""
    with django_db_blocker.unblock():
        relax_durability(connection)
        connection.close()


@pytest.fixture
def database(transactional_db: None) -> QueueDatabase:
    """The queue's database, with empty tables, and commits that are real."""
    return queue_database()


@pytest.fixture
def sessions(database: QueueDatabase) -> Iterator[Sessions]:
    """Sessions with connections of their own, which many schedules share."""
    with Sessions(database.alias) as opened:
        yield opened
