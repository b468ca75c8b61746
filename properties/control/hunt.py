"""``python -m properties.control.hunt DATABASE``: look for each known bug, as 1.2.8 is installed.

Prints a row of the zoo's table for each, as JSON; whatever else is printed goes to stderr. The
database is the one that ``engine.project.settings`` reads.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import sys
from typing import TYPE_CHECKING, Final, TextIO

import django
from django.core.management import call_command
from hypothesis import strategies as st

from properties.interleaving import Crash, Schedule, Sessions, policies
from properties.search import Found, look_for
from properties.zoo.catches import Catch

if TYPE_CHECKING:
    from properties.control.bug import Bug

SEED: Final = 1
LAST_GATE: Final = 10
"""What a worker does with one task has no more gates."""


def main(database: str, rows: TextIO) -> None:
    """Hunt them all; the database's name is for the rows."""
    django.setup()
    call_command("migrate", verbosity=0)
    # What they import are models, which there are none of before Django is set up.
    from properties.control.actors import tell_of_ends
    from properties.control.bugs import BUGS
    from properties.control.theirs import read

    tell_of_ends()
    with Sessions("default") as sessions:
        read(sessions.clock)
        for bug in BUGS:
            with bug.housed():
                found = hunt(bug, sessions)
            row = dataclasses.asdict(catch(bug, found, database))
            rows.write(json.dumps(row) + "\n")
            rows.flush()


def hunt(bug: Bug, sessions: Sessions) -> Found:
    """Look for one bug; another one in its place does not count."""
    return look_for(
        lambda schedule: play(bug, sessions, schedule),
        schedules(bug.sessions, bug.kills),
        first_seed=SEED,
        budget=bug.budget,
    )


def catch(bug: Bug, found: Found, database: str) -> Catch:
    """Return the row of a bug."""
    return Catch(
        specimen=f"control_{bug.name.replace(' ', '_')}",
        summary=bug.summary,
        provenance=bug.provenance,
        layer="interleaving",
        where=bug.name,
        database=database,
        budget=bug.budget,
        wanted=tuple(sorted(bug.anomalies)),
        named=(found.name,),
        examples=(found.examples,),
        seconds=(round(found.seconds, 2),),
        counterexample=found.counterexample,
    )


def schedules(sessions: int, kills: int) -> st.SearchStrategy[Schedule]:
    """Draw orders in which so many sessions are killed, each at a gate of its own."""
    crashes = (
        st.builds(Crash, session=st.just(n), gate=st.integers(1, LAST_GATE), after=st.booleans())
        for n in range(kills)
    )
    return st.builds(Schedule, policy=policies(sessions), faults=st.tuples(*crashes))


def play(bug: Bug, sessions: Sessions, schedule: Schedule) -> None:
    """Play one schedule.

    Raises:
        AssertionError: the bug showed, or any anomaly if there should be none.
    """
    from properties.control.ground import Ground

    ground = Ground(sessions)
    played = sessions.play(bug.begin(ground), schedule)
    for name, end in zip(played.names, played.ends, strict=True):
        if end.is_killed or end.error is not None:
            ground.story.unheard.add(name)
    found = bug.check(ground) or ground.anomaly()
    name = (found or "").partition(":")[0]
    if found and (name in bug.anomalies or not bug.anomalies):
        error = AssertionError(found)
        error.add_note(f"\n{played.ladder()}\n\n{schedule!r}")
        raise error


if __name__ == "__main__":
    with contextlib.redirect_stdout(sys.stderr):
        main(sys.argv[1], sys.__stdout__ or sys.stdout)
