"""The databases under test: those that the environment variable KILLPROOF_DATABASES names.

One that was asked for and cannot be had fails its tests: nothing is ever skipped.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from engine.databases import Database, open_database

if TYPE_CHECKING:
    from collections.abc import Iterator


def asked_for() -> list[str]:
    """Read which databases to test."""
    names = os.environ.get("KILLPROOF_DATABASES") or "sqlite,postgresql"
    return [name.strip() for name in names.split(",")]


@pytest.fixture(scope="module", params=asked_for())
def name(request: pytest.FixtureRequest) -> str:
    """Give the name of a database under test."""
    return str(request.param)


@pytest.fixture(scope="module")
def database(name: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """Give a running database, which the tests of a module share."""
    with open_database(name, tmp_path_factory.mktemp(name)) as running:
        yield running
