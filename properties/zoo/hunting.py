"""Hunts a specimen in one layer, from one seed: what is found, after how many examples."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Final

from properties.crash_points.operations import OPERATIONS
from properties.crash_points.points import crash_points
from properties.interleaving import schedules
from properties.machine import QueueMachine
from properties.machine.runs import run as run_machine
from properties.races import RACES, play
from properties.search import Found, Search, error_of, look_for, search_settings

if TYPE_CHECKING:
    from pathlib import Path

    from background_task.databases import QueueDatabase
    from chaos.zoo import Specimen
    from properties.interleaving import Sessions

STEPS: Final = 40
SCENARIO_SECONDS: Final = 300


def in_model(number: int, budget: int) -> Found:
    """Hunt with the model machine."""
    search = Search()

    class Machine(QueueMachine):
        def __init__(self) -> None:
            search.examples += 1
            super().__init__()

        def teardown(self) -> None:
            # Called while the error is on its way, if there is one.
            if sys.exc_info()[0] is not None:
                search.note_failure()
            super().teardown()

    def run() -> None:
        run_machine(Machine, search_settings(budget, stateful_step_count=STEPS), first_seed=number)

    return search.ended(error_of(run))


def in_race(
    name: str,
    database: QueueDatabase,
    sessions: Sessions,
    number: int,
    *,
    budget: int,
    faults: int,
) -> Found:
    """Hunt in the orders of one race."""
    race = RACES[name]
    return look_for(
        lambda schedule: play(race, database, sessions, schedule),
        schedules(race.sessions, most_faults=faults),
        first_seed=number,
        budget=budget,
    )


def in_crash_points(name: str, database: QueueDatabase, sessions: Sessions) -> Found:
    """Hunt at every gate of one operation, in their order."""
    search, before = Search(), sessions.plays
    error = error_of(lambda: crash_points(OPERATIONS[name], database, sessions))
    search.examples = sessions.plays - before
    return search.ended(error)


def in_chaos(specimen: Specimen, database: str, number: int, folder: Path) -> Found:
    """Hunt with real processes, in one scenario."""
    search = Search()
    command = [sys.executable, "-m", "chaos", "--subject", f"chaos.zoo:{specimen.name}"]
    command += ["--scenario", specimen.where, "--database", database, "--seed", str(number)]
    command += ["--json", "--out", str(folder)]
    for _ in range(specimen.budget):
        search.examples += 1
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=SCENARIO_SECONDS, check=False
        )
        names = _names(done.stdout) if done.returncode == 1 else set()
        if names & specimen.anomalies:
            name = min(names & specimen.anomalies)
            return dataclasses.replace(search.ended(None), name=name, counterexample=name)
    return search.ended(None)


def _names(printed: str) -> set[str]:
    """Return the anomalies that a session found, from what ``--json`` prints."""
    return {name for cell in json.loads(printed)["cells"] for name in cell["anomalies"]}
