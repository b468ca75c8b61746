"""The kills of a run, each with the evidence of where it landed."""

from __future__ import annotations

import dataclasses
import enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.page.timeline import Timeline
    from reports.schema import Op


class Landing(enum.StrEnum):
    """What a kill hit."""

    IN_BODY = "in-body"
    IDLE = "idle"
    UNSEEN = "unseen"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """A process was to be killed.

    Attributes:
        fault: who speaks for the fault that struck, such as ``fault-3``.
        time: when the process was seen dead, or given up.
    """

    fault: str
    pid: str
    target: str
    time: float
    landing: Landing


def find_kills(ops: Sequence[Op], timeline: Timeline) -> list[Kill]:
    """Pair each kill with its evidence; a kill without any is one that nobody saw land."""
    intended: dict[str, Op] = {}
    found = []
    for op in ops:
        if op.f != "kill":
            continue
        if op.type == "invoke":
            intended[op.process] = op
        else:
            found.append(_kill(intended.pop(op.process, op), op, timeline))
    found.extend(_kill(op, op, timeline) for op in intended.values())
    return sorted(found, key=lambda kill: kill.time)


def _kill(intent: Op, evidence: Op, timeline: Timeline) -> Kill:
    landing = Landing.UNSEEN
    if evidence.type == "ok":
        landing = Landing.IN_BODY if evidence.value.get("in_body") else Landing.IDLE
    return Kill(
        fault=intent.process.partition(".")[0],
        pid=str(evidence.value.get("pid", intent.value.get("pid"))),
        target=str(intent.value.get("target", "process")),
        time=timeline.seconds(evidence),
        landing=landing,
    )
