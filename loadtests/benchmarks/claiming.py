"""``python -m loadtests.benchmarks.claiming``: claim small batches, and take the time of each.

It runs in the reference engine's project and calls the engine's own ``claim``, as its supervisor
does, inside a transaction; the time is that of the claim without the commit. Standard input is a
``Claiming`` as JSON; standard output has the seconds of each claim, as JSON.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import sys
import time
from typing import Final

from engine.project.lifeline import die_with_parent

WARM_UP: Final = 5


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Claiming:
    """What to do: so many claims of so many tasks, after a few that do not count."""

    claims: int
    tasks: int


def main() -> None:
    """Claim."""
    die_with_parent()
    claiming = Claiming(**json.load(sys.stdin))
    import django

    django.setup()
    sys.stdout.write(json.dumps(_seconds(claiming)))


def _seconds(claiming: Claiming) -> list[float]:
    from background_task import claims
    from background_task.due import Lookout
    from background_task.enqueue import queue_database
    from background_task.terms import Terms

    database, lookout = queue_database(), Lookout()
    terms = Terms(owner="benchmark:0", lease_seconds=900.0, max_attempts=3, timeout_seconds=300.0)
    seconds = []
    for _ in range(WARM_UP + claiming.claims):
        with database.transaction():
            begun = time.perf_counter()
            claimed = claims.claim(database, terms, limit=claiming.tasks, lookout=lookout)
            seconds.append(time.perf_counter() - begun)
        if len(claimed) != claiming.tasks:
            sys.exit(f"{len(claimed)} tasks were claimed, and not {claiming.tasks}")
    return seconds[WARM_UP:]


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
