"""What of Django's tests our backend does not pass, and why that is right."""

from __future__ import annotations

from typing import Final

_IN_MEMORY: Final = "asks for the list of results that the dummy backend keeps in memory"
_ITS_CLASS: Final = "asks for a class of Django's own backends"
_SYNCHRONOUS: Final = "reads a result synchronously in a coroutine, where Django forbids queries"

DIFFERENCES: Final = {
    "DummyBackendTestCase.test_clear": _IN_MEMORY,
    "DummyBackendTestCase.test_enqueue_task": _IN_MEMORY,
    "DummyBackendTestCase.test_enqueue_task_async": _IN_MEMORY,
    "DummyBackendTestCase.test_get_missing_result": _SYNCHRONOUS,
    "DummyBackendTestCase.test_refresh_result": _IN_MEMORY,
    "DummyBackendTestCase.test_refresh_result_async": _IN_MEMORY,
    "DummyBackendTestCase.test_using_correct_backend": _ITS_CLASS,
    "ImmediateBackendTestCase.test_cannot_get_result": "expects no results; ours can be had",
    "ImmediateBackendTestCase.test_cannot_pass_run_after": "expects no run_after; ours can wait",
    "ImmediateBackendTestCase.test_cannot_refresh_result": "expects no results; ours can be had",
    "ImmediateBackendTestCase.test_throws_keyboard_interrupt": (
        "expects KeyboardInterrupt to reach the caller; a worker survives whatever a body raises"
    ),
    "ImmediateBackendTestCase.test_using_correct_backend": _ITS_CLASS,
    "TaskTestCase.test_enqueue_task": _IN_MEMORY,
    "TaskTestCase.test_enqueue_task_async": _IN_MEMORY,
    "TaskTestCase.test_get_backend": _ITS_CLASS,
    "TaskTestCase.test_get_missing_result": _SYNCHRONOUS,
    "TaskTestCase.test_refresh_result": _SYNCHRONOUS,
    "TaskTestCase.test_using_correct_backend": _ITS_CLASS,
}
