"""Children seen from the supervisor: how their ends are told.

A fork belongs into a process without threads, so the rest is tested in test_process_tasks.
"""

from __future__ import annotations

import pytest

from background_task.worker.children import exit_text


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (0, "exited with status 0"),
        (3, "exited with status 3"),
        (-9, "was killed by SIGKILL"),
        (-11, "was killed by SIGSEGV"),
        (-250, "was killed by signal 250"),
    ],
)
def test_the_end_of_a_process_is_told_in_words(code: int, text: str) -> None:
    """A signal has its name, if it has one."""
    assert exit_text(code) == text
