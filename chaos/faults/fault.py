"""What a fault is: it strikes, proves that it landed, and is healed whatever happens.

Its ``inflict`` is a context manager. Entering strikes; leaving heals, also when the run is
interrupted, and raises ``NotHealed`` if that fails, or ``NotLanded`` if there was nothing to heal.
In between it gives a proof: a function that returns the evidence once there is some, and None as
long as there is none. A fault that was never seen to land makes a run UNKNOWN.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from chaos.arena import Arena
    from engine.databases import Database
    from engine.subjects import Subject

Family = Literal["worker", "database", "network", "time", "load", "deploy"]
Disturbs = Literal["nothing", "processes", "database"]

ORANGE: Final = "#E69F00"
SKY: Final = "#56B4E9"
GREEN: Final = "#009E73"
YELLOW: Final = "#F0E442"
BLUE: Final = "#0072B2"
VERMILION: Final = "#D55E00"
PURPLE: Final = "#CC79A7"
GREY: Final = "#999999"
"""The palette of Okabe and Ito, which colour-blind people can tell apart."""


Proof = Callable[[], Mapping[str, Any] | None]
"""Returns the evidence that a fault landed, once there is some."""


class NotLanded(Exception):  # noqa: N818 - not an error of the harness: the fault found no victim
    """A fault could not strike, or did not hold until it was healed: a sentence with the reason."""


class NotHealed(Exception):  # noqa: N818 - likewise: the run goes on, and proves nothing
    """A fault could not be taken back: one sentence with the reason."""


def _anywhere(_database: Database, _subject: Subject) -> str:
    return ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One kind of fault.

    Attributes:
        summary: one sentence for people.
        disturbs: what may go wrong while it lasts without anybody being to blame: ``nothing``;
            ``processes``, those whose ``pids`` are in its evidence; or ``database``, whatever
            anybody asks the database.
        colour: of its lane in the report.
        inflict: takes the arena and the strike's options; raises ``NotLanded``.
        unavailable: says in one sentence why it cannot strike there; empty if it can.
        needs_proxy: whether connections have to go through the harness.
        server: what the harness itself does with the server while it lasts: leaves it ``alone``,
            has it ``asked``, or has it ``halted``, so that nobody who asks for the queue is
            answered. Who asks then stands still too, so the last kind lasts by itself.
    """

    name: str
    family: Family
    summary: str
    disturbs: Disturbs
    colour: str
    inflict: Callable[[Arena, Mapping[str, Any]], AbstractContextManager[Any]]
    unavailable: Callable[[Database, Subject], str] = _anywhere
    needs_proxy: bool = False
    server: Literal["alone", "asked", "halted"] = "alone"


def seen(**evidence: Any) -> Proof:
    """Return the proof of a fault that was seen to land while it struck."""
    return lambda: evidence
