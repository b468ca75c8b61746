"""The brokers under test, one started broker of each kind for the tests of a module."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.brokers import NAMES, Broker
from engine.brokers.tests.asking import broker_or_skip

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module", params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    """Give the name of a broker under test."""
    return str(request.param)


@pytest.fixture(scope="module")
def broker(name: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """Give a running broker, which the tests of a module share."""
    with broker_or_skip(name, tmp_path_factory.mktemp(name)) as running:
        yield running
