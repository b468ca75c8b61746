"""All ops of a run, and the questions that one can ask of them: slow, obvious, one at a time.

Shares no code with the checkers, so that a mistake of theirs is not repeated here.
"""

from __future__ import annotations

import dataclasses
import math
import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from reports.schema import Op

MS: Final = 10**6
TICK: Final = 0.001
ENDED: Final = ("release", "finish", "dead-letter")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Body:
    """One start of a body; ``gone`` is the earliest time at which it may have been over."""

    op: Op
    row: Any
    pid: int
    start: int
    end: float
    gone: float
    outcome: str


class World:
    """All ops of a run, and the questions one can ask of them."""

    def __init__(self, ops: list[Op]) -> None:
        self.ops = sorted(ops, key=lambda op: (op.time, op.process))
        self.keys = {op.task for op in ops if op.task is not None}
        finals = [op for op in self.ops if op.f == "final-read"]
        self.final = finals[-1] if finals else None

    def of(self, key: str, f: str) -> list[Op]:
        """Ask for a task's ops of one word."""
        return [op for op in self.ops if op.task == key and op.f == f]

    def rows(self, key: str) -> set[Any]:
        """Ask for the live rows that a task had."""
        return {
            op.value["row"]
            for op in self.ops
            if op.task == key and op.process != "final-read" and op.value.get("row") is not None
        }

    def loose(self, key: str) -> list[Op]:
        """Ask for audit ops that may mean any of several rows."""
        if len(self.rows(key)) == 1:
            return []
        return [op for op in self.audit_of_task(key) if op.value.get("row") is None]

    def audit_of_task(self, key: str) -> list[Op]:
        """Ask for a task's audit."""
        audit = [op for op in self.ops if op.task == key and op.process == "audit"]
        return sorted(audit, key=lambda op: op.value["sequence"])

    def audit(self, key: str, row: Any) -> list[Op]:
        """Ask for a row's audit."""
        rows = [row, None] if len(self.rows(key)) == 1 else [row]
        return [op for op in self.audit_of_task(key) if op.value.get("row") in rows]

    def calls(self, key: str) -> list[tuple[Op, Op | None]]:
        """Ask for the enqueues, each with the end that somebody knows."""
        calls: list[tuple[Op, Op | None]] = []
        for op in self.of(key, "enqueue"):
            if op.type == "invoke":
                later = [
                    end
                    for end in self.of(key, "enqueue")
                    if end.process == op.process and end.time >= op.time and end.type != "invoke"
                ]
                calls.append((op, later[0] if later and later[0].type != "info" else None))
        return calls

    def acknowledged(self, key: str) -> set[Any]:
        """Ask for the rows that were promised; None for a promise without a row."""
        return {
            end.value.get("row")
            for _, end in self.calls(key)
            if end is not None and end.type == "ok"
        }

    def may_make(self, key: str) -> list[tuple[Op, Op | None]]:
        """Ask for the enqueues that may have made a row."""
        return [
            (call, end)
            for call, end in self.calls(key)
            if end is None or (end.type == "ok" and not end.value.get("duplicate"))
        ]

    def last_word(self, pid: int | None) -> int | None:
        """Ask when a body's process spoke last."""
        words = [op.time for op in self.ops if op.process == f"body-{pid}"]
        return max(words, default=None)

    def death(self, pid: int | None) -> tuple[float, float] | None:
        """Ask between which times a process died, if it did."""
        sent, seen = [], []
        for op in self.ops:
            if op.f == "kill" and op.type == "invoke" and op.value["pid"] == pid:
                sent.append(op.time)
                ends = [o for o in self.ops if o.process == op.process and o.type == "ok"]
                seen += [o.time for o in ends if o.f == "kill"]
        for op in self.ops:
            if op.f in ("exit", "death") and op.value["pid"] == pid:
                is_abrupt = op.f == "death" or op.value["status"] != 0
                word = self.last_word(pid) if is_abrupt and not sent else None
                sent.append(op.time if word is None else min(word, op.time))
                seen.append(op.time)
        return (min(sent), min(seen, default=math.inf)) if sent else None

    def closes(self, pid: int | None, start: float, end: float) -> list[float]:
        """Ask when the faults ended that held a process up from ``start`` to ``end``."""
        found = []
        for name in {op.process for op in self.ops if re.fullmatch(r"fault-[^.]+", op.process)}:
            first, *others = [op for op in self.ops if op.process == name]
            landed = [op for op in (first, *others) if op.type == "ok" and op.f != "heal"]
            pids = landed[0].value.get("pids", ()) if landed else ()
            disturbs = "nothing" if first.f == "kill" else first.value.get("disturbs")
            healed = [op.time for op in others if op.f == "heal" and op.type != "invoke"]
            closed = max(healed, default=math.inf)
            is_meant = disturbs == "database" or (disturbs == "processes" and pid in pids)
            if is_meant and first.time <= end and closed >= start:
                found.append(closed)
        return found

    def bodies(self, key: str) -> list[Body]:
        """Ask for the starts of a task's body."""
        return [self._body(key, op) for op in self.of(key, "attempt") if op.type == "invoke"]

    def _body(self, key: str, op: Op) -> Body:
        pid = op.value["pid"]
        later = [o for o in self.of(key, "attempt") if o.process == op.process and o is not op]
        ends = [o for o in later if o.time >= op.time and o.type in ("ok", "fail")]
        death = self.death(pid)
        end, gone, outcome = math.inf, math.inf, "open"
        if ends:
            end = gone = ends[0].time
            outcome = ends[0].type
        elif death is not None and math.isfinite(death[1]) and death[1] >= op.time:
            gone, end, outcome = death[0], death[1], "killed"
        row = op.value.get("row")
        if row is None and len(self.rows(key)) == 1 and len(self.may_make(key)) <= 1:
            (row,) = self.rows(key)
        return Body(op=op, row=row, pid=pid, start=op.time, end=end, gone=gone, outcome=outcome)

    def starts(self, key: str, row: Any) -> list[Body]:
        """Ask for the starts of a row's body."""
        return [body for body in self.bodies(key) if body.row == row]

    def effects(self, key: str) -> list[tuple[Op, Body | None]]:
        """Ask for a task's effects, each with the body that had it."""
        bodies = self.bodies(key)
        pairs = []
        for op in self.of(key, "effect"):
            own = [b for b in bodies if b.op.process == op.process and b.start <= op.time]
            pairs.append((op, own[-1] if own else None))
        return pairs

    def finals(self, key: str, row: Any) -> list[Op]:
        """Ask for the final rows that are, or may be, this one."""
        live = self.rows(key)
        return [
            op
            for op in self.of(key, "row")
            if row is None or op.value.get("row") == row or op.value.get("row") not in live
        ]

    def has_word(self, key: str, row: Any, *words: str) -> bool:
        """Ask whether the audit says a word of a row, or of one that may be it."""
        rows = self.rows(key) if row is None else {row}
        told = [op for one in rows for op in self.audit(key, one)] + self.loose(key)
        return any(op.f in words for op in told)

    def claims(self, key: str, body: Body) -> list[tuple[Any, Op, float]]:
        """Ask for a body's claims, their rows, and since when an end of theirs matters to it."""
        found: list[tuple[Any, Op, float]] = []
        for row in {body.row} if body.row is not None else self.rows(key):
            claims = [op for op in self.audit(key, row) if op.f == "claim"]
            if body.op.token is None:
                claims = [op for op in claims if op.time <= body.start + 50 * MS]
            else:
                claims = [op for op in claims if op.token == body.op.token]
            found += [(row, op, body.start) for op in claims[:-1]]
            found += [(row, op, op.time - 50 * MS) for op in claims[-1:]]
        return found

    def may_lack_process(self, key: str, body: Body, until: float) -> bool:
        """Ask whether the process of a body, or a holder of its claim, may have failed by then."""
        watched: list[tuple[int | None, float]] = [(body.pid, body.start)]
        watched += [(owner_pid(op), since) for _, op, since in self.claims(key, body)]
        return any(self.may_fail(pid, since, until) for pid, since in watched)

    def may_fail(self, pid: int | None, start: float, end: float) -> bool:
        """Ask whether a process may have died or been held up between two times."""
        death = self.death(pid) if pid is not None else None
        is_dead = death is not None and death[0] <= end and death[1] >= start
        return is_dead or bool(self.closes(pid, start, end))

    def is_overtaken(self, key: str, body: Body, earlier: float) -> bool:
        """Ask whether a body was ordered before a time, and began late because something failed."""
        return body.op.token is not None and any(
            claim.time < earlier and self.may_fail(pid, claim.time, body.start)
            for _, claim, _ in self.claims(key, body)
            for pid in (owner_pid(claim), body.pid)
        )

    def may_time_out(self, key: str, body: Body, seconds: float | None, until: float) -> bool:
        """Ask whether a body, or its claim, may have reached the timeout by then."""
        claimed = [claim.time for _, claim, _ in self.claims(key, body)]
        began = min(body.start, max(claimed, default=body.start))
        return seconds is not None and began + seconds * 1e9 - 50 * MS <= min(until, body.end)

    def followed(self, key: str, bodies: list[Body]) -> list[tuple[Body, Body]]:
        """Ask which body each one follows; one that was overtaken follows none."""
        pairs: list[tuple[Body, Body]] = []
        last: list[Body] = []
        for body in bodies:
            if last and self.is_overtaken(key, body, last[0].start):
                continue
            pairs += [(one, body) for one in last]
            last = [body]
        return pairs


def owner_pid(claim: Op) -> int | None:
    """Read the pid out of ``host:pid``."""
    match = re.search(r"\d+$", claim.value.get("owner") or "")
    return int(match[0]) if match else None


def index_of(ops: list[Op], wanted: Op) -> int:
    """Return where an op is, by identity."""
    return next(index for index, op in enumerate(ops) if op is wanted)
