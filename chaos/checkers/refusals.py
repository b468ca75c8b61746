"""The calls that were told of a live duplicate: what more than one checker asks of them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaos.history import Enqueue, History, Row, Task
    from reports.schema import Op


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A call that returned and made no row, because of the one that it was told of."""

    task: Task
    enqueue: Enqueue
    answer: Op
    row: Row | None


def refusals(history: History) -> Iterator[Refusal]:
    """Yield the refusals; a row that neither the audit nor a body knows is None."""
    for task in history.tasks.values():
        for enqueue in task.enqueues:
            if enqueue.is_acknowledged and enqueue.is_duplicate and enqueue.end is not None:
                row = history.rows.get(enqueue.row)
                yield Refusal(task=task, enqueue=enqueue, answer=enqueue.end, row=row)


def tell(history: History, refusal: Refusal) -> str:
    """Say which call was refused, when, and because of which row."""
    call = refusal.enqueue.invoke
    return (
        f"{call.process} enqueued {refusal.task.key} from {history.at(call.time)} to"
        f" {history.at(refusal.answer.time)} and was told that row {refusal.enqueue.row} is its"
        " live duplicate"
    )
