"""gaps: what a history should hold and does not, by what it says itself and by what was planned.

A word that a history never uses claims nothing: a short one, written by hand, has no gaps.
"""

from __future__ import annotations

import collections
import dataclasses
import math
from typing import TYPE_CHECKING, Any, Final, Self

from chaos.deaths import trailing_pid

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from chaos.history import History
    from chaos.plan import Plan
    from reports.schema import Op

PHASES: Final = ("setup", "steady", "chaos", "heal", "drain", "quiesce", "final-read")
COUNTED: Final = {
    "created": "created",
    "finished": "finish",
    "dead_lettered": "dead-letter",
    "deleted": "deleted",
}
"""What a census counts, and the audit's word for it."""

TABLES: Final = ("live", "completed", "failed")
AUDIT_WORDS: Final = frozenset({*COUNTED.values(), "claim", "heartbeat", "release", "changed"})


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Intention:
    """What a run set out to do.

    Attributes:
        calls: the key of each call that was planned.
        faults: the name of the fault of each strike that was planned.
        omitted: the parts of the plan that it should have and has not.
    """

    calls: Sequence[str] = ()
    faults: Sequence[str] = ()
    omitted: Sequence[str] = ()

    @classmethod
    def of(cls, plan: Plan) -> Self:
        """Return what a plan sets out to do."""
        return cls(
            calls=[call.key for call in plan.calls],
            faults=[strike.fault for strike in plan.strikes],
        )

    @classmethod
    def from_json(cls, plan: Mapping[str, Any]) -> Self:
        """Read as much of a stored plan; those of before plans had strikes had kills.

        Raises TypeError or KeyError if its calls or strikes are none.
        """
        parts = ("calls",) if "kills" in plan else ("calls", "strikes", "exercises")
        return cls(
            calls=[str(call["key"]) for call in plan.get("calls", ())],
            faults=[str(strike["fault"]) for strike in plan.get("strikes", ())],
            omitted=[part for part in parts if part not in plan],
        )


def gaps(history: History) -> Iterator[str]:
    """Name what is missing by what the history says itself."""
    audit = [op for op in history.ops if op.process == "audit"]
    finals = sum(op.f == "row" and op.process == "final-read" for op in history.ops)
    census = next((op for op in reversed(history.ops) if op.f == "census"), None)
    # Without a final read nobody has read the audit either, and that says it all.
    if history.final is not None:
        if census is not None:
            yield from _uncounted(census, audit, finals)
        yield from _unread(history.final, audit, finals)
        yield from _unanswered(history, history.final)
    if unordered := sum(type(op.value.get("sequence")) is not int for op in audit):
        yield f"{unordered} ops of the audit have no place in its sequence"
    for word in sorted({op.f for op in audit} - AUDIT_WORDS):
        yield f"the audit has the word {word!r}, which docs/history.md does not know"
    yield from _unhealed(history)


def unmet(history: History, intended: Intention) -> Iterator[str]:
    """Name what was planned and did not come about."""
    if intended.omitted:
        yield f"the plan does not name its {', its '.join(intended.omitted)}"
    called = (str(op.task) for op in history.ops if op.f == "enqueue" and op.type == "invoke")
    uncalled = collections.Counter(intended.calls) - collections.Counter(called)
    if uncalled:
        yield f"{uncalled.total()} planned calls were never made, {next(iter(uncalled))} first"
    begun = collections.Counter(
        op.f for op in history.faults if op.type == "invoke" and "." not in op.process
    )
    for fault, count in sorted((collections.Counter(intended.faults) - begun).items()):
        yield f"{count} planned strikes of the fault {fault} were never begun"
    if intended.faults:
        yield from _untold(history)


def _uncounted(census: Op, audit: Sequence[Op], finals: int) -> Iterator[str]:
    told = collections.Counter(op.f for op in audit)
    for name, word in COUNTED.items():
        counted = census.value.get(name)
        if counted is not None and told[word] < counted:
            yield f"the last census counted {counted} {name}, and the audit tells of {told[word]}"
    rows = sum(int(census.value.get(table) or 0) for table in TABLES)
    if finals < rows:
        yield f"the last census counted {rows} rows, and the final read tells of {finals}"


def _unread(final: Op, audit: Sequence[Op], finals: int) -> Iterator[str]:
    for name, there, what in (("rows", finals, "rows"), ("audited", len(audit), "audit ops")):
        due = final.value.get(name)
        if due is not None and there != due:
            yield f"the final read wrote {due} {what}, and the history has {there}"


def _unanswered(history: History, final: Op) -> Iterator[str]:
    """Count the calls without an end, if all producers came to theirs.

    A task that enqueues is cut off with its worker's process, whose death is told.
    """
    if not final.value.get("produced"):
        return
    made: collections.Counter[tuple[str, str | None]] = collections.Counter()
    for op in history.ops:
        if op.f == "enqueue" and trailing_pid(op.process) not in history.deaths:
            made[op.process, op.task] += 1 if op.type == "invoke" else -1
    if (missing := (+made).total()) > 0:
        yield f"{missing} calls have no end, although their producers came to theirs"


def _unhealed(history: History) -> Iterator[str]:
    killed = {
        (kill.invoke.process.partition(".")[0], kill.pid) for kill in history.kills if kill.landed
    }
    drained_from = next((op.time for op in history.phases if _name(op) == "drain"), math.inf)
    for window in history.windows:
        fault = f"the fault {window.fault} at {history.at(window.opened.time)}"
        if window.opened.time > drained_from:
            yield f"{fault} began after the time for faults"
        if window.landed is None:
            continue
        if window.closed == math.inf:
            yield f"{fault} was never seen to be healed"
        if window.disturbs == "processes" and not window.pids:
            yield f"{fault} does not say which processes it struck"
        if window.fault == "sigkill":
            for pid in sorted(window.pids):
                if (window.opened.process, pid) not in killed:
                    yield f"{fault} struck process {pid}, of whose kill nothing is told"


def _untold(history: History) -> Iterator[str]:
    told = {_name(op) for op in history.phases}
    if untold := [phase for phase in PHASES if phase not in told]:
        yield f"nothing is told of the phases {', '.join(untold)}"
    spawned, ended = (
        collections.Counter(op.value.get("pid") for op in history.ops if op.f == word)
        for word in ("spawn", "exit")
    )
    if not spawned:
        yield "no worker was started"
    if endless := spawned - ended:
        yield f"nothing is told of how {endless.total()} of {spawned.total()} workers ended"


def _name(phase: Op) -> Any:
    return phase.value.get("name")
