"""How names of the stored files are said: one way everywhere, and no figure among them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reports.page.wording import clip
from reports.throughput.pieces import Mark, Stored, code, say, stored
from reports.throughput.quantities import count, rate

if TYPE_CHECKING:
    from reports.load_schema import Knee, KneeStatus
    from reports.load_steps import Target
    from reports.throughput.cases import Case
    from reports.throughput.comparability import Machine
    from reports.throughput.pieces import Piece
    from reports.throughput.stored import LoadRun

STATUSES: Final[dict[KneeStatus, Mark]] = {
    "bracketed": Mark(text="bracketed", tone="good"),
    "not_reached": Mark(text="not reached", tone="warn"),
    "below_range": Mark(text="below the range", tone="warn"),
    "unstable": Mark(text="unstable", tone="bad"),
    "generator_limited": Mark(text="generator limited", tone="warn"),
}
DECISIONS: Final = {
    "stay": Mark(text="stay", tone="stay"),
    "tune": Mark(text="tune", tone="tune"),
    "move": Mark(text="move, or shard", tone="move"),
    "undecided": Mark(text="undecided", tone="undecided"),
    "open": Mark(text="no forecast", tone="open"),
}
CLAIMS: Final = {
    "claimed": Mark(text="claimed", tone="good"),
    "no difference": Mark(text="no difference", tone="quiet"),
    "withheld": Mark(text="withheld", tone="warn"),
}
CONFIDENCES: Final = {
    "proven": Mark(text="proven", tone="good"),
    "supported": Mark(text="supported", tone="warn"),
    "unknown": Mark(text="unknown", tone="quiet"),
}
LABELS: Final = {
    "commit_flush": "commits that wait for the disk",
    "database_cpu": "the CPU of the database",
    "python_cpu": "the CPU of Python, in workers and producers",
    "row_locks": "locks on rows",
    "table_lock": "a lock on the table",
    "writer_lock": "the one writer that SQLite allows",
    "polling": "polling",
    "connections": "connections",
    "network": "round trips over the network",
    "bloat": "dead rows",
    "generator": "the load generator",
    "unknown": "unknown",
}
UNSAFE: Final = Mark(text="unsafe", tone="bad")
PARTIAL: Final = Mark(text="partial", tone="warn")


def words(name: str) -> Piece:
    """Say a stored name with blanks for underscores."""
    return Stored(text=clip(name.replace("_", " ")))


def label(name: str) -> Piece:
    """Say what may be a bottleneck."""
    return LABELS.get(name) or words(name)


def bracket(knee: Knee | None) -> Piece:
    """Say a capacity, honestly about a side that is not known."""
    if knee is None:
        return Mark(text="not searched", tone="quiet")
    match knee.low, knee.high:
        case None, None:
            return Mark(text="unknown", tone="quiet")
        case None, high:
            return say("below {high}", high=rate(high))
        case low, None:
            return say("at least {low}", low=rate(low))
        case low, high:
            return say("{low} to {high}", low=rate(low), high=rate(high))


def machine_name(machine: Machine) -> Piece:
    """Name a machine by its label, its CPU and its cores."""
    cores = say("{n} cores", n=count(machine.cores))
    if not machine.label:
        return say("{cpu}, {cores}", cpu=stored(clip(machine.cpu_model)), cores=cores)
    return say(
        "{label}: {cpu}, {cores}",
        label=stored(clip(machine.label)),
        cpu=stored(clip(machine.cpu_model)),
        cores=cores,
    )


def run_name(run: LoadRun) -> Piece:
    """Name a run, marked if it is not whole."""
    name = code(clip(run.name))
    return say("{run} {partial}", run=name, partial=PARTIAL) if run.is_partial else name


def case_name(case: Case, *, with_run: bool) -> Piece:
    """Name a case; with its run where one target appears in several."""
    if not with_run and not case.run.is_partial:
        return case.title
    return say("{title} in {run}", title=case.title, run=run_name(case.run))


def target_key(target: Target) -> tuple[str, str | None]:
    """Return what tells two targets apart, whatever their knobs."""
    return target.contender, target.database
