"""clock: the wall clock of workers or producers is wrong; measuring clocks are right.

``role`` is worker or producer; ``offset`` the seconds that it shows too much, negative for a clock
that is slow; ``strobe`` true lets it jump to and fro with each statement; ``zone`` and ``before``
set it to a little before a change to or from daylight saving time, in that time zone.
"""

from __future__ import annotations

import contextlib
import datetime
import json
from typing import TYPE_CHECKING, Any

from chaos.faults.fault import YELLOW, Fault, Proof
from chaos.gates import gate_ops

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from chaos.arena import Arena
    from engine.databases import Database
    from engine.subjects import Subject


@contextlib.contextmanager
def inflict(arena: Arena, options: Mapping[str, Any]) -> Iterator[Proof]:
    """Set the clocks; they are right again when it is healed."""
    role = str(options["role"])
    offset = _offset(options)
    path = arena.orders / "clock" / f"{role}.json"
    wanted = {"offset": offset, "strobe": options.get("strobe", False)}
    zone = {"zone": options["zone"]} if "zone" in options else {}
    _replace(path, {**wanted, **zone})
    try:
        yield lambda: _seen(arena, offset)
    finally:
        path.unlink(missing_ok=True)


def _offset(options: Mapping[str, Any]) -> float:
    """Return the seconds that the clock has to show too much."""
    if "before" not in options:
        return float(options["offset"])
    moment = datetime.datetime.fromisoformat(str(options["before"]))
    return (moment - datetime.datetime.now(tz=datetime.UTC)).total_seconds()


def _replace(path: Path, document: Mapping[str, Any]) -> None:
    """Write the file at once: who reads it must not see a part of it."""
    path.parent.mkdir(exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(document))
    fresh.replace(path)


def _seen(arena: Arena, offset: float) -> Mapping[str, Any] | None:
    """Return which processes showed the wrong time, once one has said so."""
    ops = [op for op in gate_ops(arena, "clock") if op.value.get("offset") == offset]
    if not ops:
        return None
    last = ops[-1]
    return {
        "pids": sorted({int(op.value["pid"]) for op in ops}),
        "offset": offset,
        "showed": last.value["shows"],
    }


def _needs_time_machine(_database: Database, subject: Subject) -> str:
    """Only processes of this environment have the library that moves clocks."""
    if subject.name == "django_background_tasks":
        return "clocks are moved by time-machine, which the environment of 1.2.8 does not have"
    return ""


CLOCK = Fault(
    name="clock",
    family="time",
    summary="wall clocks of workers or producers are wrong by an offset, jump, or change zone",
    disturbs="nothing",
    colour=YELLOW,
    inflict=inflict,
    unavailable=_needs_time_machine,
)
