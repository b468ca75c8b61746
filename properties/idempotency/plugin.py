"""The pytest plugin: the fixture ``assert_idempotent``. It costs nothing until it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from properties import idempotency

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def assert_idempotent(db: None) -> Callable[..., None]:
    """Assert that a task may be delivered again, with the test database at hand."""
    return idempotency.assert_idempotent
