"""Django's test cases, each made one of our backend."""

from __future__ import annotations

import importlib
import unittest
from typing import TYPE_CHECKING, Any

from django.test import TransactionTestCase, override_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

_BACKEND = "background_task.backend.DatabaseBackend"
_DRAINING = "engine.django_suite.draining.DrainingBackend"
_CASES = {
    "test_tasks.TaskTestCase": _BACKEND,
    "test_dummy_backend.DummyBackendTestCase": _BACKEND,
    "test_immediate_backend.ImmediateBackendTestCase": _DRAINING,
}
_OF_THEIR_OWN_BACKEND = ("test_validate_on_enqueue", "test_validate_on_aenqueue")
"""These name a backend of Django's within the test, as do all cases but those above."""


def tests() -> Iterator[tuple[str, unittest.TestSuite]]:
    """Yield every test with its name; the package ``tasks`` must be importable."""
    for path, backend in _CASES.items():
        module, name = path.split(".")
        case = _case(getattr(importlib.import_module(f"tasks.{module}"), name), backend)
        for method in unittest.defaultTestLoader.getTestCaseNames(case):
            if method not in _OF_THEIR_OWN_BACKEND:
                yield f"{name}.{method}", unittest.TestSuite([case(method)])


def _case(theirs: Any, backend: str) -> Any:
    # Theirs keep results in memory; ours need the database, which is emptied after each test.
    ours = type(theirs.__name__, (theirs, TransactionTestCase), {"setUp": lambda _: None})
    backends = theirs._overridden_settings["TASKS"]  # noqa: SLF001 - what they say themselves
    default = {**backends["default"], "BACKEND": backend}
    return override_settings(TASKS={**backends, "default": default})(ours)
