"""A dossier per witness: the sentence of proof, the figure of its task, and the ops around it.

The figure takes the task's attempts and leases from the whole history, so that it shows more than
the witness chose to; where the history has none, from the witness alone.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from reports.page.attempts import DEATHS, find_attempts, process_id
from reports.page.kills import find_kills
from reports.page.leases import find_leases
from reports.page.op_values import told_value
from reports.page.wording import clip, name, plain, plural

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from reports.page.attempts import Attempt
    from reports.page.kills import Kill
    from reports.page.leases import Lease
    from reports.page.timeline import Timeline
    from reports.schema import Anomaly, CheckResult, Op

MOST_DOSSIERS = 16
MOST_OPS = 40
MOST_AROUND = 20


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class OpRow:
    """One op as a row of a dossier's table.

    ``kind`` is witness, around for another change of the same task, or fault.
    """

    kind: str
    seconds: str
    process: str
    f: str
    type: str
    attempt: str
    token: str
    value: str
    error: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """Everything that is shown of one anomaly."""

    identity: str
    anomaly: Anomaly
    attempts: tuple[Attempt, ...]
    leases: tuple[Lease, ...]
    effects: tuple[tuple[str, float], ...]
    kills: tuple[Kill, ...]
    rows: tuple[OpRow, ...]
    remark: str

    @property
    def moments(self) -> list[float]:
        """The moments that the figure has to show: not when a lease would run out much later."""
        attempts = [a.start for a in self.attempts]
        attempts += [a.end for a in self.attempts if a.end is not None]
        leases = [lease.start for lease in self.leases]
        leases += [lease.end for lease in self.leases if lease.ending]
        moments = [*attempts, *leases, *(time for _, time in self.effects)]
        if leases and not attempts:
            # What was claimed and never started was most likely stopped by the next kill.
            later = [kill.time for kill in self.kills if kill.time >= max(moments)]
            moments += sorted(later)[:1]
        return moments


def choose(checks: Sequence[CheckResult]) -> list[Anomaly]:
    """Take the first witness of every property, then the others, up to the limit."""
    firsts = [check.anomalies[0] for check in checks if check.anomalies]
    others = [anomaly for check in checks for anomaly in check.anomalies[1:]]
    kept = {id(anomaly) for anomaly in [*firsts, *others][:MOST_DOSSIERS]}
    return [anomaly for check in checks for anomaly in check.anomalies if id(anomaly) in kept]


def open_dossiers(
    anomalies: Sequence[Anomaly], ops: Sequence[Op], timeline: Timeline
) -> Iterator[Dossier]:
    """Collect what the history says of each anomaly's task."""
    by_task = _sort_by_task(ops)
    deaths = [op for op in ops if op.f in DEATHS]
    for number, anomaly in enumerate(anomalies, start=1):
        witness = list(anomaly.witness)
        task_ops = witness if anomaly.task is None else by_task.get(anomaly.task, witness)
        yield _open(f"witness-{number}", anomaly, task_ops, deaths, timeline)


def _open(
    identity: str, anomaly: Anomaly, task_ops: list[Op], deaths: list[Op], timeline: Timeline
) -> Dossier:
    # The deaths of its processes close a task's attempts, so the two are read together.
    together = sorted([*task_ops, *deaths], key=lambda op: op.time)
    attempts = [a for a in find_attempts(together, timeline) if a.task == anomaly.task]
    listed = _listed(anomaly, task_ops)
    return Dossier(
        identity=identity,
        anomaly=anomaly,
        attempts=tuple(attempts),
        leases=tuple(find_leases(task_ops, timeline)),
        effects=tuple((op.process, timeline.seconds(op)) for op in task_ops if op.f == "effect"),
        kills=tuple(_kills_first(find_kills(deaths, timeline), attempts)),
        rows=tuple(_row(op, anomaly, kind, timeline) for op, kind in listed),
        remark=_remark(anomaly, len(listed)),
    )


def _listed(anomaly: Anomaly, task_ops: Sequence[Op]) -> list[tuple[Op, str]]:
    """The witness, and what else the audit saw of the task, in the order of time."""
    witness = [(op, _kind(op)) for op in anomaly.witness[:MOST_OPS]]
    known = set(map(_key, anomaly.witness))
    changes = [op for op in task_ops if op.process == "audit" and _key(op) not in known]
    around = [(op, "around") for op in changes[: MOST_AROUND if anomaly.task else 0]]
    return sorted([*witness, *around], key=lambda pair: pair[0].time)


def _kind(op: Op) -> str:
    is_fault = op.process.startswith("fault-") or op.f in DEATHS
    return "fault" if is_fault else "witness"


def _key(op: Op) -> tuple[object, ...]:
    return (op.time, op.process, op.type, op.f, op.task, op.token)


def _kills_first(kills: Sequence[Kill], attempts: Sequence[Attempt]) -> list[Kill]:
    """Put the kills of the task's own processes first: a figure draws only so many."""
    mine = {process_id(attempt.process) for attempt in attempts}
    return sorted(kills, key=lambda kill: kill.pid not in mine)


def _sort_by_task(ops: Sequence[Op]) -> Mapping[str, list[Op]]:
    sorted_ops: dict[str, list[Op]] = {}
    for op in ops:
        if op.task is not None:
            sorted_ops.setdefault(op.task, []).append(op)
    return sorted_ops


def _row(op: Op, anomaly: Anomaly, kind: str, timeline: Timeline) -> OpRow:
    told = told_value(op, timeline)
    if op.task is not None and op.task != anomaly.task:
        told = {"task": op.task, **told}
    return OpRow(
        kind=kind,
        seconds=f"{timeline.seconds(op):.3f}",
        process=name(op.process),
        f=name(op.f),
        type=name(op.type),
        attempt=plain("" if op.attempt is None else op.attempt),
        token=plain("" if op.token is None else op.token),
        value=plain(told) if told else "",
        error=clip(op.error or ""),
    )


def _remark(anomaly: Anomaly, listed: int) -> str:
    shown = min(len(anomaly.witness), MOST_OPS)
    said = []
    if listed > shown:
        said.append(f"{plural(listed - shown, 'other change')} of the task by the audit, in grey.")
    if len(anomaly.witness) > MOST_OPS:
        said.append(f"The first {MOST_OPS} of {plural(len(anomaly.witness), 'op')} are listed.")
    return " ".join(said)
