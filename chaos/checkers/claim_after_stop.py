"""claim-after-stop: a worker that was told to stop went on, or left behind what it held.

It claimed when it had ended or must have heard, it ended in order with a claim neither finished nor
released, or it did not end in twice the time that the contract gives it once no body ran. Who waits
for several workers sees the first of them end, and of the others no more than that they had ended.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from chaos.checkers.awake import Awake
from chaos.checkers.checker import Checker, Finding, Findings
from chaos.checkers.workers import Worker, find_workers
from chaos.history import CLOCK_SLACK_NS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chaos.history import History
    from chaos.rows import Claim
    from engine.subjects.contract import Contract
    from reports.schema import Op

PATIENCE: Final = 2
"""A stop takes longer on a busy machine: nobody is accused of less than this many times as much."""

SECONDS_TO_HEAR: Final = 0.5
"""A worker that had claimed before claims no more when it was awake so long after the stop."""


def find(history: History, contract: Contract) -> Findings:
    """Find what workers did after they were told to stop."""
    stops = {int(op.value["pid"]): op for op in reversed(history.ops) if op.f == "stop"}
    exits = {int(op.value["pid"]): op for op in history.ops if op.f == "exit"}
    workers, bodies = find_workers(history), _last_bodies(history, stops)
    judge = _Judge(history, contract)
    found = [
        finding
        for pid, stop in stops.items()
        for finding in judge.judge(
            workers.get(pid, Worker(pid=pid)), stop, exits.get(pid), bodies.get(pid, 0.0)
        )
    ]
    return Findings(exercised=len(stops), found=found)


def _last_bodies(history: History, stops: Mapping[int, Op]) -> Mapping[int, float]:
    """Return when the last body ended that each stopped worker had claimed."""
    ends: dict[int, float] = {}
    for task in history.tasks.values() if stops else ():
        for attempt in task.attempts:
            for pid in stops.keys() & {attempt.pid, *history.holders(attempt)}:
                ends[pid] = max(ends.get(pid, 0.0), attempt.end)
    return ends


class _Judge:
    """Knows the run and the contract, and judges one stop at a time."""

    def __init__(self, history: History, contract: Contract) -> None:
        self._history = history
        self._awake = Awake(history, contract)
        seconds = contract.stop_seconds
        self._limit = math.inf if seconds is None else seconds * PATIENCE

    def judge(self, worker: Worker, stop: Op, exit_: Op | None, body: float) -> Iterator[Finding]:
        """Yield what a stopped worker did wrong; ``body`` is when its last one ended."""
        end = exit_.time if exit_ is not None else math.inf
        if self._history.is_held_up(worker.pid, stop.time, min(end, self._history.ops[-1].time)):
            return
        told = f"worker {worker.pid} was told to stop at {self._history.at(stop.time)}"
        is_orderly = exit_ is not None and exit_.value.get("status") == 0
        last_right = self._last_right(worker, stop)
        for claim in worker.claims:
            if reason := self._why_wrong(claim, last_right, end, is_orderly=is_orderly):
                yield self._finding(f"{told}, and {reason}", claim.op.time, claim)
        last = min(end, self._history.ops[-1].time)
        if (last - max(stop.time, body)) / 1e9 > self._limit and not (
            is_orderly and self._is_hidden(stop.time, end)
        ):
            word = "ended" if is_orderly else "was killed"
            ended = "did not end" if exit_ is None else f"{word} at {self._history.at(end)} only"
            busy = (
                f"its last body had ended at {self._history.at(body)}" if body > stop.time else ""
            )
            free = busy or "it ran no body since"
            yield self._finding(f"{told} and {ended}, although {free}", stop.time, None)

    def _is_hidden(self, start: float, end: float) -> bool:
        """Tell whether another exit was seen meanwhile, before which nobody looked at this one."""
        return any(op.f == "exit" and start < op.time < end for op in self._history.incidents)

    def _last_right(self, worker: Worker, stop: Op) -> float:
        """Return until when it may have claimed, as it had not heard or a statement was late.

        Who had not claimed before may still have been starting, and gets all of its time. Else one
        statement may have been under way at the stop, whenever it comes to its end.
        """
        after = sorted(claim.op.time for claim in worker.claims if claim.op.time > stop.time)
        has_claimed = len(after) < len(worker.claims)
        patience = min(SECONDS_TO_HEAR, self._limit) if has_claimed else self._limit
        right = [time for time in after if self._awake.seconds(stop.time, time) <= patience]
        if after and self._awake.seconds(stop.time, after[0]) <= self._limit:
            right.append(after[0] + CLOCK_SLACK_NS)
        return max(right, default=stop.time)

    def _why_wrong(self, claim: Claim, last_right: float, end: float, *, is_orderly: bool) -> str:
        at, claimed = self._history.at, claim.op.time
        row = claim.op.value.get("row")
        if is_orderly and claimed > end + CLOCK_SLACK_NS:
            return f"claimed row {row} at {at(claimed)}, after it had ended at {at(end)}"
        if claimed > last_right:
            return f"still claimed row {row} at {at(claimed)}"
        ended = claim.ending.time if claim.ending is not None else math.inf
        if is_orderly and ended > end + CLOCK_SLACK_NS and not self._was_cut_off(claim, end):
            token = f" with token {claim.token}" if claim.token is not None else ""
            return (
                f"ended in order at {at(end)}, but its claim of row {row}{token} was neither"
                " finished nor released by then"
            )
        return ""

    def _was_cut_off(self, claim: Claim, end: float) -> bool:
        return self._history.is_held_up(claim.owner_pid, claim.op.time, end)

    def _finding(self, proof: str, moment: int, claim: Claim | None) -> Finding:
        row = self._history.rows.get(claim.op.value.get("row")) if claim else None
        return Finding(
            task=row.task if row else None,
            proof=proof,
            moments=(moment,),
            ops=row.ops if row else [op for op in self._history.ops if op.f in {"stop", "exit"}],
        )


CHECKER = Checker(
    name="claim-after-stop",
    opportunities="workers that were told to stop",
    find=find,
    is_promised=lambda contract: contract.stop_seconds is not None,
)
