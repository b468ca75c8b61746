"""Tasks whose bodies say nothing: those of a user's own that record nothing cannot be judged.

The harness's own tasks have plain names and always record; a user's are named by dotted paths.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from chaos.history import History, Task


def silent_kinds(history: History) -> AbstractSet[str]:
    """Return the dotted paths of tasks some of which are completed, and none had an effect."""
    completed: set[str] = set()
    heard: set[str] = set()
    for task in history.tasks.values():
        if any(op.value.get("state") == "completed" for op in task.finals):
            completed |= kinds_of(task)
        if task.effects:
            heard |= kinds_of(task)
    return {kind for kind in completed - heard if "." in kind}


def kinds_of(task: Task) -> set[str]:
    """Return which functions producers called under the task's key."""
    kinds = (enqueue.invoke.value.get("kind") for enqueue in task.enqueues)
    return {kind for kind in kinds if isinstance(kind, str)}
