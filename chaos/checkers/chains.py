"""The chains of periodic tasks: the rows that were made one after the other for their slots."""

from __future__ import annotations

import collections
import dataclasses
from typing import TYPE_CHECKING

from chaos.rows import audit_order

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaos.history import History
    from chaos.rows import Row
    from reports.schema import Op


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One row of a chain.

    Attributes:
        created: the op of its creation.
        slot: the time of the rhythm that it was made for, in the database's seconds.
        gone: the op that took it out of the queue, if any.
    """

    row: Row
    created: Op
    slot: float
    gone: Op | None


def find_chains(history: History) -> Mapping[object, list[Link]]:
    """Return the links of every chain, in the order of their creation."""
    chains: dict[object, list[Link]] = collections.defaultdict(list)
    for row in history.rows.values():
        created = row.created
        if created is None or not (created.value.get("repeats") or created.value.get("slot_at")):
            continue
        # The first run of a rhythm is made for the time at which it is due.
        slot = created.value.get("slot_at") or created.value.get("run_at")
        name = created.value.get("task_hash") or row.task
        if slot is not None and name is not None:
            gone = row.first("deleted") or row.first("finish", "dead-letter")
            chains[name].append(Link(row=row, created=created, slot=float(slot), gone=gone))
    for links in chains.values():
        links.sort(key=lambda link: audit_order(link.created))
    return chains
